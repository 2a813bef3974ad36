import { constants, open, realpath, stat } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { TandemError } from "#base/errors.ts";
import { readWav } from "../speech/wav.ts";
import { atLevel, cutTo, toLineRate } from "./telephone-sound.ts";

const largestFile = 20 * 2 ** 20;
const longestFileSeconds = 120;

/**
 * An operator's WAV inside the prompt folder, as linear samples at 8 kHz and the given level. Links are followed first and the
 * place they lead to is what counts. Throws PROMPT_UNREADABLE.
 */
export async function readPromptFile(folder: string, path: string, levelDbm0: number): Promise<Int16Array> {
  try {
    const root = await realpath(folder);
    const real = await realpath(resolve(root, path));
    if (!real.startsWith(root + sep))
      throw new TandemError("PROMPT_UNREADABLE", { path, why: "outside the folder" });
    // Else a pipe would be waited for.
    await using file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK);
    const facts = await file.stat();
    if (!facts.isFile()) throw new TandemError("PROMPT_UNREADABLE", { path, why: "not a file" });
    if (facts.size > largestFile) throw new TandemError("PROMPT_UNREADABLE", { path, why: "too large" });
    const wav = readWav(await file.readFile());
    if (wav.type === "unreadable") throw new TandemError("PROMPT_UNREADABLE", { path, why: wav.why });
    const { pcm, sampleRate } = wav.sound;
    const heard = { pcm: pcm.subarray(0, longestFileSeconds * sampleRate), sampleRate };
    return cutTo(atLevel(toLineRate(heard), levelDbm0), longestFileSeconds);
  } catch (error) {
    throw error instanceof TandemError ? error : new TandemError("PROMPT_UNREADABLE", { path }, error);
  }
}

/** A text that is another one when the file is. Throws PROMPT_UNREADABLE. */
export async function promptFileVersion(folder: string, path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(resolve(folder, path));
    return `${ino} ${size} ${mtimeMs}`;
  } catch (error) {
    throw new TandemError("PROMPT_UNREADABLE", { path }, error);
  }
}
