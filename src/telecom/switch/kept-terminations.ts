import type { LegId } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import type { Journal } from "../journal/journal.ts";
import type { BridgeRow } from "./bridges.ts";
import type { LegRow } from "./line.ts";
import type { MediaEngine, MediaEvent, TerminationStanding } from "../media/media-engine.ts";

/** Two that were joined; or one that was not. */
interface Pair {
  readonly bridge: BridgeRow | undefined;
  readonly terminations: readonly TerminationStanding[];
}

/** Enough to keep the media engine busy, and few enough to let it send in between. */
const atOnce = 16;

/** Every termination's row in the journal, and the terminations of those that another process has left. */
export class KeptTerminations {
  readonly #parts: { readonly media: MediaEngine; readonly journal: Journal; readonly log: Log };
  readonly #deafen: () => void;

  constructor(parts: { readonly media: MediaEngine; readonly journal: Journal; readonly log: Log }) {
    this.#parts = parts;
    this.#deafen = parts.media.onEvent((event) => this.#heard(event));
  }

  /**
   * Media first: their audio flows again before anything is said about them. Who talks comes first, pair after pair, a few at a time, so
   * that the first hear each other again while the last are still being taken up. Resolves with those whose ports could be had.
   */
  async restore(): Promise<ReadonlySet<LegId>> {
    const restored = new Set<LegId>();
    const pairs = this.#left();
    for (let at = 0; at < pairs.length; at += atOnce) {
      await Promise.all(
        pairs.slice(at, at + atOnce).map(async ({ terminations, bridge }) => {
          await Promise.all(terminations.map((standing) => this.#restoreOne(standing, restored)));
          if (bridge?.legs.every((leg) => restored.has(leg)) === true) await this.#join(bridge);
        }),
      );
    }
    return restored;
  }

  /** What another process has left, those who were joined together, and first. */
  #left(): readonly Pair[] {
    const { journal } = this.#parts;
    const live = liveLegs(journal);
    const standings = new Map<LegId, TerminationStanding>();
    for (const { id, content } of journal.found("termination")) {
      const leg = id as LegId;
      if (live.has(leg)) standings.set(leg, content as TerminationStanding);
      else this.drop(leg);
    }
    const bridges = journal.found("bridge").map(({ content }) => content as BridgeRow);
    const joined = bridges
      .filter(({ undone, legs }) => undone === undefined && legs.every((leg) => standings.has(leg)))
      .map(
        (bridge): Pair => ({
          bridge,
          terminations: bridge.legs.flatMap((leg) => standings.get(leg) ?? []),
        }),
      );
    const inPairs = new Set(joined.flatMap(({ bridge }) => bridge?.legs ?? []));
    const alone = [...standings].filter(([leg]) => !inPairs.has(leg));
    return [
      ...joined,
      ...alone.map(([, standing]): Pair => ({ bridge: undefined, terminations: [standing] })),
    ];
  }

  async #restoreOne(standing: TerminationStanding, restored: Set<LegId>): Promise<void> {
    const { media, log } = this.#parts;
    const { termination: leg } = standing.wish;
    try {
      await media.restoreTermination(standing);
      restored.add(leg);
    } catch (error) {
      log.error({ error, leg }, "A line's ports could not be had again; it is ended.");
      this.drop(leg);
    }
  }

  async #join({ bridge, legs: terminations, blockDigitsFrom }: BridgeRow): Promise<void> {
    try {
      await this.#parts.media.join({ bridge, terminations, blockDigitsFrom });
    } catch (error) {
      this.#parts.log.error({ error, bridge }, "Two lines could not be joined again.");
    }
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
