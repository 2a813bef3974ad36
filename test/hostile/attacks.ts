import assert from "node:assert/strict";
import { join } from "node:path";
import { type Peer, startPeer } from "#rig/processes.ts";
import { type Check, check } from "../prove/checks.ts";
import type { AttackName } from "./attack.ts";

/** Runs an attack to its end, in a process of its own; its figures are the detail. */
export async function attack(what: string, name: AttackName, wish: object): Promise<Check> {
  return await check(what, async () => {
    await using attacker = await startAttack(name, wish);
    const [figures] = await attacker.line(/^\{.*\}$/m, 60_000);
    assert.doesNotMatch(figures, /"error"/);
    return figures;
  });
}

export async function startAttack(name: AttackName, wish: object): Promise<Peer> {
  const program = join(import.meta.dirname, "attack.ts");
  return await startPeer({ program: process.execPath, words: [program, name, JSON.stringify(wish)] });
}
