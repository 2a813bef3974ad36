import type { LegId, PermitId } from "#base/ids.ts";

/**
 * What the unit remembers over its own death: a row a leg, a SIP call, a bridge, a termination, a phone, and every permit that was used. Nobody is told
 * anything before the state that it follows from has been written: whoever sends a SIP message or an event says `settle` first.
 */
export interface Journal {
  /**
   * Which memory this is. The same over a kill -9, since the lines are the same; another after a proper end, after the machine's
   * own restart, and when what was found could not be read.
   */
  readonly boot: string;
  /** All rows of a kind as they stand in the journal: what another process left, when it is opened. */
  found(kind: RowKind): readonly FoundRow[];
  /**
   * The row's content is asked for when it is written: at the next `settle`, or 20 ms later. It is never changed in place afterwards:
   * what is the same object is taken for the same.
   */
  keep(row: RowName, content: () => unknown): void;
  drop(row: RowName): void;
  /** One permit dials one leg, however often the unit was started anew. */
  legOf(permit: PermitId): LegId | undefined;
  use(permit: PermitId, leg: LegId): void;
  /** Writes all that was noted, as a whole or not at all. False when the disk would not take it: then it is tried again next time. */
  settle(): boolean;
  /** A proper end: nothing of this memory is wanted any more, but the permits and the phones. */
  end(): void;
  /** Lets go of the file as it is. */
  close(): void;
}

export type RowKind = "leg" | "call" | "bridge" | "termination" | "phone";

export interface RowName {
  readonly kind: RowKind;
  readonly id: string;
}

export interface FoundRow {
  readonly id: string;
  readonly content: unknown;
}
