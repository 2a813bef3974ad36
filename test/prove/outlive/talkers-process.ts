import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** What one telephone heard of the other since it was last asked. */
export interface Heard {
  /** The longest time without a frame of the other's, in ms; Infinity when there was none at all. */
  readonly gapMs: number;
  readonly frames: number;
  /** Of the stream that it hears: more than one is another stream to a jitter buffer. */
  readonly sources: number;
  /** Frames numbered before one that had come: a stream never goes back. */
  readonly backwards: number;
}

export type ToTalkers =
  | { readonly type: "speak"; readonly to: readonly (readonly [number, number])[] | "to whom they hear" }
  | { readonly type: "begin" }
  | { readonly type: "tell" };

export type FromTalkers =
  | { readonly type: "bound"; readonly ports: readonly (readonly [number, number])[] }
  | { readonly type: "begun" }
  | { readonly type: "told"; readonly heard: readonly Heard[] };

/** Pairs of telephones that talk without a pause, in a process of their own. */
export interface Talkers extends AsyncDisposable {
  readonly ports: readonly (readonly [number, number])[];
  speak(to: Extract<ToTalkers, { type: "speak" }>["to"]): void;
  /** Counts from now on; returns what each has heard until it is called. */
  listen(): Promise<() => Promise<readonly Heard[]>>;
}

export async function startTalkers(pairs: number): Promise<Talkers> {
  const child = fork(new URL("./talkers.ts", import.meta.url), [String(pairs)]);
  const say = (message: ToTalkers): void => void child.send(message);
  const { ports } = await told(child, "bound");
  return {
    ports,
    speak: (to) => say({ type: "speak", to }),
    async listen() {
      say({ type: "begin" });
      await told(child, "begun");
      return async () => {
        say({ type: "tell" });
        return (await told(child, "told")).heard;
      };
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}

async function told<T extends FromTalkers["type"]>(
  child: ChildProcess,
  type: T,
): Promise<Extract<FromTalkers, { type: T }>> {
  for (;;) {
    const [message] = (await once(child, "message")) as [FromTalkers];
    if (message.type === type) return message as Extract<FromTalkers, { type: T }>;
  }
}
