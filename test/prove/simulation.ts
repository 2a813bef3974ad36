import { huntAll, huntNothing } from "../simulation/mutation-gate.ts";
import { plantedFaults } from "../simulation/planted-faults.ts";
import { run, sideBySide } from "../simulation/side-by-side.ts";
import type { Check } from "./checks.ts";

const worlds = 20;
const hoursEach = 50;
/** So few that a thousand hours take some minutes: what counts is what goes wrong meanwhile, about 38 times an hour. */
const callsAnHour = 12;
const mostMs = 10 * 60_000;
/** Of the planted faults, this many may stay unfound. */
const mayEscape = 1;
const gateSeconds = 300;

/** S2, its first half: many worlds, each an invariant more often tried. */
export async function* proveSimulation(): AsyncIterable<Check> {
  const beganAtMs = performance.now();
  const seeds = Array.from({ length: worlds }, (_, at) => 1_000 + at);
  let calls = 0;
  let first: { readonly seed: number; readonly hash: string } | undefined;
  for await (const { seed, code, said } of sideBySide(seeds, world)) {
    calls += Number(/(\d+) calls,/.exec(said)?.[1] ?? 0);
    const hash = hashIn(said);
    if (seed === seeds[0]) first = { seed, hash };
    const detail = code === 0 ? told(said) : said;
    yield { name: `seed ${seed}, ${hoursEach} h`, passed: code === 0 && hash !== "", detail };
  }
  const seconds = (performance.now() - beganAtMs) / 1000;
  const hours = worlds * hoursEach;
  yield {
    name: `${hours} simulated hours`,
    passed: hours >= 1_000 && calls > hours,
    detail: `${calls} calls in ${seconds.toFixed(0)} s: ${(hours / seconds).toFixed(1)} hours a second`,
  };
  const again = first === undefined ? undefined : await world(first.seed);
  const isSame = again !== undefined && first !== undefined && hashIn(again.said) === first.hash;
  yield { name: "the same seed again has the same history", passed: isSame, detail: first?.hash ?? "" };
}

/** S2, its second half: whoever breaks the product is found. */
export async function* proveMutations(): AsyncIterable<Check> {
  const beganAtMs = performance.now();
  const escaped: string[] = [];
  const untouched = await huntNothing();
  yield {
    name: "without a fault nothing is found",
    passed: untouched === undefined,
    detail: untouched ?? "",
  };
  for await (const { name, foundBy, seconds } of huntAll()) {
    if (foundBy === undefined) escaped.push(name);
    console.log(
      `        ${seconds.toFixed(0).padStart(3)} s  ${name}: ${foundBy?.slice(0, 110) ?? "not found"}`,
    );
  }
  const seconds = (performance.now() - beganAtMs) / 1000;
  const found = plantedFaults.length - escaped.length;
  yield {
    name: `of ${plantedFaults.length} planted faults ${found} are found`,
    passed: plantedFaults.length >= 25 && escaped.length <= mayEscape,
    detail: escaped.join("; "),
  };
  yield {
    name: "within five minutes in all",
    passed: seconds <= gateSeconds,
    detail: `${seconds.toFixed(0)} s`,
  };
}

async function world(seed: number) {
  const args = ["--seed", String(seed), "--hours", String(hoursEach), "--calls", String(callsAnHour)];
  return { seed, ...(await run("simulate.ts", { args, mostMs })) };
}

function hashIn(said: string): string {
  return /^hash ([0-9a-f]{64})$/m.exec(said)?.[1] ?? "";
}

function told(said: string): string {
  return said.split("\n")[0]?.replace(/^seed \d+ +\d+ h +/, "") ?? "";
}
