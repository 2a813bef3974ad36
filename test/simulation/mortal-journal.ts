import { deepStrictEqual } from "node:assert";
import type { Journal, RowKind, RowName } from "#telecom/journal/journal.ts";
import type { Life } from "#rig/mortal.ts";

const kinds: readonly RowKind[] = ["leg", "call", "bridge", "termination", "phone"];

/** What was last asked of each row when it was written, as text: the journal writes changes, and must come to the same. */
export class WrittenRows {
  readonly #texts = new Map<string, string>();

  noting({ kind, id }: RowName, content: () => unknown): () => unknown {
    return () => {
      const now = content();
      this.#texts.set(`${kind} ${id}`, JSON.stringify(now) ?? "");
      return now;
    };
  }

  /** Throws when a row is another than the one that was written. */
  assertFound(journal: Journal): void {
    for (const kind of kinds) {
      for (const { id, content } of journal.found(kind)) {
        const text = this.#texts.get(`${kind} ${id}`);
        if (text !== undefined) deepStrictEqual(content, JSON.parse(text), `the journal's ${kind} ${id}`);
      }
    }
  }
}

/** A journal whose process may die before it writes. What is dead writes nothing; its file stays as it was. */
export function mortalJournal(journal: Journal, life: Life, written: WrittenRows): Journal {
  life.atDeath(() => journal.close());
  return {
    boot: journal.boot,
    found: (kind) => journal.found(kind),
    keep: (row, content) => journal.keep(row, written.noting(row, content)),
    drop: (row) => journal.drop(row),
    legOf: (permit) => journal.legOf(permit),
    use: (permit, leg) => journal.use(permit, leg),
    settle: () => life.cross() && journal.settle(),
    end: () => journal.end(),
    close: () => journal.close(),
  };
}
