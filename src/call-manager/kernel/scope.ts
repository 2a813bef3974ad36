import { type Call, endsAtMs } from "../call.ts";
import type { InboxCommand } from "../call-inbox-table.ts";
import type { CallOutcome } from "../pages.ts";
import type { BecameTrue, Surroundings } from "../step.ts";
import type { StepName } from "../web-call.ts";
import { whyOver } from "../why-over.ts";

/** Thrown where a step waits, when the call is over under it: a held leg ended, the visitor cancelled, time is up. */
export class CallOver extends Error {
  readonly outcome: CallOutcome;

  constructor(outcome: CallOutcome) {
    super(outcome);
    this.outcome = outcome;
  }
}

/** Thrown where a step waits, when another lane ended the call, or the process closes: this step has nothing more to say. */
export class StepStopped extends Error {}

/** The call that a scope is for, as its runner keeps it. */
export interface RunningCall {
  readonly call: Call;
  readonly inbox: readonly InboxCommand[];
  checkpoint(step: StepName, became: BecameTrue): Promise<void>;
}

/** What a step stands on. Every wait belongs to it, and ends with it. */
export class Scope {
  readonly around: Surroundings;
  readonly #step: StepName;
  readonly #running: RunningCall;
  readonly #waits = new Set<() => void>();
  #stopped = false;

  constructor(step: StepName, running: RunningCall, around: Surroundings) {
    this.around = around;
    this.#step = step;
    this.#running = running;
  }

  /** As it stands now: a checkpoint replaces it. */
  get call(): Call {
    return this.#running.call;
  }

  get inbox(): readonly InboxCommand[] {
    return this.#running.inbox;
  }

  /** A stored moment. Deadlines count from it, so that a crash stretches none. */
  get beganAtMs(): number {
    return this.call.began[this.#step] ?? this.call.beganAtMs;
  }

  /**
   * Waits until `look` sees something (not undefined), and gives it; "too-late" at `untilMs`. It looks now, and again after each
   * event of this call: at what is, not at what happened, so that it sees the same after a crash. Throws CallOver.
   */
  wait<T>(look: () => T | undefined, untilMs = Infinity): Promise<T | "too-late"> {
    const { clock } = this.around;
    const wakeAtMs = this.#step === "say-goodbye" ? untilMs : Math.min(untilMs, endsAtMs(this.call));
    return new Promise((resolve, reject) => {
      const lookAgain = (): void => {
        try {
          this.throwIfOver();
          const seen = look() ?? (clock.now() >= untilMs ? "too-late" : undefined);
          if (seen === undefined) return;
          resolve(seen);
        } catch (thrown) {
          reject(thrown);
        }
        this.#waits.delete(lookAgain);
        cancel();
      };
      const cancel = wakeAtMs < Infinity ? clock.at(wakeAtMs, lookAgain) : () => {};
      this.#waits.add(lookAgain);
      lookAgain();
    });
  }

  /** Writes down what became true in the middle of a step. */
  async note(became: BecameTrue): Promise<void> {
    await this.#running.checkpoint(this.#step, became);
    this.throwIfOver();
  }

  /** Throws CallOver, or StepStopped. For a step that did not wait and is about to do what the world notices. */
  throwIfOver(): void {
    if (this.#stopped) throw new StepStopped();
    if (this.#step === "say-goodbye") return;
    const { unit, clock } = this.around;
    const outcome = whyOver(this.call, { unit, inbox: this.inbox, nowMs: clock.now() });
    if (outcome !== undefined) throw new CallOver(outcome);
  }

  /** Something happened to this call. */
  lookAgain(): void {
    for (const wait of [...this.#waits]) wait();
  }

  stop(): void {
    this.#stopped = true;
    this.lookAgain();
  }
}
