import type { BridgeId, LegId } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import type { Command } from "#contract/telecom.ts";
import type { MediaEngine } from "../media/media-engine.ts";

type Bridge = Omit<Extract<Command, { type: "bridge" }>, "type">;

/** Bridges that were undone are remembered longer than any command that names one may be repeated. */
const mostUndone = 10_000;

/** 215. Which legs are joined. What is said of one bridge is carried out in that order, however fast the media engine is. */
export class Bridges {
  readonly #media: MediaEngine;
  readonly #log: Log;
  readonly #bridges = new Map<BridgeId, Bridge>();
  /** A bridge's name is used once: what is said again of one that was undone must not join anybody. */
  readonly #undone = new Set<BridgeId>();
  #chores: Promise<void> = Promise.resolve();

  constructor(parts: { readonly media: MediaEngine; readonly log: Log }) {
    this.#media = parts.media;
    this.#log = parts.log;
  }

  /** Whether that bridge stands, or was undone. */
  wasNamed(bridge: BridgeId): boolean {
    return this.#bridges.has(bridge) || this.#undone.has(bridge);
  }

  of(leg: LegId): BridgeId | undefined {
    return [...this.#bridges.values()].find((bridge) => bridge.legs.includes(leg))?.bridge;
  }

  /** `joined` is called once both hear each other, `failed` when the media engine could not; neither if it was undone before. */
  join(bridge: Bridge, then: { readonly joined: () => void; readonly failed: () => void }): void {
    this.#bridges.set(bridge.bridge, bridge);
    this.#chore(bridge, async () => {
      if (this.#bridges.get(bridge.bridge) !== bridge) return;
      try {
        await this.#media.join({
          bridge: bridge.bridge,
          terminations: bridge.legs,
          blockDigitsFrom: bridge.blockDigitsFrom,
        });
      } catch (error) {
        if (this.#bridges.get(bridge.bridge) === bridge) {
          this.#bridges.delete(bridge.bridge);
          then.failed();
        }
        throw error;
      }
      if (this.#bridges.get(bridge.bridge) === bridge) then.joined();
    });
  }

  /** The legs that stood in it, undefined when there is no such bridge. */
  unjoin(bridge: BridgeId): Bridge["legs"] | undefined {
    const known = this.#bridges.get(bridge);
    if (known === undefined) return undefined;
    this.#bridges.delete(bridge);
    this.#undone.add(bridge);
    const [oldest] = this.#undone;
    if (this.#undone.size > mostUndone && oldest !== undefined) this.#undone.delete(oldest);
    this.#chore(known, () => this.#media.unjoin(bridge));
    return known.legs;
  }

  async settled(): Promise<void> {
    await this.#chores;
  }

  #chore({ bridge, legs }: Bridge, work: () => Promise<void>): void {
    this.#chores = this.#chores.then(work).catch((error: unknown) => {
      this.#log.error({ bridge, legs, error }, "The media engine could not join or part two legs.");
    });
  }
}
