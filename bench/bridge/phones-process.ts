import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** UDP ports of a call's two ends. */
export type PortsOfCall = readonly [number, number];

export interface LoadFigures extends WayFigures {
  readonly seconds: number;
  /** Of the pairs with nobody between them, at the same time. */
  readonly direct: WayFigures;
}

/** How frames went from phone to phone. */
export interface WayFigures {
  readonly lossPercent: number;
  /** From saying to hearing, the phones' own waiting in it. */
  readonly delayMedianMs: number;
  readonly delayP99Ms: number;
  /** RFC 5481 4.2: the 99th percentile of delay beyond the least one, on the way phone to phone. */
  readonly jitterP99Ms: number;
}

export type FromBench =
  | {
      readonly type: "speak";
      readonly to: readonly PortsOfCall[] | "to whom they hear";
      /** By call: of the second phone's SRTP, as what it hears is protected; none where it speaks plain RTP. */
      readonly keys: readonly string[];
    }
  | { readonly type: "measure"; readonly seconds: number };

export type ToBench =
  | { readonly type: "bound"; readonly ports: readonly PortsOfCall[] }
  | { readonly type: "begun" }
  | { readonly type: "over" }
  | { readonly type: "figures"; readonly figures: LoadFigures };

/** Pairs of phones, in a process of their own. */
export interface PhonesOfBench extends AsyncDisposable {
  readonly ports: readonly PortsOfCall[];
  /** To the ports of whoever relays their call; or each, once it hears somebody, to them. */
  speak(to: readonly PortsOfCall[] | "to whom they hear", keys?: readonly string[]): void;
  /** Measures for so long; `spent` counts at the beginning and at the end of just that time. */
  measure(
    seconds: number,
    spent: () => readonly number[],
  ): Promise<LoadFigures & { readonly spent: readonly number[] }>;
}

/** `direct` more pairs speak to each other, with nobody between them. */
export async function startPhones(calls: number, direct = 0): Promise<PhonesOfBench> {
  const child = fork(new URL("./phones.ts", import.meta.url), [String(calls), String(direct)]);
  const say = (message: FromBench): void => void child.send(message);
  const { ports } = await told(child, "bound");
  return {
    ports,
    speak: (to, keys = []) => say({ type: "speak", to, keys }),
    async measure(seconds, spent) {
      say({ type: "measure", seconds });
      await told(child, "begun");
      const before = spent();
      await told(child, "over");
      const after = spent();
      const { figures } = await told(child, "figures");
      return { ...figures, spent: after.map((each, n) => each - (before[n] ?? 0)) };
    },
    [Symbol.asyncDispose]: () => end(child),
  };
}

async function told<T extends ToBench["type"]>(
  child: ChildProcess,
  type: T,
): Promise<Extract<ToBench, { type: T }>> {
  for (;;) {
    const [message] = (await once(child, "message")) as [ToBench];
    if (message.type === type) return message as Extract<ToBench, { type: T }>;
  }
}

/** Ends a process of the bench, and waits until it has ended. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill();
  await ended;
}
