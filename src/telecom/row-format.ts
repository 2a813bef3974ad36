/**
 * The versions of what the unit's journal holds (docs/decisions/0111-both-ways.md). Whoever opens a journal brings its rows up to its own
 * version, by one step a version, and begins a file of its own with them: so a file is all of one version. The way back needs no steps: what
 * comes is added, and who does not know it passes it over. Where that is not enough, `readableBy` rises.
 */
export interface RowFormat {
  /** The version in which rows are written. */
  readonly written: number;
  /** The oldest version that is still read. */
  readonly oldest: number;
  /** The lowest version that may read what is written now. */
  readonly readableBy: number;
  /** By version: makes a row of it what the next version would have written. */
  readonly steps: ReadonlyMap<number, Step>;
}

/** Pure. What it does not know of the content it leaves as it is. */
export type Step = (row: { readonly kind: string; readonly content: unknown }) => unknown;

export const rowFormat: RowFormat = { written: 1, oldest: 1, readableBy: 1, steps: new Map() };

/** A row of a later version is read as one of ours: its file says that we may. */
export function broughtUp(
  { written, steps }: Pick<RowFormat, "written" | "steps">,
  version: number,
  { kind, content }: { readonly kind: string; readonly content: unknown },
): unknown {
  let now = content;
  for (let from = version; from < written; from++) now = steps.get(from)?.({ kind, content: now }) ?? now;
  return now;
}

/** Why a file cannot be read, by what it says of itself; undefined when it can. */
export function whyUnreadable(
  ours: Pick<RowFormat, "oldest" | "written">,
  file: Pick<RowFormat, "written" | "readableBy">,
): string | undefined {
  if (file.readableBy > ours.written)
    return `is of version ${file.written}, which ${file.readableBy} and later read; this is ${ours.written}`;
  if (file.written < ours.oldest)
    return `is of version ${file.written}; this release reads ${ours.oldest} and later`;
  return undefined;
}
