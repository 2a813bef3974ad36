import type { LegId } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import type { Journal } from "../journal/journal.ts";
import type { BridgeRow } from "./bridges.ts";
import type { LegRow } from "./line.ts";
import type { MediaEngine, MediaEvent, TerminationStanding } from "../media/media-engine.ts";

/** Every termination's row in the journal, and the terminations of those that another process has left. */
export class KeptTerminations {
  readonly #parts: { readonly media: MediaEngine; readonly journal: Journal; readonly log: Log };
  readonly #deafen: () => void;

  constructor(parts: { readonly media: MediaEngine; readonly journal: Journal; readonly log: Log }) {
    this.#parts = parts;
    this.#deafen = parts.media.onEvent((event) => this.#heard(event));
  }

  /** Media first: their audio flows again before anything is said about them. Resolves with those whose ports could be had. */
  async restore(): Promise<ReadonlySet<LegId>> {
    const { media, journal, log } = this.#parts;
    const legs = liveLegs(journal);
    const restored = new Set<LegId>();
    await Promise.all(
      journal.found("termination").map(async ({ id, content }) => {
        const leg = id as LegId;
        if (!legs.has(leg)) return this.drop(leg);
        try {
          await media.restoreTermination(content as TerminationStanding);
          restored.add(leg);
        } catch (error) {
          log.error({ error, leg }, "A line's ports could not be had again; it is ended.");
          this.drop(leg);
        }
      }),
    );
    await this.#join(restored);
    return restored;
  }

  async #join(restored: ReadonlySet<LegId>): Promise<void> {
    const { media, journal, log } = this.#parts;
    const bridges = journal.found("bridge").map(({ content }) => content as BridgeRow);
    const standing = bridges.filter(
      ({ undone, legs }) => undone === undefined && legs.every((leg) => restored.has(leg)),
    );
    await Promise.all(
      standing.map(async ({ bridge, legs: terminations, blockDigitsFrom }) => {
        try {
          await media.join({ bridge, terminations, blockDigitsFrom });
        } catch (error) {
          log.error({ error, bridge }, "Two lines could not be joined again.");
        }
      }),
    );
  }

  drop(leg: LegId): void {
    this.#parts.journal.drop({ kind: "termination", id: leg });
  }

  close(): void {
    this.#deafen();
  }

  #heard(event: MediaEvent): void {
    if (event.type !== "standing") return;
    this.#parts.journal.keep({ kind: "termination", id: event.termination }, () => event.standing);
  }
}

/** Those whose audio is to flow again. */
function liveLegs(journal: Journal): ReadonlySet<LegId> {
  const rows = journal.found("leg").map(({ content }) => content as LegRow);
  return new Set(rows.filter(({ leg }) => leg.shown.state !== "ended").map(({ command }) => command.leg));
}
