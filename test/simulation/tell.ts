import { sinceBeginning, type Noted } from "./history.ts";
import type { Outcome } from "./run-world.ts";

const mostLines = 120;
const mostTold = 10;

/** A run, for a person. */
export function tell({ wish, history, ...of }: Outcome, options: { readonly all: boolean }): string {
  const told = history.violations
    .slice(0, mostTold)
    .flatMap((violation) => [
      "",
      `VIOLATED ${violation.invariant} at ${sinceBeginning(violation.atMs)}: ${violation.what}`,
      ...history.around(violation).slice(-mostLines).map(line),
    ]);
  return [
    ...(options.all ? history.lines.map(line) : []),
    `seed ${wish.seed}  ${wish.hours} h  ${of.calls} calls, ${of.bridged} of them bridged  ${of.packets} SIP messages`,
    `faults: ${counts(of.faults)}`,
    `ends: ${counts(of.outcomes)}`,
    ...told,
    `${history.violations.length} violations`,
    `hash ${of.hash}`,
  ].join("\n");
}

function line({ atMs, about, what }: Noted): string {
  return `  ${sinceBeginning(atMs)}  ${about}  ${what}`;
}

function counts(of: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(of).sort(([one], [other]) => one.localeCompare(other));
  return sorted.map(([name, count]) => `${name} ${count}`).join(", ");
}
