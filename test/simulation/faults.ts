import type { Chance } from "./chance.ts";
import { fairWeather, type Weather } from "./datagrams.ts";

/** Something goes wrong at that moment, ms after the world began. */
export type Fault = { readonly atMs: number } & (
  | { readonly kind: Bad; readonly forMs: number; readonly weather: Weather }
  | { readonly kind: "partition"; readonly forMs: number; readonly trunk: number }
  /** At its so-manieth touch of the world from then on; at once where that is 0. */
  | { readonly kind: "web-death"; readonly crossings: number }
  | { readonly kind: "unit-death"; readonly crossings: number }
  | { readonly kind: "local-socket" }
  | { readonly kind: "operator-stop"; readonly forMs: number }
);

type Bad = "loss" | "duplication" | "delay" | "reordering";

const hourMs = 3_600_000;

/** How often an hour. */
const rates = {
  loss: 3,
  duplication: 2,
  delay: 1,
  reordering: 2,
  partition: 2,
  "web-death": 24,
  "unit-death": 12,
  "local-socket": 2,
  "operator-stop": 0.5,
} as const satisfies Record<Fault["kind"], number>;

/** What the seed has in store, in order. */
export function drawFaults(
  chance: Chance,
  of: { readonly hours: number; readonly storm: number; readonly trunks: number },
): readonly Fault[] {
  const { hours, storm, trunks } = of;
  const kinds = Object.keys(rates) as Fault["kind"][];
  return kinds
    .flatMap((kind) => {
      const faults: Fault[] = [];
      const meanMs = hourMs / (rates[kind] * storm);
      for (let atMs = chance.untilNext(meanMs); atMs < hours * hourMs; atMs += chance.untilNext(meanMs))
        faults.push(drawFault(kind, atMs, { chance, trunks }));
      return faults;
    })
    .sort((one, other) => one.atMs - other.atMs);
}

function drawFault(kind: Fault["kind"], atMs: number, of: { chance: Chance; trunks: number }): Fault {
  const { chance, trunks } = of;
  const forMs = chance.between(10_000, 90_000);
  switch (kind) {
    case "loss":
      return { atMs, kind, forMs, weather: { ...fairWeather, loss: chance.between(3, 40) / 100 } };
    case "duplication":
      return { atMs, kind, forMs, weather: { ...fairWeather, duplication: chance.between(10, 90) / 100 } };
    case "delay":
      return { atMs, kind, forMs, weather: { ...fairWeather, delayMs: chance.between(150, 900) } };
    case "reordering":
      return { atMs, kind, forMs, weather: { ...fairWeather, jitterMs: chance.between(30, 90) } };
    case "partition":
      return { atMs, kind, forMs: chance.between(2_000, 100_000), trunk: chance.between(0, trunks - 1) };
    case "web-death":
      return { atMs, kind, crossings: chance.between(0, 40) };
    case "unit-death":
      return { atMs, kind, crossings: chance.between(0, 40) };
    case "local-socket":
      return { atMs, kind };
    case "operator-stop":
      return { atMs, kind, forMs };
  }
}
