import { createHash } from "node:crypto";
import type { WorldClock } from "./world-clock.ts";

export interface Noted {
  readonly atMs: number;
  /** Whose history it is: a telephone number, a Call-ID, a part of the world. */
  readonly about: string;
  readonly what: string;
}

export interface Violation {
  readonly invariant: string;
  readonly atMs: number;
  /** What its history is found by. */
  readonly about: readonly string[];
  readonly what: string;
}

/** All that happened, in order, and one hash over it: two runs of a seed have the same. */
export class History {
  readonly #clock: WorldClock;
  readonly #hash = createHash("sha256");
  readonly #began: number;
  readonly lines: Noted[] = [];
  readonly violations: Violation[] = [];

  constructor(clock: WorldClock) {
    this.#clock = clock;
    this.#began = clock.now();
  }

  note(about: string, what: string): void {
    const atMs = this.#clock.now() - this.#began;
    this.lines.push({ atMs, about, what });
    this.#hash.update(`${atMs} ${about} ${what}\n`);
  }

  broken(invariant: string, about: readonly string[], what: string): void {
    const atMs = this.#clock.now() - this.#began;
    this.violations.push({ invariant, atMs, about, what });
    this.note("checker", `${invariant}: ${what}`);
  }

  /** Of everything so far. */
  get hash(): string {
    return this.#hash.copy().digest("hex");
  }

  /** What happened to those concerned, and to the world meanwhile. */
  around({ about }: Violation): readonly Noted[] {
    const theirs = this.lines.filter((line) => about.includes(line.about));
    const fromMs = (theirs[0]?.atMs ?? 0) - 60_000;
    const untilMs = (theirs.at(-1)?.atMs ?? 0) + 60_000;
    return this.lines.filter(
      (line) =>
        about.includes(line.about) || (line.about === "world" && line.atMs >= fromMs && line.atMs <= untilMs),
    );
  }
}

/** `00:12:41.250` since the world began. */
export function sinceBeginning(ms: number): string {
  const [, time] = new Date(ms).toISOString().split("T");
  const hours = Math.floor(ms / 3_600_000);
  return `${String(hours).padStart(2, "0")}${time?.slice(2, -1)}`;
}
