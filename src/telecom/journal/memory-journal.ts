import type { LegId, PermitId } from "#base/ids.ts";
import type { Journal, RowKind } from "./journal.ts";

/** For a unit without a folder to write in: permits are remembered for as long as it lives, and nothing beyond. */
export function memoryJournal(boot: string): Journal {
  const permits = new Map<PermitId, LegId>();
  return {
    boot,
    found: (_kind: RowKind) => [],
    keep: () => {},
    drop: () => {},
    legOf: (permit) => permits.get(permit),
    use(permit, leg) {
      permits.set(permit, leg);
      const [oldest] = permits.keys();
      if (permits.size > mostPermits && oldest !== undefined) permits.delete(oldest);
    },
    settle: () => true,
    end: () => {},
    close: () => {},
  };
}

/** A permit is remembered longer than any command that names it may be repeated. */
const mostPermits = 200_000;
