import type { JSONPath } from "jsonc-parser";
import { getCountries } from "libphonenumber-js/max";
import type { Trunk } from "../records.ts";
import type { Reading } from "./read-policy.ts";

const countries: ReadonlySet<string> = new Set(getCountries());

export function checkTrunk(
  trunk: string,
  path: JSONPath,
  trunks: ReadonlyMap<string, Trunk>,
  { complaints }: Reading,
): void {
  if (!trunks.has(trunk)) complaints.add(path, `${trunk} is none of the trunks`);
}

export function checkCountries(told: readonly string[], path: JSONPath, { complaints }: Reading): void {
  told.forEach((country, index) => {
    if (countries.has(country)) return;
    complaints.add(
      path.at(-1) === "allowedCountries" ? [...path, index] : [...path, "country"],
      `${country} is no country`,
    );
  });
}
