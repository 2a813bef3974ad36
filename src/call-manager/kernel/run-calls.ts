import { until } from "#base/clock.ts";
import { type CallId, sessionMark } from "#base/ids.ts";
import type { TelecomEvent } from "#contract/telecom.ts";
import { type Call, callOfLeg } from "../call.ts";
import { liveCalls } from "../call-table.ts";
import { stepsOf } from "../call-progress.ts";
import { endStrayLegs } from "../stray-legs.ts";
import type { StepName } from "../web-call.ts";
import { CallRunner, type KernelSurroundings } from "./run-call.ts";

const pauseMs = 1000;

/** Runs all live calls, each by itself. */
export class CallRunners {
  readonly #around: KernelSurroundings;
  readonly #runners = new Map<CallId, CallRunner>();
  readonly #closing = new AbortController();
  readonly #stopListening: () => void;
  #allTakenUp = false;

  constructor(around: Omit<KernelSurroundings, "onEnded">) {
    this.#around = { ...around, onEnded: (call) => this.#ended(call) };
    this.#stopListening = around.unit.onEvent((event) => this.#hear(event));
  }

  /** Waits for the unit's snapshot, then runs every unfinished call from its stored step. */
  async takeUp(): Promise<void> {
    const { database, unit } = this.#around;
    await unit.ready(this.#closing.signal);
    const calls = await this.#untilDone("read the live calls", () => liveCalls(database));
    await Promise.all(calls.map((call) => this.run(call)));
    this.#allTakenUp = true;
    this.#endStrayLegs();
  }

  async run(call: Call): Promise<void> {
    if (this.#runners.has(call.id) || this.#closing.signal.aborted) return;
    const runner = new CallRunner(call, this.#around);
    this.#runners.set(call.id, runner);
    const log = this.#around.log.with({ call: call.id, session: sessionMark(call.session) });
    await this.#untilDone("start a call", () => runner.start(), log);
  }

  steps(): readonly StepName[] {
    return [...this.#runners.values()].flatMap(({ call }) => stepsOf(call).slice(0, 1));
  }

  async readInbox(call: CallId): Promise<void> {
    await this.#runners.get(call)?.readInbox();
  }

  /** Every call stays as it stands. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#stopListening();
    await Promise.all([...this.#runners.values()].map((runner) => runner.close()));
  }

  #hear(event: TelecomEvent): void {
    if (event.type === "snapshot") {
      this.#endStrayLegs();
      for (const runner of this.#runners.values()) runner.lookAgain();
      return;
    }
    const name = event.type === "bridged" || event.type === "unbridged" ? event.bridge : event.leg;
    const runner = name === undefined ? undefined : this.#runners.get(callOfLeg(name));
    if (event.type === "leg-ended" && runner === undefined) this.#endStrayLegs();
    runner?.lookAgain();
  }

  #ended(call: Call): void {
    this.#runners.delete(call.id);
    this.#endStrayLegs();
  }

  #endStrayLegs(): void {
    if (!this.#allTakenUp) return;
    endStrayLegs((call) => this.#runners.has(call), this.#around).catch((error: unknown) =>
      this.#around.log.error({ error }, "Legs without a call could not be told from others."),
    );
  }

  async #untilDone<T>(what: string, work: () => Promise<T>, log = this.#around.log): Promise<T> {
    const { clock } = this.#around;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        this.#closing.signal.throwIfAborted();
        log.error({ what, error }, "The call manager could not go on; it tries again.");
        await until(clock, clock.now() + pauseMs, this.#closing.signal);
      }
    }
  }
}
