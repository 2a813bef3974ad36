import type { Journal } from "../journal/journal.ts";

/** What SIP keeps over the unit's own death, and finds again. */
export type KeptRows = Pick<Journal, "found" | "keep" | "drop">;
