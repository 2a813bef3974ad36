import { execFile } from "node:child_process";
import { TandemError } from "#base/errors.ts";
import { longestSpeechSeconds, type SpeechEngine, type SpeechWish, type ToLine } from "./speech-engine.ts";

/**
 * An operator's program (pico, espeak-ng, piper): no shell, the text on standard input, or as the last argument after `--`;
 * a WAV on standard output. In the arguments `{language}` and `{voice}` stand for the wish's.
 */
export interface SpeechCommand {
  readonly type: "command";
  readonly program: string;
  readonly args: readonly string[];
  readonly text: "stdin" | "argument";
  readonly voices?: Readonly<Partial<Record<"en" | "es", string>>>;
}

export function commandEngine(command: SpeechCommand, toLine: ToLine): SpeechEngine {
  let running = 0;
  return {
    id: `command ${command.program} ${command.args.join(" ")}`,
    async synthesize(wish, signal) {
      // More at once would only make all of them late; the embedded engine speaks instead.
      if (running >= mostAtOnce) throw new TandemError("SPEECH_FAILED", { why: "too many at once" });
      running += 1;
      try {
        return await toLine(await run(command, wish, signal));
      } finally {
        running -= 1;
      }
    },
    async close() {},
  };
}

const mostAtOnce = 8;
const largestWav = 44 + longestSpeechSeconds * 48_000 * 2;

function run(command: SpeechCommand, wish: SpeechWish, signal: AbortSignal): Promise<Uint8Array> {
  const voice = wish.voice ?? command.voices?.[wish.language] ?? "";
  const args = command.args.map((arg) =>
    arg.replaceAll("{language}", wish.language).replaceAll("{voice}", voice),
  );
  if (command.text === "argument") args.push("--", wish.text);
  return new Promise((resolve, reject) => {
    const failed = (why: string, cause?: unknown): void =>
      reject(new TandemError("SPEECH_FAILED", { program: command.program, why }, cause));
    const child = execFile(
      command.program,
      args,
      { encoding: "buffer", maxBuffer: largestWav, signal, killSignal: "SIGKILL", windowsHide: true },
      (error, output) => {
        if (error) failed("the program failed", error);
        else resolve(output);
      },
    );
    // A program that does not read its input closes the pipe; its exit says what matters.
    child.stdin?.on("error", () => {});
    child.stdin?.end(command.text === "stdin" ? `${wish.text}\n` : "");
  });
}
