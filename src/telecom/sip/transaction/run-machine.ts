import type { Cancel, Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import type { Effect, Step, TimerName } from "./machine.ts";

type Outward = Exclude<Effect<TimerName>, { readonly type: "set-timer" | "cancel-timer" }>;

export interface MachineOptions<State, Input, Timer extends TimerName> {
  readonly first: Step<State, Timer>;
  step(state: State, input: Input): Step<State, Timer>;
  timerInput(timer: Timer): Input;
  /** Carries out what is not a timer. */
  perform(effect: Outward): void;
  /** The machine has terminated; its timers are gone. Called once. */
  ended(): void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Runs one transaction machine: keeps its state and its timers, and carries out its effects in their order. */
export class RunningMachine<State extends { readonly name: string }, Input, Timer extends TimerName> {
  readonly #options: MachineOptions<State, Input, Timer>;
  readonly #timers = new Map<Timer, Cancel>();
  readonly #waiting: Input[] = [];
  #state: State;
  #busy = false;
  #ended = false;

  constructor(options: MachineOptions<State, Input, Timer>) {
    this.#options = options;
    this.#state = options.first.state;
  }

  /** Carries out the first step. Apart from the constructor, so that its owner is complete when the effects come. */
  start(): void {
    this.#guarded(() => {
      this.#take(this.#options.first);
      this.#takeWaiting();
    });
  }

  get state(): State {
    return this.#state;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** After the end an input means nothing. One that comes out of an effect waits until that step's effects are done. */
  input(input: Input): void {
    if (this.#ended) return;
    this.#waiting.push(input);
    if (this.#busy) return;
    this.#guarded(() => this.#takeWaiting());
  }

  #takeWaiting(): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (this.#ended) return;
      this.#take(this.#options.step(this.#state, next));
    }
  }

  /** Ends it from outside: no effects, no further input. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#options.ended();
  }

  #take({ state, effects }: Step<State, Timer>): void {
    this.#state = state;
    for (const effect of effects) {
      if (effect.type === "set-timer") this.#setTimer(effect.timer, effect.atMs);
      else if (effect.type === "cancel-timer") this.#cancelTimer(effect.timer);
      else this.#options.perform(effect);
    }
    if (state.name === "terminated") this.end();
  }

  #setTimer(timer: Timer, atMs: number): void {
    this.#cancelTimer(timer);
    const fire = (): void => {
      this.#timers.delete(timer);
      this.input(this.#options.timerInput(timer));
    };
    this.#timers.set(timer, this.#options.clock.at(atMs, fire));
  }

  #cancelTimer(timer: Timer): void {
    this.#timers.get(timer)?.();
    this.#timers.delete(timer);
  }

  /** A bug ends this one transaction, not the process: a timer that throws would. */
  #guarded(work: () => void): void {
    this.#busy = true;
    try {
      work();
    } catch (error) {
      this.#options.log.error({ error, state: this.#state.name }, "A SIP transaction failed.");
      this.end();
    } finally {
      this.#busy = false;
    }
  }
}
