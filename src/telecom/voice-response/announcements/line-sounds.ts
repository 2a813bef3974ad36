import { Worker } from "node:worker_threads";
import { type ErrorCode, TandemError } from "#base/errors.ts";
import type { SoundAnswer, SoundJob } from "./line-sounds-worker.ts";

/**
 * Brings WAVs, an engine's or the operator's, to what a line carries: linear samples, 8 kHz, of one level. A worker thread does
 * it; it is started when the first comes, and again should it be lost.
 */
export class LineSounds {
  #worker: Worker | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #nextJob = 1;
  #closed = false;

  /** What an engine has spoken. Rejects with SPEECH_FAILED. */
  readonly spoken = (wav: Uint8Array): Promise<Int16Array> =>
    this.#ask("SPEECH_FAILED", (job) => ({ job, type: "speech", wav }));

  /** A file of the operator's inside the folder. Rejects with PROMPT_UNREADABLE. */
  file(folder: string, path: string): Promise<Int16Array> {
    return this.#ask("PROMPT_UNREADABLE", (job) => ({ job, type: "file", folder, path }));
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    this.#worker = undefined;
    this.#failAll("closed");
    await worker?.terminate();
  }

  #ask(unforeseen: ErrorCode, jobOf: (job: number) => SoundJob): Promise<Int16Array> {
    if (this.#closed || this.#waiting.size >= mostWaiting) {
      const why = this.#closed ? "closed" : "too many wait";
      return Promise.reject(new TandemError(unforeseen, { why }));
    }
    return new Promise((resolve, reject) => {
      const request = jobOf(this.#nextJob++);
      this.#waiting.set(request.job, { resolve, reject, unforeseen });
      this.#worker ??= this.#startWorker();
      this.#worker.ref();
      this.#worker.postMessage(request);
    });
  }

  #startWorker(): Worker {
    const worker = new Worker(new URL("./line-sounds-worker.ts", import.meta.url), {
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 128 },
    });
    worker.on("message", (answer: SoundAnswer) => this.#answered(worker, answer));
    worker.on("error", (error) => this.#lost(worker, error));
    worker.on("exit", (code) => this.#lost(worker, new Error(`worker ended with ${code}`)));
    return worker;
  }

  #answered(worker: Worker, answer: SoundAnswer): void {
    const waiting = this.#waiting.get(answer.job);
    this.#waiting.delete(answer.job);
    // An idle worker keeps no process alive.
    if (this.#waiting.size === 0) worker.unref();
    if (answer.type === "sound") waiting?.resolve(answer.pcm);
    else waiting?.reject(new TandemError(answer.code, answer.details));
  }

  #lost(worker: Worker, error: Error): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    this.#failAll("the worker was lost", error);
  }

  #failAll(why: string, cause?: Error): void {
    for (const { reject, unforeseen } of this.#waiting.values())
      reject(new TandemError(unforeseen, { why }, cause));
    this.#waiting.clear();
  }
}

interface Waiting {
  readonly resolve: (pcm: Int16Array) => void;
  readonly reject: (error: TandemError) => void;
  /** The code of a failure that the worker does not live to tell. */
  readonly unforeseen: ErrorCode;
}

const mostWaiting = 64;
