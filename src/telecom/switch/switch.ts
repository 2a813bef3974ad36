import type { Cancel } from "#base/clock.ts";
import { unreachable } from "#base/errors.ts";
import type { BridgeId, LegId } from "#base/ids.ts";
import type { Command, LegState } from "#contract/telecom.ts";
import type { MediaEvent } from "../media/media-engine.ts";
import { Bridges } from "./bridges.ts";
import type { LegCommand } from "./leg.ts";
import { type LegRow, Line, type LineParts } from "./line.ts";

export type SwitchParts = Omit<LineParts, "ended" | "forgotten"> & { readonly maxLegs: number };

/** Records of legs that ended and wait to be forgotten. */
const mostEnded = 10_000;
/** How long lines that nobody watches stay up: a web process is back within seconds. */
const unwatchedMs = 120_000;

/** 140. Carries out the commands of contract/telecom.ts on legs and bridges. */
export class Switch {
  readonly #parts: SwitchParts;
  readonly #lines = new Map<LegId, Line>();
  readonly #bridges: Bridges;
  readonly #deafen: () => void;
  #clients = 0;
  #closed = false;
  #live = 0;
  #cancelUnwatched: Cancel = () => {};

  constructor(parts: SwitchParts) {
    this.#parts = {
      ...parts,
      tell(event) {
        // What it follows from is written down first.
        parts.journal.settle();
        parts.tell(event);
      },
    };
    this.#bridges = new Bridges(this.#parts);
    this.#deafen = parts.media.onEvent((event) => this.#heard(event));
    this.#watch();
  }

  /**
   * Takes up the legs that another process has left, before anything is asked of them. `terminations` are there again. Those that
   * cannot go on end now, with a BYE or a CANCEL where one can still be said.
   */
  resume(terminations: ReadonlySet<LegId>): void {
    for (const { id, content } of this.#parts.journal.found("leg")) {
      const { command, ...row } = content as LegRow;
      this.#guarded(id, () => {
        const line = new Line(this.#lineParts(), command, row);
        this.#lines.set(line.id, line);
        if (line.isLive) this.#live += 1;
      });
    }
    this.#bridges.restore();
    for (const { bridge, legs } of this.#bridges.standing()) {
      const lines = legs.map((leg) => this.#lines.get(leg)).filter((line) => line?.isLive === true);
      // It was joined, and not told so; or it fell apart, and was not told so.
      for (const line of lines) line?.take({ type: "joined", bridge });
      if (lines.length < 2) this.#unbridge(bridge);
    }
    for (const line of this.#lines.values())
      this.#guarded(line.id, () => line.resume(terminations.has(line.id)));
    this.#parts.agent.leaveTheRest();
    if (this.#live > 0)
      this.#parts.log.warn({ legs: this.#live }, "The lines of another process were taken up.");
  }

  /** A leg that cannot be gone on with costs itself, and must not meet the next process again. */
  #guarded(id: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#parts.log.error({ error, leg: id }, "A line of another process could not be taken up.");
      this.#parts.journal.drop({ kind: "leg", id });
      if (this.#lines.get(id as LegId)?.isLive === true) this.#live -= 1;
      this.#lines.get(id as LegId)?.dispose();
      this.#lines.delete(id as LegId);
    }
  }

  legs(): readonly LegState[] {
    return Array.from(this.#lines.values(), (line) => line.leg.shown);
  }

  /** `refuse` says why a command cannot be carried out; a repetition of one that was is no refusal. */
  command(command: Command, refuse: (why: string) => void): void {
    if (this.#closed) return refuse("the unit is closing");
    switch (command.type) {
      case "dial":
        return this.#dial(command, refuse);
      case "bridge":
        return this.#bridge(command, refuse);
      case "unbridge":
        return this.#unbridge(command.bridge);
      case "forget":
        return this.#forget(command.leg, refuse);
      case "admit-phones":
        return this.#parts.agent.phones.admit(command);
      case "play":
      case "stop-play":
      case "send-digits":
      case "hang-up":
      case "take-digits":
        return this.#pass(command, refuse);
      default:
        return unreachable(command);
    }
  }

  /** How many clients watch now. Lines that are not bridged end when nobody does for two minutes. */
  watchedBy(clients: number): void {
    this.#clients = clients;
    this.#watch();
  }

  /** Hangs up whatever is up, and waits for the media engine; the user agent is the caller's to close. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelUnwatched();
    for (const line of this.#lines.values()) this.#hangUp(line);
    for (const line of this.#lines.values()) {
      await line.settled();
      line.dispose();
    }
    await this.#bridges.settled();
    this.#deafen();
  }

  #dial(command: Extract<Command, { type: "dial" }>, refuse: (why: string) => void): void {
    if (this.#lines.has(command.leg)) return;
    // One permit dials one leg, once: also a leg that was forgotten is not dialled again by it.
    const { journal } = this.#parts;
    if (journal.legOf(command.permit) !== undefined) return refuse("the permit was used before");
    journal.use(command.permit, command.leg);
    const line = new Line(this.#lineParts(), command);
    if (!journal.settle()) {
      line.forget();
      return refuse("the permit's use cannot be written down");
    }
    this.#lines.set(command.leg, line);
    this.#live += 1;
    // A unit that is full says so as a telephone network does: the leg ends, and the flow goes on from there.
    if (this.#live > this.#parts.maxLegs) {
      const { maxLegs } = this.#parts;
      this.#parts.log.warn({ leg: command.leg, maxLegs }, "No more legs: a dial was refused.");
      return line.take({ type: "failed", cause: "failed" });
    }
    line.dial();
  }

  #lineParts(): LineParts {
    return {
      ...this.#parts,
      ended: (leg, bridge) => this.#legEnded(leg, bridge),
      forgotten: (leg) => this.#drop(leg),
    };
  }

  #pass(command: LegCommand, refuse: (why: string) => void): void {
    const line = this.#lines.get(command.leg);
    if (line === undefined) return refuse("no such leg");
    const needsAnswer = command.type === "play" || command.type === "send-digits";
    const { state } = line.leg.shown;
    if (needsAnswer && (state === "dialing" || state === "ringing")) return refuse("the leg is not answered");
    line.take({ type: "command", command });
  }

  #bridge(command: Extract<Command, { type: "bridge" }>, refuse: (why: string) => void): void {
    const { bridge, legs } = command;
    if (this.#bridges.wasNamed(bridge)) return;
    const lines = legs.map((leg) => this.#lines.get(leg)).filter((line) => line !== undefined);
    if (lines.length < 2 || legs[0] === legs[1]) return refuse("a bridge needs two known legs");
    if (lines.some((line) => line.leg.shown.state !== "answered")) return refuse("a leg is not answered");
    if (command.blockDigitsFrom.some((leg) => !legs.includes(leg)))
      return refuse("a leg is not of this bridge");
    for (const leg of legs) {
      const before = this.#bridges.of(leg);
      if (before !== undefined) this.#unbridge(before);
    }
    this.#bridges.join(command, {
      joined: () => {
        for (const line of lines) line.take({ type: "joined", bridge });
        this.#parts.tell({ type: "bridged", bridge, atMs: this.#parts.clock.now() });
      },
      failed: () => refuse("the media engine cannot join them"),
    });
  }

  #unbridge(bridge: BridgeId): void {
    const legs = this.#bridges.unjoin(bridge);
    if (legs === undefined) return;
    for (const leg of legs) this.#lines.get(leg)?.take({ type: "unjoined", bridge });
    this.#parts.tell({ type: "unbridged", bridge, atMs: this.#parts.clock.now() });
  }

  #forget(leg: LegId, refuse: (why: string) => void): void {
    const line = this.#lines.get(leg);
    if (line === undefined) return;
    if (line.isLive) return refuse("the leg lives");
    this.#drop(leg);
  }

  #legEnded(leg: LegId, _bridge: BridgeId | undefined): void {
    this.#live -= 1;
    const bridge = this.#bridges.of(leg);
    if (bridge !== undefined) this.#unbridge(bridge);
    if (this.#lines.size - this.#live <= mostEnded) return;
    const oldest = [...this.#lines.values()].find((line) => !line.isLive && line.id !== leg);
    if (oldest !== undefined) this.#drop(oldest.id);
  }

  #drop(leg: LegId): void {
    this.#lines.get(leg)?.forget();
    this.#bridges.forget(leg);
    this.#lines.delete(leg);
  }

  #heard(event: MediaEvent): void {
    const line = this.#lines.get(event.termination);
    switch (event.type) {
      case "mediaStarted":
      case "standing":
        return;
      case "dtmf": {
        const { digit, durationMs, via, atMs } = event;
        return line?.take({ type: "digit", key: { digit, durationMs, via, atMs } });
      }
      case "playFinished":
        return line?.take({ type: "play-ended", play: event.play, end: event.end });
      case "mediaTimeout":
        // A phone that holds may be silent for as long as it likes.
        if (line?.leg.shown.state !== "answered" || line.leg.shown.onHold) return;
        // Its own time runs already.
        if (line.leg.lost !== undefined) return;
        return line.take({ type: "failed", cause: "media-lost" });
      case "nodeLost":
        // Ringing or held makes no difference: this line will never hear or say anything again.
        return line?.take({ type: "failed", cause: "media-lost" });
      default:
        return unreachable(event);
    }
  }

  #watch(): void {
    this.#cancelUnwatched();
    this.#cancelUnwatched = () => {};
    if (this.#clients > 0 || this.#closed) return;
    const { clock } = this.#parts;
    this.#cancelUnwatched = clock.at(clock.now() + unwatchedMs, () => {
      // A bridged pair talks on: its own end moment is its limit.
      for (const line of this.#lines.values()) {
        if (line.isLive && this.#bridges.of(line.id) === undefined) this.#hangUp(line);
      }
      this.#watch();
    });
  }

  #hangUp(line: Line): void {
    if (!line.isLive) return;
    line.take({ type: "command", command: { type: "hang-up", leg: line.id, reason: "unavailable" } });
  }
}
