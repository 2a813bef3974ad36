import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Strings that broke other people's pages, from the public lists beside the project; none when they are not there. */
export function hostileStrings(): readonly string[] {
  const folder = join(import.meta.dirname, "../../../shared/corpora/web");
  if (!existsSync(folder)) return [];
  const strings = new Set<string>();
  for (const file of readdirSync(folder)) {
    const text = readFileSync(join(folder, file), "utf8");
    const found: unknown = file.endsWith(".json")
      ? JSON.parse(text)
      : file.endsWith(".txt")
        ? text.split("\n")
        : [];
    if (Array.isArray(found)) for (const string of found) if (typeof string === "string") strings.add(string);
  }
  return [...strings];
}
