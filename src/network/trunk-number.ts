import type { Trunk } from "./records.ts";

/** A number as this trunk wants it written. A number of a private plan has no plus and stays as it is. */
export function numberOnTrunk(trunk: Pick<Trunk, "numberFormat">, number: string): string {
  return trunk.numberFormat === "e164-no-plus" ? number.replace(/^\+/, "") : number;
}
