import type { Log } from "#base/log.ts";
import type { CallStanding, ForkStanding, Told } from "./call-standing.ts";
import type { CallEvent } from "./dialog/call-state.ts";
import { ForkedCall } from "./forked-call.ts";
import type { CallParts, RunningCall } from "./placed-call.ts";
import type { KeptRows } from "./kept-rows.ts";
import type { CallListener, PlacedCall } from "./user-agent.ts";

/** A call that another process placed: on the wire again, and waiting for whoever it is about. */
interface KeptCall extends PlacedCall {
  readonly told: Told | undefined;
}

export interface KeptParts {
  readonly log: Log;
  readonly journal: KeptRows;
  /** Makes the call go on; undefined when it cannot be read. */
  readonly resume: (name: string, standing: CallStanding, heard: CallParts["tell"]) => RunningCall;
}

/**
 * The calls that were found in the journal. All of them are on the wire again before the first packet is read, or the far end would hear
 * that we know nothing of its call. What they tell before somebody listens is kept.
 */
export class KeptCalls {
  readonly #parts: KeptParts;
  readonly #single = new Map<string, CallStanding>();
  readonly #forks = new Map<string, ForkStanding>();
  readonly #waiting = new Map<string, { readonly call: KeptCall; readonly ear: Ear }>();

  constructor(parts: KeptParts) {
    this.#parts = parts;
    for (const { id, content } of parts.journal.found("call")) {
      if (isFork(id)) this.#forks.set(id, content as ForkStanding);
      else this.#single.set(id, content as CallStanding);
    }
    for (const [name, standing] of this.#forks) this.#guarded(name, () => this.#restoreFork(name, standing));
    for (const [name, standing] of this.#single) this.#guarded(name, () => this.#restore(name, standing));
    this.#single.clear();
    this.#forks.clear();
  }

  takeUp(
    name: string,
    heard: CallListener,
  ): { readonly call: PlacedCall; readonly told: Told | undefined } | undefined {
    const kept = this.#waiting.get(name);
    if (kept === undefined) return undefined;
    this.#waiting.delete(name);
    const { told } = kept.call;
    kept.ear.listen(heard);
    return { call: kept.call, told };
  }

  /** Nobody's: what still rings or talks is hung up, and the rest waits for its echo as it would have. */
  leaveTheRest(): void {
    for (const { call, ear } of this.#waiting.values()) {
      ear.listen(() => {});
      call.say({ type: "hang-up", headers: [] });
    }
    this.#waiting.clear();
  }

  /** One that cannot be gone on with costs itself, and must not meet the next process again. */
  #guarded(name: string, restore: () => void): void {
    try {
      restore();
    } catch (error) {
      this.#parts.log.error({ error }, "A SIP call of another process could not be taken up.");
      this.#parts.journal.drop({ kind: "call", id: name });
    }
  }

  #restore(name: string, standing: CallStanding): void {
    const ear = new Ear();
    const running = this.#parts.resume(name, standing, (event, from) => ear.tell(event, from, 0));
    this.#waiting.set(name, {
      ear,
      call: {
        say: (input) => running.input(input),
        get told() {
          return running.told;
        },
      },
    });
  }

  #restoreFork(name: string, standing: ForkStanding): void {
    const ear = new Ear();
    const { journal } = this.#parts;
    const row = { kind: "call", id: name } as const;
    const fork = new ForkedCall(
      {
        heard: ear.tell,
        noted(now) {
          if (now.phase === "over") journal.drop(row);
          else journal.keep(row, () => now);
        },
        branches: standing.branches,
      },
      standing,
    );
    const told: (Told | undefined)[] = [];
    for (const branch of standing.branches) {
      fork.add((heard) => {
        const own = this.#single.get(branch);
        this.#single.delete(branch);
        if (own === undefined) {
          told.push({
            event: { type: "over", end: { type: "no-response" } },
            from: undefined,
            branch: told.length,
          });
          return { say: () => {} };
        }
        const running = this.#parts.resume(branch, own, heard);
        told.push(running.told);
        return { say: (input) => running.input(input) };
      });
    }
    for (const [branch, last] of told.entries()) if (last !== undefined) fork.catchUp(branch, last);
    this.#waiting.set(name, { ear, call: fork });
  }
}

/** Keeps what is told until somebody listens. */
class Ear {
  readonly #kept: (readonly [CallEvent, string | undefined, number])[] = [];
  #heard: CallListener | undefined;

  readonly tell: CallListener = (event, from, branch) => {
    if (this.#heard === undefined) this.#kept.push([event, from, branch]);
    else this.#heard(event, from, branch);
  };

  listen(heard: CallListener): void {
    this.#heard = heard;
    for (const kept of this.#kept.splice(0)) heard(...kept);
  }
}

const forkPrefix = "fork ";

/** The name of a call at several telephones at once, by that of its first. */
export function forkName(first: string): string {
  return `${forkPrefix}${first}`;
}

function isFork(name: string): boolean {
  return name.startsWith(forkPrefix);
}
