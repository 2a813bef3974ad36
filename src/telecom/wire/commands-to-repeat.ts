import { TandemError } from "#base/errors.ts";
import type { LegId } from "#base/ids.ts";
import type { Command, TelecomEvent } from "#contract/telecom.ts";
import type { LegMirror } from "./leg-mirror.ts";

type Play = Extract<Command, { type: "play" }>;

const mostWaiting = 10_000;
/** What left so long ago has arrived: the socket is local and the unit reads at once. */
const unsureMs = 2_000;

/**
 * A client's commands that the unit may never have taken: those said while the connection was down, those that may have been lost
 * with it, and what was being played when the unit died, for it keeps nobody's words. A leg's command repeated is harmless by contract.
 */
export class CommandsToRepeat {
  /** Said while the connection was down. */
  #waiting: Command[] = [];
  /** Said on the live connection and perhaps lost with it. */
  #unsure: { readonly command: Command; readonly atMs: number }[] = [];
  /** By leg: the last that was to be heard, while it is not known to have ended. */
  readonly #plays = new Map<LegId, Play>();

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Throws UNIT_UNREACHABLE when the connection is down and 10,000 commands wait already. */
  said(command: Command, at: { readonly nowMs: number; readonly connected: boolean }): void {
    if (at.connected) this.#left(command, at.nowMs);
    else if (this.#waiting.length < mostWaiting) this.#waiting.push(command);
    else throw new TandemError("UNIT_UNREACHABLE", { waiting: this.#waiting.length });
    if (command.type === "play") this.#plays.set(command.leg, command);
    if (command.type === "stop-play" || command.type === "forget") this.#plays.delete(command.leg);
  }

  heard(event: TelecomEvent): void {
    if (event.type === "play-ended" && this.#plays.get(event.leg)?.play === event.play)
      this.#plays.delete(event.leg);
  }

  /**
   * What is to be said now that a snapshot has come, in order; it counts as said. Another memory of the unit's (`isSame` is false) has
   * none of the legs: what was said to the old one is the call manager's to say again.
   */
  again(
    mirror: LegMirror,
    { isSame, nowMs }: { readonly isSame: boolean; readonly nowMs: number },
  ): readonly Command[] {
    const unsure = isSame ? this.#unsure.map(({ command }) => command) : [];
    const again = [...this.#cutShort(mirror), ...unsure, ...this.#waiting];
    this.#waiting = [];
    this.#unsure = again.map((command) => ({ command, atMs: nowMs }));
    return again;
  }

  #left(command: Command, nowMs: number): void {
    this.#unsure.push({ command, atMs: nowMs });
    const stillUnsure = this.#unsure.findIndex(({ atMs }) => atMs > nowMs - unsureMs);
    if (stillUnsure > 0) this.#unsure.splice(0, stillUnsure);
    if (this.#unsure.length > mostWaiting) this.#unsure.shift();
  }

  /** What plays no more, and did not end. */
  #cutShort(mirror: LegMirror): readonly Play[] {
    for (const [leg, { play }] of this.#plays) {
      const line = mirror.leg(leg);
      if (line?.state !== "answered" || line.played[play] !== undefined) this.#plays.delete(leg);
    }
    return [...this.#plays.values()].filter(({ leg, play }) => mirror.leg(leg)?.playing !== play);
  }
}
