import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Manner } from "./plan.ts";

export type Side = "user" | "center";

/** One leg as its telephone saw it. Moments are wall time. */
export interface LegSeen {
  readonly call: number;
  readonly side: Side;
  readonly rangAtMs: number;
  answeredAtMs?: number;
  endedAtMs?: number;
  /** Why it ended, in the telephone's words. */
  why?: string;
}

export type ToPhones = { readonly type: "tell" } | { readonly type: "count" };

export type FromPhones =
  | { readonly type: "bound"; readonly ports: Readonly<Record<Side, number>> }
  | { readonly type: "told"; readonly legs: readonly LegSeen[]; readonly notes: readonly string[] }
  | { readonly type: "counted"; readonly up: number };

/** All telephones of a soak, visitors' and center's, in a process of their own. */
export interface Phones extends AsyncDisposable {
  readonly pid: number;
  readonly ports: Readonly<Record<Side, number>>;
  /** Every leg that rang so far, and what was odd on the way. */
  told(): Promise<Pick<Extract<FromPhones, { type: "told" }>, "legs" | "notes">>;
  /** How many legs ring or are answered now. */
  up(): Promise<number>;
}

export async function startPhones(manner: Manner): Promise<Phones> {
  const child = fork(new URL("./phones.ts", import.meta.url), [JSON.stringify(manner)]);
  const ask = async <T extends "told" | "counted">(wish: ToPhones, type: T) => {
    child.send(wish);
    return await heard(child, type);
  };
  const { ports } = await heard(child, "bound");
  return {
    pid: child.pid ?? 0,
    ports,
    told: () => ask({ type: "tell" }, "told"),
    up: async () => (await ask({ type: "count" }, "counted")).up,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}

async function heard<T extends FromPhones["type"]>(
  child: ChildProcess,
  type: T,
): Promise<Extract<FromPhones, { type: T }>> {
  for (;;) {
    const [message] = (await once(child, "message")) as [FromPhones];
    if (message.type === type) return message as Extract<FromPhones, { type: T }>;
  }
}
