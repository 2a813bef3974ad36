import type { LegId } from "#base/ids.ts";
import { systemClock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import { DescriptorLedger } from "./descriptor-ledger.ts";
import {
  type FromWorker,
  gathered,
  type Request,
  type SocketsChoice,
  type Verb,
  type EngineFigures,
  type VerbArguments,
  type WorkerSettings,
} from "./engine-wire.ts";
import type { MediaEngine, MediaEvent } from "./media-engine.ts";
import type { MediaNode } from "./media-node.ts";
import type { PortRange } from "./port-pairs.ts";
import { closeSync } from "node:fs";
import { Worker } from "node:worker_threads";

export interface EmbeddedEngineOptions {
  /** UDP ports that terminations may bind, both ends included; two for each. */
  readonly portRange: PortRange;
  readonly log: Log;
  /** Silence after which `mediaTimeout` is told; 60 s unless said otherwise. */
  readonly mediaTimeoutMs?: number;
  /** `auto` unless said otherwise. */
  readonly sockets?: SocketsChoice;
}

/** The embedded engine tells beside the port's verbs which sockets it has. */
export interface EmbeddedEngine extends MediaEngine {
  readonly sockets: "dgram" | "koffi";
  figures(): Promise<EngineFigures>;
}

/**
 * Starts our own media engine (RTP, RTCP, G.711, RFC 4733) in a worker thread, and resolves when it takes commands.
 * Should the thread die of a bug, every termination is told to be gone (`nodeLost`), and a new thread serves the calls
 * after that.
 */
export async function openEmbeddedEngine(options: EmbeddedEngineOptions): Promise<EmbeddedEngine> {
  const engine = new EngineInWorker(options);
  await engine.start();
  return engine;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: TandemError) => void;
}

class EngineInWorker implements EmbeddedEngine {
  readonly #options: EmbeddedEngineOptions;
  readonly #listeners = new Set<(event: MediaEvent) => void>();
  readonly #terminations = new Set<LegId>();
  #worker: Promise<RunningWorker> | undefined;
  #closed: Promise<void> | undefined;
  sockets: "dgram" | "koffi" = "dgram";

  constructor(options: EmbeddedEngineOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#running();
  }

  createTermination: MediaEngine["createTermination"] = async (wish) => {
    await this.#say("createTermination", wish);
    this.#terminations.add(wish.termination);
  };
  restoreTermination: MediaEngine["restoreTermination"] = async (standing) => {
    await this.#say("restoreTermination", standing);
    this.#terminations.add(standing.wish.termination);
  };
  createOffer: MediaEngine["createOffer"] = (termination) => this.#say("createOffer", termination);
  setAnswer: MediaEngine["setAnswer"] = (termination, sdp, signallingAddress) =>
    this.#say("setAnswer", termination, sdp, signallingAddress);
  createAnswer: MediaEngine["createAnswer"] = (termination, offer, signallingAddress) =>
    this.#say("createAnswer", termination, offer, signallingAddress);
  play: MediaEngine["play"] = (wish) => this.#say("play", wish);
  stopPlay: MediaEngine["stopPlay"] = (termination, play) => this.#say("stopPlay", termination, play);
  sendDtmf: MediaEngine["sendDtmf"] = (termination, digits) => this.#say("sendDtmf", termination, digits);
  join: MediaEngine["join"] = (wish) => this.#say("join", wish);
  unjoin: MediaEngine["unjoin"] = (bridge) => this.#say("unjoin", bridge);
  stats: MediaEngine["stats"] = (termination) => this.#say("stats", termination);
  audit: MediaEngine["audit"] = () => this.#say("audit");
  // The thread adds its own lag to what its node says.
  figures = async (): Promise<EngineFigures> => (await this.#say("figures")) as EngineFigures;
  release: MediaEngine["release"] = async (termination) => {
    await this.#say("release", termination);
    this.#terminations.delete(termination);
  };

  onEvent(listener: (event: MediaEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  async #shutDown(): Promise<void> {
    const worker = await this.#worker?.catch(() => undefined);
    this.#worker = undefined;
    await worker?.close();
    this.#listeners.clear();
  }

  async #say<V extends Verb>(
    verb: V,
    ...given: VerbArguments<V>
  ): Promise<Awaited<ReturnType<MediaNode[V]>>> {
    if (this.#closed !== undefined) throw new TandemError("BUG", { why: "the media engine is closed", verb });
    const worker = await this.#running();
    return (await worker.say(verb, given)) as Awaited<ReturnType<MediaNode[V]>>;
  }

  async #running(): Promise<RunningWorker> {
    this.#worker ??= this.#spawn();
    return this.#worker;
  }

  async #spawn(): Promise<RunningWorker> {
    const worker = new RunningWorker(
      {
        portRange: this.#options.portRange,
        mediaTimeoutMs: this.#options.mediaTimeoutMs ?? 60_000,
        sockets: this.#options.sockets ?? "auto",
      },
      {
        event: (event) => this.#tell(event),
        bug: (termination, error) =>
          this.#options.log.error({ leg: termination, error }, "A bug of the media engine has cost a leg."),
        died: (error) => this.#workerDied(error),
      },
    );
    const { sockets, why } = await worker.ready;
    this.sockets = sockets;
    if (why !== undefined)
      this.#options.log.warn({ sockets, why }, "The media engine runs without its fast path.");
    return worker;
  }

  #workerDied(error: unknown): void {
    this.#worker = undefined;
    const lost = [...this.#terminations];
    this.#terminations.clear();
    this.#options.log.error({ error, terminations: lost.length }, "The media engine's thread died.");
    for (const termination of lost) this.#tell({ type: "nodeLost", termination, atMs: systemClock.now() });
  }

  #tell(event: MediaEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#options.log.error({ error, event: event.type }, "A listener of the media engine failed.");
      }
    }
  }
}

/** One worker thread from its start to its end, and the requests that it owes an answer. */
class RunningWorker {
  readonly ready: Promise<{ sockets: "dgram" | "koffi"; why: string | undefined }>;
  readonly #worker: Worker;
  readonly #post = gathered<Request>((requests) => this.#worker.postMessage(requests));
  readonly #waiting = new Map<number, Waiting>();
  #requests = 0;
  #ended = false;
  #closing = false;

  constructor(
    settings: Omit<WorkerSettings, "descriptors">,
    listener: {
      event(event: MediaEvent): void;
      bug(termination: LegId, error: Error): void;
      died(error: unknown): void;
    },
  ) {
    const { first, last } = settings.portRange;
    // A socket a port, the epoll that watches them, and what is open for a moment while a port is tried.
    const ledger = DescriptorLedger.withRoomFor(last - first + 10);
    this.#worker = new Worker(new URL("./engine-worker.ts", import.meta.url), {
      workerData: { ...settings, descriptors: ledger.shared } satisfies WorkerSettings,
      name: "media",
    });
    this.ready = new Promise((resolve, reject) => {
      let cause: unknown;
      this.#worker.on("message", (messages: readonly FromWorker[]) => {
        for (const message of messages) {
          if (message.type === "ready") resolve(message);
          else if (message.type === "event") listener.event(message.event);
          else if (message.type === "bug") listener.bug(message.termination, message.error);
          else this.#answer(message);
        }
      });
      this.#worker.on("error", (error) => {
        cause = error;
      });
      this.#worker.on("exit", () => {
        this.#ended = true;
        closeAll(ledger.standing());
        const error = new TandemError("BUG", { why: "the media engine's thread has ended" }, cause);
        reject(error);
        for (const waiting of this.#waiting.values()) waiting.reject(error);
        this.#waiting.clear();
        if (!this.#closing) listener.died(cause);
      });
    });
  }

  say<V extends Verb>(verb: V, given: VerbArguments<V>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(new TandemError("BUG", { why: "the media engine's thread has ended", verb }));
        return;
      }
      const id = this.#requests++;
      this.#waiting.set(id, { resolve, reject });
      this.#post({ id, verb, arguments: given } as Request);
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#ended) return;
    const exited = new Promise<void>((resolve) => this.#worker.once("exit", () => resolve()));
    await this.say("close", []).catch(() => undefined);
    await exited;
  }

  #answer(message: Extract<FromWorker, { type: "done" | "failed" }>): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.type === "done") waiting?.resolve(message.value);
    else waiting?.reject(new TandemError(message.code, { ...message.details, told: message.message }));
  }
}

/** A dead thread's: else their ports would be bound for as long as the process lives. */
function closeAll(descriptors: readonly number[]): void {
  for (const descriptor of descriptors) {
    try {
      closeSync(descriptor);
    } catch {
      // One that is gone already is as it should be.
    }
  }
}
