import type { Cancel, Clock } from "#base/clock.ts";
import type { LegId } from "#base/ids.ts";
import type { Command, LegState, TelecomEvent } from "#contract/telecom.ts";
import type { TelecomUnit } from "#telecom/client.ts";
import { CommandsToRepeat } from "#telecom/wire/commands-to-repeat.ts";
import { LegMirror } from "#telecom/wire/leg-mirror.ts";

export interface FarSide {
  readonly take: (command: Command) => void;
  readonly snapshot: () => TelecomEvent;
  readonly closed: (client: VirtualClient) => void;
}

/** One connection to the unit. Both directions take a turn of the clock, as a socket does, and keep their order. */
export class VirtualClient implements TelecomUnit {
  readonly #clock: Clock;
  readonly #unit: FarSide;
  readonly #mirror = new LegMirror();
  readonly #listeners = new Set<(event: TelecomEvent) => void>();
  readonly #ready = Promise.withResolvers<void>();
  readonly #timers = new Set<Cancel>();
  readonly #repeats = new CommandsToRepeat();
  #linked = false;
  connected = false;
  boot: string | undefined;

  constructor(clock: Clock, unit: FarSide) {
    this.#clock = clock;
    this.#unit = unit;
    this.#ready.promise.catch(() => {});
  }

  send(command: Command): void {
    const said = structuredClone(command);
    const nowMs = this.#clock.now();
    this.#repeats.said(said, { nowMs, connected: this.connected });
    if (this.connected) this.#say(said);
    this.#mirror.said(said, nowMs);
  }

  leg(leg: LegId): LegState | undefined {
    return this.#mirror.leg(leg);
  }

  legs(): readonly LegState[] {
    return this.#mirror.legs();
  }

  onEvent(listener: (event: TelecomEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async ready(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await Promise.race([
      this.#ready.promise,
      new Promise<never>((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
    ]);
  }

  async close(): Promise<void> {
    this.cut();
    this.#listeners.clear();
    this.#unit.closed(this);
    for (const cancel of this.#timers) cancel();
  }

  /** The connection breaks: events are lost, commands wait. */
  cut(): void {
    this.connected = false;
    this.#linked = false;
  }

  restore(): void {
    this.#linked = true;
    this.#soon(() => this.hear(this.#unit.snapshot()));
  }

  hear(event: TelecomEvent): void {
    if (!this.#linked) return;
    this.#soon(() => {
      if (!this.#linked || (event.type !== "snapshot" && !this.connected)) return;
      this.#mirror.heard(event);
      this.#repeats.heard(event);
      if (event.type === "snapshot") this.#begin(event);
      for (const listener of [...this.#listeners]) listener(event);
    });
  }

  #begin({ unitBoot }: Extract<TelecomEvent, { type: "snapshot" }>): void {
    const nowMs = this.#clock.now();
    const isSame = this.boot === unitBoot;
    this.connected = true;
    this.boot = unitBoot;
    for (const command of this.#repeats.again(this.#mirror, { isSame, nowMs })) {
      this.#say(command);
      this.#mirror.said(command, nowMs);
    }
    this.#ready.resolve();
  }

  #say(command: Command): void {
    this.#soon(() => this.#unit.take(command));
  }

  #soon(then: () => void): void {
    const cancel = this.#clock.at(this.#clock.now(), () => {
      this.#timers.delete(cancel);
      then();
    });
    this.#timers.add(cancel);
  }
}
