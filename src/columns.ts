/** Lines for a terminal: each column as wide as its longest cell, two spaces between. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

/** To the second, without the letters of ISO 8601: the column's head says that it is UTC. */
export function momentCell(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}
