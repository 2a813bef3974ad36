import type { LegId, PlayId } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import type { KeyedDigit, PlayEnd, Prompt } from "#contract/telecom.ts";
import type { Call } from "../call.ts";
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
  readonly refusedDials: ReadonlySet<LegId>;
  checkpoint(step: StepName, became: BecameTrue): Promise<void>;
}

/** What a step may do. Every wait belongs to it, and ends with it. */
export class Scope {
  readonly around: Surroundings;
  readonly log: Log;
  readonly #step: StepName;
  readonly #running: RunningCall;
  readonly #waits = new Set<() => void>();
  #stopped = false;

  constructor(step: StepName, running: RunningCall, around: Surroundings) {
    this.around = around;
    this.log = around.log.with({ call: running.call.id, step });
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
  wait<T>(look: () => T | undefined, untilMs?: number): Promise<T | "too-late"> {
    const { clock } = this.around;
    const goodbye = this.#step === "say-goodbye";
    const wakeAtMs = Math.min(untilMs ?? Infinity, goodbye ? Infinity : this.call.endsAtMs);
    return new Promise((resolve, reject) => {
      const lookAgain = (): void => {
        try {
          this.#throwIfOver();
          const seen = look() ?? (untilMs !== undefined && clock.now() >= untilMs ? "too-late" : undefined);
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
  note(became: BecameTrue): Promise<void> {
    return this.#running.checkpoint(this.#step, became);
  }

  /** Begins to say something. The same `name` again on the same leg is the same play, and is heard once. */
  play(leg: LegId, name: string, prompt: Prompt, loop = false): PlayId {
    const play = `${leg}.${name}` as PlayId;
    this.around.unit.send({ type: "play", leg, play, prompt, loop, barge: false });
    return play;
  }

  /** Says it and waits until it was heard, or cut short. */
  say(leg: LegId, name: string, prompt: Prompt): Promise<PlayEnd | "too-late"> {
    const play = this.play(leg, name, prompt);
    // The unit ends every play; the limit is for a unit that broke.
    return this.wait(() => {
      const line = this.around.unit.leg(leg);
      return line?.played[play] ?? (line?.state === "answered" ? undefined : "leg-ended");
    }, this.around.clock.now() + 120_000);
  }

  /** The digits of a leg that nobody has dealt with, oldest first. */
  digits(leg: LegId): readonly KeyedDigit[] {
    const taken = this.call.digitsTaken[leg] ?? 0;
    return (this.around.unit.leg(leg)?.digits ?? []).filter((key) => key.seq > taken);
  }

  dialRefused(leg: LegId): boolean {
    return this.#running.refusedDials.has(leg);
  }

  /** Something happened to this call. */
  lookAgain(): void {
    for (const wait of [...this.#waits]) wait();
  }

  stop(): void {
    this.#stopped = true;
    this.lookAgain();
  }

  #throwIfOver(): void {
    if (this.#stopped) throw new StepStopped();
    if (this.#step === "say-goodbye") return;
    const { unit, clock } = this.around;
    const outcome = whyOver(this.call, { unit, inbox: this.inbox, nowMs: clock.now() });
    if (outcome !== undefined) throw new CallOver(outcome);
  }
}
