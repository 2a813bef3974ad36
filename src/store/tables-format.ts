import type { Migration } from "kysely";
import * as networkAndJournal from "./migrations/0001-network-and-journal.ts";
import * as calls from "./migrations/0002-calls.ts";
import * as liveRows from "./migrations/0003-live-rows.ts";
import * as phones from "./migrations/0004-phones.ts";
import * as visitorsPermits from "./migrations/0005-visitors-permits.ts";
import * as phoneMedia from "./migrations/0006-phone-media.ts";
import * as fewerPages from "./migrations/0007-fewer-pages.ts";
import * as pushResults from "./migrations/0008-push-results.ts";

/**
 * Changes the tables, or what their rows mean. `readableBy` is the number of the last migration that a release must know to run on the
 * database after this one: its own where nothing is said, a lower one where all that it does is to add (docs/decisions/0111-both-ways.md).
 */
export interface Change extends Migration {
  readonly readableBy?: number;
}

export type Changes = Readonly<Record<string, Change>>;

/** All that ever changed the tables, in order. A migration that was released is never edited: write the next one. */
export const changes: Changes = {
  "0001-network-and-journal": networkAndJournal,
  "0002-calls": calls,
  "0003-live-rows": liveRows,
  "0004-phones": phones,
  "0005-visitors-permits": visitorsPermits,
  "0006-phone-media": phoneMedia,
  "0007-fewer-pages": fewerPages,
  "0008-push-results": pushResults,
};

/**
 * By number: the last change that this release makes, and the last that a release must know to run on what it has made. Every release has
 * read all that came before it.
 */
export function tablesFormat(known: Changes = changes): {
  readonly oldest: number;
  readonly written: number;
  readonly readableBy: number;
} {
  const needed = Object.entries(known).map(([name, { readableBy }]) => readableBy ?? numberOf(name));
  const written = Math.max(...Object.keys(known).map(numberOf));
  return { oldest: 1, written, readableBy: Math.max(...needed) };
}

/** 7 of `0007-fewer-pages`. */
export function numberOf(name: string): number {
  return Number.parseInt(name, 10);
}
