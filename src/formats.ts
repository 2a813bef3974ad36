import { agreed, type Range, wireRange } from "#contract/versions.ts";
import { tablesFormat } from "#store/tables-format.ts";
import { rowFormat } from "#telecom/row-format.ts";

/**
 * What an installation reads and writes, for whoever would put another in its place (docs/decisions/0111-both-ways.md). Run as a
 * program it prints them as JSON: so a supervisor asks of a version that it does not know.
 */
export interface Formats {
  /** The words between the web process and the unit. */
  readonly wire: Range;
  /** The rows of the unit's journal. */
  readonly rows: Written;
  /** The database: its tables, by their migrations, with the calls and the journal in them. */
  readonly tables: Written;
}

interface Written {
  readonly oldest: number;
  readonly written: number;
  /** The lowest `written` of those that may read it. */
  readonly readableBy: number;
}

export const formats: Formats = {
  wire: wireRange,
  rows: { oldest: rowFormat.oldest, written: rowFormat.written, readableBy: rowFormat.readableBy },
  tables: tablesFormat(),
};

/** Why `next` cannot take over from `now` with its calls up, and be taken over from again; undefined when it can. */
export function whyApart(now: Formats, next: Formats): string | undefined {
  if (agreed(now.wire, next.wire) === undefined)
    return "the two would not understand each other while one is put in the other's place";
  for (const [what, before, after] of [
    ["the unit's journal", now.rows, next.rows],
    ["the database", now.tables, next.tables],
  ] as const) {
    if (!reads(after, before)) return `it does not read ${what} as this version writes it`;
    if (!reads(before, after))
      return `there would be no way back: this version does not read ${what} as that one writes it`;
  }
  return undefined;
}

function reads(reader: Written, writer: Written): boolean {
  return writer.readableBy <= reader.written && writer.written >= reader.oldest;
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(formats)}\n`);
