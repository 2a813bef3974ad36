import type { ActiveResources } from "#base/active-resources.ts";
import type { ErrorCode } from "#base/errors.ts";
import type { LoopLag } from "#base/event-loop-lag.ts";
import type { LegId } from "#base/ids.ts";
import type { MediaEvent } from "./media-engine.ts";
import type { MediaNode } from "./media-node.ts";
import type { PortRange } from "./port-pairs.ts";

/**
 * What goes between the embedded engine and its worker thread: `Request`s there, `FromWorker`s back, each time all that was said
 * within one turn. Both ends are this program: nothing is checked twice.
 */

export interface WorkerSettings {
  readonly portRange: PortRange;
  readonly mediaTimeoutMs: number;
  readonly sockets: SocketsChoice;
  /** A `DescriptorLedger`'s. */
  readonly descriptors: SharedArrayBuffer;
}

/** `auto`: koffi where it can be had and works, else dgram. */
export type SocketsChoice = "auto" | "dgram" | "koffi";

export type Verb =
  | "createTermination"
  | "restoreTermination"
  | "createOffer"
  | "setAnswer"
  | "createAnswer"
  | "play"
  | "stopPlay"
  | "sendDtmf"
  | "join"
  | "unjoin"
  | "release"
  | "stats"
  | "audit"
  | "figures"
  | "close";

export type VerbArguments<V extends Verb> = Parameters<MediaNode[V]>;

export type Request = {
  [V in Verb]: { readonly id: number; readonly verb: V; readonly arguments: VerbArguments<V> };
}[Verb];

/** What the thread adds to its node's figures. */
export type EngineFigures = ReturnType<MediaNode["figures"]> & {
  readonly lag: LoopLag;
  readonly resources: ActiveResources;
};

export type FromWorker =
  | { readonly type: "ready"; readonly sockets: "dgram" | "koffi"; readonly why: string | undefined }
  | { readonly type: "done"; readonly id: number; readonly value: unknown }
  | {
      readonly type: "failed";
      readonly id: number;
      readonly code: ErrorCode;
      readonly details: Readonly<Record<string, unknown>>;
      readonly message: string;
    }
  | { readonly type: "event"; readonly event: MediaEvent }
  | { readonly type: "bug"; readonly termination: LegId; readonly error: Error };

/**
 * What is said within one turn of the event loop leaves as one message, in its order: a message costs its thread, and the other
 * one, more than what most of them say.
 */
export function gathered<T>(post: (said: readonly T[]) => void): (saying: T) => void {
  let said: T[] = [];
  return (saying) => {
    said.push(saying);
    if (said.length > 1) return;
    process.nextTick(() => {
      const all = said;
      said = [];
      post(all);
    });
  };
}
