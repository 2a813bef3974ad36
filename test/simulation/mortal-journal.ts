import type { Journal } from "#telecom/journal/journal.ts";
import type { Life } from "#rig/mortal.ts";

/** A journal whose process may die before it writes. What is dead writes nothing; its file stays as it was. */
export function mortalJournal(journal: Journal, life: Life): Journal {
  return {
    boot: journal.boot,
    found: (kind) => journal.found(kind),
    keep: (row, content) => journal.keep(row, content),
    drop: (row) => journal.drop(row),
    legOf: (permit) => journal.legOf(permit),
    use: (permit, leg) => journal.use(permit, leg),
    settle: () => life.cross() && journal.settle(),
    end: () => journal.end(),
    close: () => journal.close(),
  };
}
