import { parentPort } from "node:worker_threads";
import { type ErrorCode, TandemError } from "#base/errors.ts";
import { lineDbm0, lineSpeech } from "./line-speech.ts";
import { readPromptFile } from "./prompt-file.ts";

/** A thread of its own: two minutes of sound take up to a second, and a file's disk may be slow. */
export type SoundJob = { readonly job: number } & (
  | { readonly type: "speech"; readonly wav: Uint8Array }
  | { readonly type: "file"; readonly folder: string; readonly path: string }
);

export type SoundAnswer = { readonly job: number } & (
  | { readonly type: "sound"; readonly pcm: Int16Array }
  | {
      readonly type: "failed";
      readonly code: ErrorCode;
      readonly details: Readonly<Record<string, unknown>>;
    }
);

// Each by itself: a disk that hangs keeps one file waiting, not those that come after.
parentPort?.on("message", (job: SoundJob) => void carryOut(job));

async function carryOut(job: SoundJob): Promise<void> {
  try {
    // A copy: what is sent leaves this thread with its whole buffer.
    const pcm = Int16Array.from(await soundOf(job));
    answer({ job: job.job, type: "sound", pcm }, [pcm.buffer]);
  } catch (error) {
    const { code, details, cause } = error instanceof TandemError ? error : new TandemError("BUG", {}, error);
    const because = cause instanceof Error ? { cause: cause.message } : {};
    answer({ job: job.job, type: "failed", code, details: { ...details, ...because } });
  }
}

async function soundOf(job: SoundJob): Promise<Int16Array> {
  if (job.type === "file") return await readPromptFile(job.folder, job.path, lineDbm0);
  const speech = lineSpeech(job.wav);
  if (speech.type === "unreadable") throw new TandemError("SPEECH_FAILED", { why: speech.why });
  return speech.pcm;
}

function answer(told: SoundAnswer, leaving: ArrayBuffer[] = []): void {
  parentPort?.postMessage(told, leaving);
}
