import { connect, type Socket } from "node:net";
import type { Cancel, Clock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import type { LegId } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import {
  type Command,
  event as eventSchema,
  type LegState,
  sipMessage,
  type SipMessageSeen,
  type TelecomEvent,
  type UnitFigures,
  unitFigures,
} from "#contract/telecom.ts";
import { type PhonesWish, type RegisteredPhones, registeredPhones } from "#contract/registered-phones.ts";
import { agreed, wireRange } from "#contract/versions.ts";
import Type from "typebox";
import { Compile } from "typebox/compile";
import { CommandsToRepeat } from "./wire/commands-to-repeat.ts";
import { LegMirror } from "./wire/leg-mirror.ts";
import { LineCutter, longestEventBytes, sayLine } from "./wire/lines.ts";

/**
 * The telecommunications unit as the call manager sees it. Another switch (a carrier's API, drachtio) may stand below this
 * interface: nothing of SIP shows in it.
 *
 * The client mirrors the unit's legs: it takes the snapshot at each connect and every event after it, so `leg` answers
 * without a round trip. Commands said while the connection is down are kept (at most 10,000) and said again after the
 * snapshot; a leg's command repeated is harmless by contract. What was being played when the unit died is said again too, and
 * heard from its beginning: the unit keeps nobody's words.
 */
export interface TelecomUnit {
  /** Throws UNIT_UNREACHABLE when the connection is down and 10,000 commands wait already. */
  send(command: Command): void;
  /**
   * The mirror's view of one leg; undefined when the unit has never heard of it (or has forgotten it). A leg that was just
   * dialled is `dialing` at once.
   */
  leg(leg: LegId): LegState | undefined;
  legs(): readonly LegState[];
  /** Called after the mirror has taken the event in. Returns the unsubscription. */
  onEvent(listener: (event: TelecomEvent) => void): () => void;
  /**
   * Which memory of the unit's this is: one with another name has none of its lines. A unit that died and took its lines up again has
   * the same. Undefined before the first snapshot.
   */
  readonly boot: string | undefined;
  /** True from a snapshot until the connection breaks. */
  readonly connected: boolean;
  /** Resolves at the first snapshot. */
  ready(signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** What may be looked on: every command said, every event heard, and the unit's SIP messages for as long as somebody watches. */
export interface WatchedUnit extends TelecomUnit {
  /** Returns the end of it. */
  watch(watcher: (seen: Seen) => void): () => void;
  /** Its own figures; undefined when it does not answer within a second. */
  figures(): Promise<UnitFigures | undefined>;
  /** A page of the phones that are registered; undefined when it does not answer within two seconds, or sixteen are asked for already. */
  phones(wish: PageOfPhones): Promise<RegisteredPhones | undefined>;
  /** What is on its way to the unit: commands said while it is away, and octets that its socket has not taken. */
  queued(): { readonly commands: number; readonly octets: number };
}

export type PageOfPhones = Pick<PhonesWish, "limit" | "after">;

export type Seen =
  | { readonly said: Command }
  | { readonly heard: TelecomEvent }
  | { readonly message: SipMessageSeen };

/** Connects, and connects again for as long as it lives. A line from the unit that does not fit its schema ends the connection. */
export function connectTelecomUnit(options: UnitConnection): WatchedUnit {
  return new SocketUnit(options);
}

export interface UnitConnection {
  readonly socketPath: string;
  readonly clock: Clock;
  readonly log: Log;
}

const firstRetryMs = 50;
/** The socket is this machine's own: trying costs nothing, and a unit that died is back at once. */
const lastRetryMs = 250;
const traceMs = 60_000;
const figuresPatienceMs = 1_000;
const phonesPatienceMs = 2_000;
const mostPagesAsked = 16;
const fits = Compile(Type.Union([eventSchema, sipMessage, unitFigures, registeredPhones]));

class SocketUnit implements WatchedUnit {
  readonly #options: UnitConnection;
  readonly #mirror = new LegMirror();
  readonly #listeners = new Set<(event: TelecomEvent) => void>();
  readonly #watchers = new Set<(seen: Seen) => void>();
  #cancelTrace: Cancel = () => {};
  #asked:
    | {
        readonly promise: Promise<UnitFigures | undefined>;
        answer(figures: UnitFigures | undefined): void;
      }
    | undefined;
  /** Pages of phones that were asked for and have not come. */
  readonly #pages = new Map<number, (page: RegisteredPhones | undefined) => void>();
  #pagesAsked = 0;
  readonly #ready = Promise.withResolvers<void>();
  readonly #repeats = new CommandsToRepeat();
  #socket: Socket | undefined;
  #retryMs = firstRetryMs;
  #cancelRetry: Cancel = () => {};
  #closed = false;
  connected = false;
  boot: string | undefined;

  constructor(options: UnitConnection) {
    this.#options = options;
    // Nobody may be waiting for the first snapshot; a refusal then must not end the process.
    this.#ready.promise.catch(() => {});
    this.#connect();
  }

  send(command: Command): void {
    const nowMs = this.#options.clock.now();
    this.#repeats.said(command, { nowMs, connected: this.connected });
    if (this.connected) this.#say(command);
    this.#mirror.said(command, nowMs);
  }

  leg(leg: LegId): LegState | undefined {
    return this.#mirror.leg(leg);
  }

  legs(): readonly LegState[] {
    return this.#mirror.legs();
  }

  onEvent(listener: (event: TelecomEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  watch(watcher: (seen: Seen) => void): () => void {
    this.#watchers.add(watcher);
    if (this.#watchers.size === 1) this.#trace();
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size === 0) this.#cancelTrace();
    };
  }

  async ready(signal?: AbortSignal): Promise<void> {
    if (signal === undefined) return this.#ready.promise;
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<void>();
    const abort = (): void => aborted.reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    try {
      await Promise.race([this.#ready.promise, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.connected = false;
    this.#cancelRetry();
    this.#cancelTrace();
    this.#ready.reject(new TandemError("UNIT_UNREACHABLE", { why: "closed" }));
    const socket = this.#socket;
    if (socket === undefined) return;
    await new Promise<void>((resolve) => {
      socket.once("close", () => resolve());
      // What was said last still leaves; a unit that does not read holds us no longer than its own end.
      socket.end(() => socket.destroy());
    });
  }

  #connect(): void {
    const socket = connect(this.#options.socketPath);
    const lines = new LineCutter(longestEventBytes);
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      try {
        for (const line of lines.feed(chunk)) this.#take(line);
      } catch (error) {
        this.#options.log.error({ error }, "What the telecommunications unit says cannot be read.");
        socket.destroy();
      }
    });
    // The close that follows tries again; the reason (no such file, refused) is of interest to debuggers alone.
    socket.on("error", (error) => this.#options.log.debug({ error }, "The unit's socket failed."));
    socket.on("close", () => this.#broken());
  }

  #broken(): void {
    this.#socket = undefined;
    this.#answer(undefined);
    for (const answer of [...this.#pages.values()]) answer(undefined);
    if (this.connected) this.#options.log.warn({}, "The connection to the telecommunications unit broke.");
    this.connected = false;
    if (this.#closed) return;
    const { clock } = this.#options;
    this.#cancelRetry = clock.at(clock.now() + this.#retryMs, () => this.#connect());
    this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs);
  }

  #take(line: string): void {
    const event = parsed(line);
    if (event === undefined) return this.#options.log.debug({}, "The unit said a word of a later version.");
    if (event.type === "sip-message") return this.#show({ message: event });
    if (event.type === "figures") return this.#answer(event);
    if (event.type === "phones") return this.#pages.get(event.ask)?.(event);
    if (event.type === "snapshot") this.#begin(event);
    else if (!this.connected) throw new TandemError("WIRE_INVALID", { why: "no snapshot first" });
    else this.#mirror.heard(event);
    this.#repeats.heard(event);
    this.#show({ heard: event });
    if (event.type === "refused") this.#options.log.warn({ ...event }, "The unit refused a command.");
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        // One listener's bug must not keep the event from the others.
        this.#options.log.error(
          { error, event: event.type },
          "A listener of telecommunications events failed.",
        );
      }
    }
  }

  #begin(snapshot: TelecomEvent & { type: "snapshot" }): void {
    this.#greet(snapshot);
    this.#mirror.heard(snapshot);
    this.connected = true;
    this.#retryMs = firstRetryMs;
    const nowMs = this.#options.clock.now();
    const isSame = this.boot === snapshot.unitBoot;
    this.boot = snapshot.unitBoot;
    if (this.#watchers.size > 0) this.#trace();
    for (const command of this.#repeats.again(this.#mirror, { isSame, nowMs })) {
      this.#say(command);
      this.#mirror.said(command, nowMs);
    }
    this.#ready.resolve();
  }

  /** Throws VERSIONS_APART where the unit speaks no version that we do. One that does not say what it speaks would not understand a hello. */
  #greet({ wireVersion, speaks }: TelecomEvent & { type: "snapshot" }): void {
    const theirs = speaks ?? { oldest: wireVersion, newest: wireVersion };
    if (speaks !== undefined && this.#socket !== undefined)
      sayLine(this.#socket, `${JSON.stringify({ type: "hello", speaks: wireRange })}\n`);
    if (agreed(wireRange, theirs) === undefined)
      throw new TandemError("VERSIONS_APART", { unitSpeaks: theirs, weSpeak: wireRange });
  }

  figures(): Promise<UnitFigures | undefined> {
    const socket = this.#socket;
    if (!this.connected || socket === undefined) return Promise.resolve(undefined);
    // Who asks while another waits is given the same answer.
    if (this.#asked === undefined) {
      const { clock } = this.#options;
      const { promise, resolve } = Promise.withResolvers<UnitFigures | undefined>();
      const cancel = clock.at(clock.now() + figuresPatienceMs, () => this.#answer(undefined));
      this.#asked = {
        promise,
        answer(figures) {
          cancel();
          resolve(figures);
        },
      };
      sayLine(socket, `${JSON.stringify({ type: "figures" })}\n`);
    }
    return this.#asked.promise;
  }

  phones({ limit, after }: PageOfPhones): Promise<RegisteredPhones | undefined> {
    const socket = this.#socket;
    if (!this.connected || socket === undefined || this.#pages.size >= mostPagesAsked)
      return Promise.resolve(undefined);
    const ask = ++this.#pagesAsked;
    const { clock } = this.#options;
    const { promise, resolve } = Promise.withResolvers<RegisteredPhones | undefined>();
    const cancel = clock.at(clock.now() + phonesPatienceMs, () => this.#pages.get(ask)?.(undefined));
    this.#pages.set(ask, (page) => {
      cancel();
      this.#pages.delete(ask);
      resolve(page);
    });
    const wish: PhonesWish = { type: "phones", ask, limit, ...(after === undefined ? {} : { after }) };
    sayLine(socket, `${JSON.stringify(wish)}\n`);
    return promise;
  }

  queued(): { readonly commands: number; readonly octets: number } {
    return { commands: this.#repeats.waiting, octets: this.#socket?.writableLength ?? 0 };
  }

  #answer(figures: UnitFigures | undefined): void {
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.answer(figures);
  }

  /** Asks for SIP messages for a minute, and again within it. */
  #trace(): void {
    this.#cancelTrace();
    const nowMs = this.#options.clock.now();
    this.#cancelTrace = this.#options.clock.at(nowMs + traceMs / 2, () => this.#trace());
    if (!this.connected || this.#socket === undefined) return;
    sayLine(this.#socket, `${JSON.stringify({ type: "trace", untilMs: nowMs + traceMs })}\n`);
  }

  #show(seen: Seen): void {
    for (const watcher of [...this.#watchers]) {
      try {
        watcher(seen);
      } catch (error) {
        this.#options.log.error({ error }, "A watcher of the telecommunications unit failed.");
      }
    }
  }

  #say(command: Command): void {
    this.#show({ said: command });
    if (this.#socket !== undefined) sayLine(this.#socket, `${JSON.stringify(command)}\n`);
  }
}

/** Undefined for a word that only a later version knows. */
function parsed(line: string): TelecomEvent | SipMessageSeen | UnitFigures | RegisteredPhones | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new TandemError("WIRE_INVALID", { why: "not JSON" }, cause);
  }
  if (!fits.Check(value)) {
    if (isUnknownWord(value)) return undefined;
    const [first] = fits.Errors(value);
    throw new TandemError("WIRE_INVALID", { at: first?.instancePath, why: first?.message });
  }
  return value;
}

const words = new Set<string>(
  [...eventSchema.anyOf, sipMessage, unitFigures, registeredPhones].map(
    ({ properties }) => properties.type.const,
  ),
);

function isUnknownWord(value: unknown): boolean {
  if (typeof value !== "object" || value === null || !("type" in value)) return false;
  return typeof value.type === "string" && !words.has(value.type);
}
