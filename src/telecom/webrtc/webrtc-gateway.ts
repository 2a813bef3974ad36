import { type ChildProcess, fork } from "node:child_process";
import type { Cancel, Clock } from "#base/clock.ts";
import { TandemError, unreachable } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import { RateLimit } from "#base/rate-limit.ts";
import { Compile } from "typebox/compile";
import type { Endpoint } from "../media/rtp-sockets.ts";
import {
  type FromGateway,
  fromGateway,
  type GatewaySettings,
  type RelayWish,
  type ToGateway,
} from "./gateway-wire.ts";
import type { WebEnd } from "./web-description.ts";

/** Browsers' ends: WebRTC towards the telephone, plain RTP towards the leg's termination. */
export interface WebRtcGateway {
  /**
   * A new peer, ready to be offered. `lost` is called when it was connected and is so no longer.
   * @throws WEBRTC_UNAVAILABLE where the library cannot be had, MEDIA_EXHAUSTED where there are as many as there are ports.
   */
  open(relay: RelayWish, lost: () => void): Promise<WebPeer>;
  close(): Promise<void>;
}

export interface WebPeer {
  readonly ours: WebEnd;
  /** Where the termination finds it. */
  readonly relay: Endpoint;
  /**
   * Resolves when ICE and DTLS are up.
   * @throws WEBRTC_FAILED when they do not come up in ten seconds, or the certificate is not the one that was told.
   */
  connect(theirs: WebEnd): Promise<void>;
  close(): void;
}

export interface GatewayOptions {
  readonly settings: GatewaySettings;
  /** What browsers are told in place of the bound addresses, behind a 1:1 NAT or where a wildcard is bound. */
  readonly advertisedAddress?: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

const longestStartMs = 10_000;
const longestConnectingMs = 10_000;
const longestOpeningMs = 5_000;
/** A process that dies more often is left alone for a while: then there are no WebRTC legs, and every other leg lives in peace. */
const deathsPerMinute = 10;

export function openWebRtcGateway(options: GatewayOptions): WebRtcGateway {
  return new ForkedGateway(options);
}

/** A sentence on why no browser can be rung; undefined when it can. Starts a gateway, and ends it. */
export async function whyNoWebRtc(parts: Pick<GatewayOptions, "clock" | "log">): Promise<string | undefined> {
  const settings = { address: "127.0.0.1", ports: { first: 1_024, last: 1_024 }, iceServers: [] };
  const tried = new GatewayProcess({ ...parts, settings }, () => {});
  try {
    return await tried.ready;
  } catch {
    return "The process that loads it ended.";
  } finally {
    await tried.end();
  }
}

class ForkedGateway implements WebRtcGateway {
  readonly #options: GatewayOptions;
  readonly #deaths: RateLimit;
  #process: Promise<GatewayProcess> | undefined;
  #closed = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#deaths = new RateLimit(options.clock, deathsPerMinute);
    // Started now, so that the first browser need not wait for it.
    this.#running().catch(() => {});
  }

  async open(relay: RelayWish, lost: () => void): Promise<WebPeer> {
    const running = await this.#running();
    return await running.open(relay, lost);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const running = await this.#process?.catch(() => undefined);
    await running?.end();
  }

  #running(): Promise<GatewayProcess> {
    if (this.#closed) return Promise.reject(new TandemError("BUG", { why: "the WebRTC gateway is closed" }));
    const seconds = this.#process === undefined ? this.#deaths.wait("") : 0;
    if (seconds > 0) {
      const why = "its process dies again and again";
      return Promise.reject(new TandemError("WEBRTC_UNAVAILABLE", { why, seconds }));
    }
    this.#process ??= this.#start();
    return this.#process;
  }

  async #start(): Promise<GatewayProcess> {
    const { log } = this.#options;
    const started = new GatewayProcess(this.#options, (code) => {
      this.#deaths.take("");
      this.#process = undefined;
      if (!this.#closed)
        log.error({ code }, "The WebRTC gateway's process died; its legs have to be taken up again.");
    });
    const missing = await started.ready;
    if (missing !== undefined) {
      // Kept: what cannot be loaded now cannot be loaded a minute later.
      log.warn({ why: missing }, "There are no WebRTC legs: the library node-datachannel cannot be loaded.");
    }
    return started;
  }
}

interface Waiting {
  readonly relay: RelayWish;
  readonly lost: () => void;
  phase: "opening" | "open" | "connecting" | "connected";
  readonly opened: PromiseWithResolvers<WebPeer>;
  readonly connected: PromiseWithResolvers<void>;
  cancel: Cancel;
}

const fits = Compile(fromGateway);

/** One process from its start to its end, and the peers that live in it. */
class GatewayProcess {
  /** Why the library is not there; undefined where it is. */
  readonly ready: Promise<string | undefined>;
  readonly #options: GatewayOptions;
  readonly #child: ChildProcess;
  readonly #peers = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  readonly #begun = Promise.withResolvers<string | undefined>();
  #missing: string | undefined;
  #numbers = 0;

  constructor(options: GatewayOptions, died: (code: number | string | null) => void) {
    this.#options = options;
    this.ready = this.#begun.promise;
    this.#child = fork(new URL("./gateway-process.ts", import.meta.url), {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#child.on("message", (message) => this.#heard(message));
    this.#child.on("error", (error) => options.log.error({ error }, "The WebRTC gateway cannot be reached."));
    this.#exited = new Promise((resolve) => {
      this.#child.once("exit", (code, signal) => {
        died(signal ?? code);
        this.#begun.reject(new TandemError("WEBRTC_UNAVAILABLE", { why: "its process ended", code }));
        for (const number of [...this.#peers.keys()]) this.#failed(number, "the gateway's process ended");
        resolve();
      });
    });
    const { clock } = options;
    const cancelStart = clock.at(clock.now() + longestStartMs, () => this.#child.kill("SIGKILL"));
    this.#begun.promise.then(cancelStart, cancelStart);
    this.#say({ type: "begin", settings: options.settings });
  }

  async open(relay: RelayWish, lost: () => void): Promise<WebPeer> {
    if (this.#missing !== undefined) throw new TandemError("WEBRTC_UNAVAILABLE", { why: this.#missing });
    const { ports } = this.#options.settings;
    if (this.#peers.size > ports.last - ports.first)
      throw new TandemError("MEDIA_EXHAUSTED", { peers: this.#peers.size });
    const number = ++this.#numbers;
    const waiting: Waiting = {
      ...{ relay, lost },
      phase: "opening",
      opened: Promise.withResolvers(),
      connected: Promise.withResolvers(),
      cancel: () => {},
    };
    // Nobody may be waiting when it fails, and what was opened is rejected in vain.
    waiting.opened.promise.catch(() => {});
    waiting.connected.promise.catch(() => {});
    this.#peers.set(number, waiting);
    this.#limit(number, longestOpeningMs);
    this.#say({ type: "open", peer: number, relay });
    return await waiting.opened.promise;
  }

  async end(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  #heard(message: unknown): void {
    if (!fits.Check(message)) {
      this.#options.log.error({}, "The WebRTC gateway said what it may not; its process is ended.");
      this.#child.kill("SIGKILL");
      return;
    }
    this.#told(message);
  }

  #told(message: FromGateway): void {
    switch (message.type) {
      case "ready":
        return this.#begun.resolve(undefined);
      case "unavailable":
        this.#missing = message.why;
        return this.#begun.resolve(message.why);
      case "opened":
        return this.#opened(message);
      case "connected": {
        const peer = this.#peers.get(message.peer);
        if (peer?.phase !== "connecting") return;
        peer.cancel();
        peer.phase = "connected";
        return peer.connected.resolve();
      }
      case "failed":
        return this.#failed(message.peer, message.why);
      default:
        return unreachable(message);
    }
  }

  #opened({ peer: number, ours, relayPort }: Extract<FromGateway, { type: "opened" }>): void {
    const peer = this.#peers.get(number);
    if (peer?.phase !== "opening") return;
    peer.cancel();
    peer.phase = "open";
    peer.opened.resolve({
      ours: { ...ours, candidates: this.#advertised(ours) },
      relay: { address: peer.relay.address, port: relayPort },
      connect: (theirs) => this.#connect(number, theirs),
      close: () => this.#close(number),
    });
  }

  /** One host's one address is told, not what each of its interfaces is called. */
  #advertised({ candidates }: WebEnd): WebEnd["candidates"] {
    const { advertisedAddress } = this.#options;
    if (advertisedAddress === undefined) return candidates;
    const [host] = candidates.filter(({ type }) => type === "host");
    const others = candidates.filter(({ type }) => type !== "host");
    return host === undefined ? others : [{ ...host, address: advertisedAddress }, ...others];
  }

  #connect(number: number, theirs: WebEnd): Promise<void> {
    const peer = this.#peers.get(number);
    if (peer?.phase !== "open")
      return Promise.reject(new TandemError("WEBRTC_FAILED", { why: "the peer is gone" }));
    peer.phase = "connecting";
    this.#limit(number, longestConnectingMs);
    this.#say({ type: "connect", peer: number, theirs });
    return peer.connected.promise;
  }

  #limit(number: number, ms: number): void {
    const { clock } = this.#options;
    const peer = this.#peers.get(number);
    if (peer === undefined) return;
    peer.cancel = clock.at(clock.now() + ms, () => {
      this.#say({ type: "close", peer: number });
      this.#failed(number, "it took too long");
    });
  }

  #failed(number: number, why: string): void {
    const peer = this.#forget(number, why);
    if (peer?.phase === "connected") peer.lost();
  }

  /** By us: nobody is told but who waits. */
  #close(number: number): void {
    if (this.#forget(number, "it was closed") !== undefined) this.#say({ type: "close", peer: number });
  }

  #forget(number: number, why: string): Waiting | undefined {
    const peer = this.#peers.get(number);
    if (peer === undefined) return undefined;
    this.#peers.delete(number);
    peer.cancel();
    const error = new TandemError("WEBRTC_FAILED", { why });
    peer.opened.reject(error);
    peer.connected.reject(error);
    return peer;
  }

  #say(message: ToGateway): void {
    // One that has just died hears nothing; its end is told by `exit`.
    if (this.#child.connected) this.#child.send(message, () => {});
  }
}
