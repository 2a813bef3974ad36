import type { BridgeId, LegId } from "#base/ids.ts";
import type { Command, LegState, TelecomEvent } from "#contract/telecom.ts";

/**
 * The client's picture of the unit's legs: a snapshot, then every event in order. What was commanded and is told by no
 * event of its own (a leg begins to dial, a play begins, a bridge's two legs) is noted when the command is said, and put
 * right by the next snapshot or by a refusal.
 */
export class LegMirror {
  readonly #legs = new Map<LegId, LegState>();
  /** Legs that only our own `dial` tells of, so far. */
  readonly #assumed = new Set<LegId>();
  readonly #bridges = new Map<BridgeId, readonly LegId[]>();
  /** Told as joined; its legs are known once this client names them, which may come later when another client did so before. */
  readonly #standing = new Set<BridgeId>();

  leg(leg: LegId): LegState | undefined {
    return this.#legs.get(leg);
  }

  legs(): readonly LegState[] {
    return [...this.#legs.values()];
  }

  said(command: Command, nowMs: number): void {
    switch (command.type) {
      case "dial":
        if (this.#legs.has(command.leg)) return;
        this.#assumed.add(command.leg);
        this.#legs.set(command.leg, dialing(command.leg, nowMs));
        return;
      case "play":
        return this.#change(command.leg, (leg) =>
          leg.played[command.play] === undefined && leg.state !== "ended"
            ? { ...leg, playing: command.play }
            : leg,
        );
      case "bridge":
        this.#bridges.set(command.bridge, command.legs);
        if (this.#standing.has(command.bridge)) this.#joined(command.bridge);
        return;
      case "take-digits":
        return this.#change(command.leg, (leg) => ({
          ...leg,
          digits: leg.digits.filter((key) => key.seq > command.throughSeq),
        }));
      case "forget":
        // The unit keeps a leg that lives, whatever it is told.
        if (this.#legs.get(command.leg)?.state === "ended") this.#legs.delete(command.leg);
        return;
      case "stop-play":
      case "unbridge":
      case "send-digits":
      case "hang-up":
      case "admit-phones":
        return;
    }
  }

  heard(event: TelecomEvent): void {
    switch (event.type) {
      case "snapshot":
        this.#legs.clear();
        this.#assumed.clear();
        this.#bridges.clear();
        this.#standing.clear();
        for (const leg of event.legs) this.#legs.set(leg.leg, leg);
        return;
      case "leg-ringing":
        return this.#told(event.leg, event.atMs, (leg) =>
          leg.state === "dialing" ? { ...leg, state: "ringing", ringingAtMs: event.atMs } : leg,
        );
      case "leg-answered":
        return this.#told(event.leg, event.atMs, (leg) => ({
          ...leg,
          state: "answered",
          answeredAtMs: event.atMs,
          sipCallId: event.sipCallId,
        }));
      case "leg-ended":
        return this.#told(event.leg, event.atMs, ({ playing: _playing, bridge: _bridge, ...leg }) => ({
          ...leg,
          state: "ended",
          endedAtMs: event.atMs,
          endCause: event.cause,
          ...(event.sipStatus === undefined ? {} : { sipStatus: event.sipStatus }),
        }));
      case "leg-held":
        return this.#change(event.leg, (leg) => ({ ...leg, onHold: event.onHold }));
      case "digit":
        return this.#change(event.leg, (leg) =>
          leg.digits.some((key) => key.seq === event.key.seq)
            ? leg
            : { ...leg, digits: [...leg.digits, event.key].slice(-256) },
        );
      case "play-ended":
        return this.#change(event.leg, ({ playing, ...leg }) => ({
          ...leg,
          ...(playing === undefined || playing === event.play ? {} : { playing }),
          played: lastFifty({ ...leg.played, [event.play]: event.end }),
        }));
      case "bridged":
        this.#standing.add(event.bridge);
        return this.#joined(event.bridge);
      case "unbridged":
        this.#bridges.delete(event.bridge);
        this.#standing.delete(event.bridge);
        for (const state of this.#legs.values()) {
          if (state.bridge !== event.bridge) continue;
          this.#change(state.leg, ({ bridge: _bridge, ...leg }) => leg);
        }
        return;
      case "refused":
        // A dial that the unit did not take leaves no leg.
        if (event.command === "dial" && event.leg !== undefined && this.#assumed.delete(event.leg as LegId)) {
          this.#legs.delete(event.leg as LegId);
        }
        // A play is refused where nothing can play: to no leg, or to one that was not answered.
        if (event.command === "play" && event.leg !== undefined) {
          this.#change(event.leg as LegId, ({ playing: _playing, ...leg }) => leg);
        }
        return;
    }
  }

  #joined(bridge: BridgeId): void {
    for (const id of this.#bridges.get(bridge) ?? []) this.#change(id, (leg) => ({ ...leg, bridge }));
  }

  #change(id: LegId, how: (leg: LegState) => LegState): void {
    const leg = this.#legs.get(id);
    if (leg !== undefined) this.#legs.set(id, how(leg));
  }

  /** Of a leg's own way, which begins with one of these. What else is told of an unknown leg is late: it was forgotten. */
  #told(id: LegId, atMs: number, how: (leg: LegState) => LegState): void {
    this.#assumed.delete(id);
    this.#legs.set(id, how(this.#legs.get(id) ?? dialing(id, atMs)));
  }
}

function dialing(leg: LegId, atMs: number): LegState {
  return { leg, state: "dialing", dialedAtMs: atMs, digits: [], played: {}, onHold: false };
}

function lastFifty<T>(record: Record<string, T>): Record<string, T> {
  const entries = Object.entries(record);
  return entries.length <= 50 ? record : Object.fromEntries(entries.slice(-50));
}
