import type { Clock } from "#base/clock.ts";
import type { LegId } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import type { Network } from "#network/network.ts";
import type { Database, Transaction } from "#store/database.ts";
import type { TelecomUnit } from "#telecom/client.ts";
import type { CallFacts } from "./call.ts";
import type { InboxCommand } from "./call-inbox-table.ts";
import type { Scope } from "./kernel/scope.ts";
import type { CallOutcome, SessionPage } from "./pages.ts";
import type { StepName } from "./web-call.ts";

/**
 * One named act of the call flow. It may be run again from its top at any time, after a crash, so all that it does is safe to do
 * twice: telephone verbs name what they make, and what is not repeatable goes with a checkpoint.
 */
export type Step = (scope: Scope) => Promise<StepEnd>;

/** What a step has made true. All of it is written in one transaction, or none. */
export interface BecameTrue {
  /** For the journal: `answered`, `wrong-pin`. */
  readonly fact: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly call?: Partial<CallFacts>;
  /** Digits of this leg up to `throughSeq` are dealt with. */
  readonly took?: { readonly leg: LegId; readonly throughSeq: number };
  /** Inbox commands that are dealt with. */
  readonly obeyed?: readonly InboxCommand[];
  readonly pages?: readonly SessionPage[];
  /** What other tables must hold from the same moment on (a permit, a refused number); gives the facts that come of it. May run twice. */
  readonly alongside?: (tx: Transaction) => Promise<Partial<CallFacts>>;
}

/** How a step ends: on to the next one; the call over; or back to an earlier one. */
export interface StepEnd extends BecameTrue {
  readonly over?: CallOutcome;
  readonly backTo?: StepName;
  /**
   * It may be written down with what becomes true next: no page tells it, and after a crash the step finds by itself that all of it was
   * done. A commit less.
   */
  readonly withNext?: true;
}

/** What stands around every call. */
export interface Surroundings {
  readonly database: Database;
  readonly unit: TelecomUnit;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}
