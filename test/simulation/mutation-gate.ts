import { type PlantedFault, plantedFaults } from "./planted-faults.ts";
import { run, sideBySide } from "./side-by-side.ts";

export interface Hunted {
  readonly name: string;
  /** The invariant that it broke, or how its world came to no end; undefined when nothing was found. */
  readonly foundBy: string | undefined;
  readonly seconds: number;
}

/** A fault that makes its world turn on the spot is not waited for. */
const mostMs = 90_000;

/** Without a fault: what it finds then is none of theirs. */
export async function huntNothing(): Promise<string | undefined> {
  const { code, said } = await run("hunt.ts", { mostMs });
  return code === 1 && said.startsWith("nothing was found") ? undefined : said;
}

/** Plants one fault after the other, and lets worlds run until one finds it. */
export function huntAll(): AsyncIterable<Hunted> {
  return sideBySide(plantedFaults, hunt);
}

export async function hunt({ name }: PlantedFault): Promise<Hunted> {
  const environment = { TANDEM_PLANTED_FAULT: name };
  const { code, said, seconds } = await run("hunt.ts", { preload: "plant.ts", environment, mostMs });
  const [first = ""] = said.split("\n");
  return { name, foundBy: code === 0 ? first : undefined, seconds };
}
