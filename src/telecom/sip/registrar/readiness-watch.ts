import type { Cancel, Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import { type Binding, flowKey } from "./bindings.ts";
import { isAsked, newlyRegistered, type Readiness, type ReadinessInput, step } from "./readiness.ts";

interface WatchParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Sends one OPTIONS to the place, over its flow alone. `heard` is told once what came of it. */
  readonly ask: (phone: string, place: Binding, heard: (input: ReadinessInput) => void) => void;
}

/** One place under watch. */
interface Watched {
  readonly phone: string;
  /** As it was registered last: a refresh may have brought another Path. */
  place: Binding;
  readiness: Readiness;
}

/** Twenty thousand pages that came back together are asked one after the other, never all in one moment. */
const roundMs = 100;
const mostAskedInRound = 100;

/** Asks every place where a page is registered whether it would ring, and knows what they said. */
export class ReadinessWatch {
  readonly #parts: WatchParts;
  readonly #places = new Map<string, Map<string, Watched>>();
  /** Who was asked last stands last: when there are more than a round takes, each has its turn. */
  readonly #turns = new Set<Watched>();
  readonly #told = new Map<string, Set<() => void>>();
  #cancelRound: Cancel = () => {};
  #roundAtMs = Number.POSITIVE_INFINITY;

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  /** The phone's places are these now. One that has another flow is another place: nothing is known of it. */
  follow(phone: string, bindings: readonly Binding[]): void {
    const before = this.#places.get(phone);
    const asked = bindings.filter(({ flow }) => isAsked(flow.transport));
    if (before === undefined && asked.length === 0) return;
    const after = new Map<string, Watched>();
    const nowMs = this.#parts.clock.now();
    for (const place of asked) {
      const known = before?.get(placeKey(place));
      if (known !== undefined) known.place = place;
      after.set(placeKey(place), known ?? { phone, place, readiness: newlyRegistered(nowMs) });
    }
    const gone = [...(before?.values() ?? [])].filter(({ place }) => !after.has(placeKey(place)));
    for (const watched of gone) this.#turns.delete(watched);
    for (const watched of after.values()) this.#turns.add(watched);
    if (after.size === 0) this.#places.delete(phone);
    else this.#places.set(phone, after);
    if ([...after.values()].some(({ readiness }) => readiness.dueAtMs === nowMs)) this.#armRound(nowMs);
    if (gone.length > 0) this.#tell(phone);
  }

  /** True for a place that would ring as far as anybody knows. */
  isReady(phone: string, place: Binding): boolean {
    if (!isAsked(place.flow.transport)) return true;
    return this.#places.get(phone)?.get(placeKey(place))?.readiness.state === "ready";
  }

  /** True while a place of the phone has yet to say its first word. It has four seconds. */
  isAwaited(phone: string): boolean {
    return [...(this.#places.get(phone)?.values() ?? [])].some(({ readiness }) => readiness.state === "new");
  }

  /** Calls `told` whenever a place of the phone has become ready, is so no longer, or has gone. Returns the end of the watch. */
  watch(phone: string, told: () => void): () => void {
    // Another one each time: the same function may watch twice.
    const watcher = (): void => told();
    this.#told.set(phone, (this.#told.get(phone) ?? new Set()).add(watcher));
    return () => {
      const watchers = this.#told.get(phone);
      watchers?.delete(watcher);
      if (watchers?.size === 0) this.#told.delete(phone);
    };
  }

  /** Asks nobody any more, and lets everybody go who waits. */
  dispose(): void {
    this.#cancelRound();
    this.#places.clear();
    this.#turns.clear();
    for (const phone of [...this.#told.keys()]) this.#tell(phone);
  }

  #round(): void {
    this.#roundAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#parts.clock.now();
    let asked = 0;
    for (const watched of [...this.#turns]) {
      const { state, askedAtMs, dueAtMs } = watched.readiness;
      if (dueAtMs === undefined || dueAtMs > nowMs || !this.#turns.has(watched)) continue;
      const isQuestion = askedAtMs === undefined;
      // The first question follows a REGISTER, which has its own limits.
      if (isQuestion && state !== "new" && asked++ >= mostAskedInRound) continue;
      if (isQuestion) {
        this.#turns.delete(watched);
        this.#turns.add(watched);
      }
      this.#take(watched, { type: "due" });
    }
    const dues = [...this.#turns].map(({ readiness }) => readiness.dueAtMs ?? Number.POSITIVE_INFINITY);
    const nextMs = dues.reduce((least, due) => Math.min(least, due), Number.POSITIVE_INFINITY);
    if (nextMs !== Number.POSITIVE_INFINITY) this.#armRound(Math.max(nextMs, nowMs + roundMs));
  }

  /** On a later turn, also when it is to be now: a phone hears that it is registered before it is asked. */
  #armRound(atMs: number): void {
    if (this.#roundAtMs <= atMs) return;
    this.#cancelRound();
    this.#roundAtMs = atMs;
    this.#cancelRound = this.#parts.clock.at(atMs, () => this.#round());
  }

  #take(watched: Watched, input: ReadinessInput): void {
    // What comes for a place that is gone says nothing of the one that has its turn now.
    if (!this.#turns.has(watched)) return;
    const before = watched.readiness;
    const [after, effects] = step(before, input, this.#parts.clock.now());
    watched.readiness = after;
    for (const _ of effects) {
      this.#parts.ask(watched.phone, watched.place, (heard) => this.#take(watched, heard));
    }
    if (input.type !== "due" && after.dueAtMs !== undefined) this.#armRound(after.dueAtMs);
    if (before.state === after.state) return;
    this.#log(watched, input);
    this.#tell(watched.phone);
  }

  #log({ phone, place, readiness }: Watched, input: ReadinessInput): void {
    const { transport } = place.flow;
    if (readiness.state === "ready") return this.#parts.log.info({ phone, transport }, "A phone is ready.");
    const answer = input.type === "answered" ? input.status : "none";
    this.#parts.log.info({ phone, transport, answer }, "A phone is not ready; it is not rung.");
  }

  #tell(phone: string): void {
    for (const told of [...(this.#told.get(phone) ?? [])]) told();
  }
}

function placeKey({ uri, flow }: Binding): string {
  return `${uri} ${flowKey(flow)}`;
}
