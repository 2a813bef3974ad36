import { spawn, type ChildProcess } from "node:child_process";
import { systemClock, type Cancel, type Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";

/**
 * Keeps the platform's processes running: each that ends by itself is started again, at once after a good run, later and
 * later after bad ones. It does no other work, so that it has nothing to fail by. Each process leads a group of its own:
 * the death of one, and of this one, leaves the others alone.
 */
export interface Supervisor {
  /** The processes' ids, for those who look after them. */
  pids(): Readonly<Record<string, number | undefined>>;
  /** SIGTERM to each, SIGKILL to what is left after ten seconds. */
  close(): Promise<void>;
}

export interface Charge {
  readonly name: string;
  /** The absolute path of what Node.js runs. */
  readonly script: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onLine?: (line: string) => void;
  /** A second process, started with `--spare`, waits beside it and takes its place when it is told so by a line. */
  readonly spare?: boolean;
}

/** So many deaths are made good at once; from then on each is waited for longer, until a while passes without any. */
const freeDeaths = 3;
const deathsForgottenMs = 30_000;
const firstDelayMs = 200;
const longestDelayMs = 10_000;
const politeMs = 10_000;

export function supervise(charges: readonly Charge[], log: Log, clock: Clock = systemClock): Supervisor {
  const keepers = charges.map((charge) => new Keeper(charge, log.with({ charge: charge.name }), clock));
  return {
    pids: () => Object.fromEntries(keepers.map((keeper) => [keeper.name, keeper.pid])),
    close: async () => void (await Promise.all(keepers.map((keeper) => keeper.close()))),
  };
}

/** One charge: the process at work, and the one that waits to take its place. */
class Keeper {
  readonly name: string;
  readonly #charge: Charge;
  readonly #log: Log;
  readonly #clock: Clock;
  #child: ChildProcess | undefined;
  #spare: ChildProcess | undefined;
  #deathsAtMs: number[] = [];
  #cancelRestart: Cancel = () => {};
  #cancelSpare: Cancel = () => {};
  #closing = false;

  constructor(charge: Charge, log: Log, clock: Clock) {
    this.name = charge.name;
    this.#charge = charge;
    this.#log = log;
    this.#clock = clock;
    this.#start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#cancelRestart();
    this.#cancelSpare();
    const spare = this.#spare;
    await Promise.all([this.#end(this.#child), this.#end(spare)]);
  }

  /** Who waits is told to begin, which takes a fraction of a start; where nobody does, one is started. */
  #start(): void {
    const spare = this.#spare;
    this.#spare = undefined;
    this.#child = spare ?? this.#spawn([]);
    spare?.stdin?.end("begin\n");
  }

  #spawn(words: readonly string[]): ChildProcess {
    const { script, environment, onLine } = this.#charge;
    const isSpare = words.length > 0;
    const began = spawn(process.execPath, [script, ...words], {
      env: { ...process.env, ...environment },
      stdio: [isSpare ? "pipe" : "ignore", "pipe", "inherit"],
      detached: true,
    });
    // What it says first says that it serves: from then on another may be loaded without taking its time.
    const tell = onLine ?? ((line: string) => process.stdout.write(`${line}\n`));
    readLines(began, (line) => {
      tell(line);
      if (this.#charge.spare === true && began === this.#child) this.#prepareSpare();
    });
    // It may die before it has read.
    began.stdin?.on("error", () => {});
    began.once("error", (error) =>
      this.#log.error({ error: error.message }, "The process could not be started."),
    );
    began.once("exit", (code, signal) => this.#ended(began, { code, signal }));
    return began;
  }

  #prepareSpare(): void {
    if (!this.#closing) this.#spare ??= this.#spawn(["--spare"]);
  }

  #ended(process: ChildProcess, how: { readonly code: number | null; readonly signal: string | null }): void {
    if (process === this.#spare) {
      this.#spare = undefined;
      this.#cancelSpare();
      if (!this.#closing)
        this.#cancelSpare = this.#clock.at(this.#clock.now() + longestDelayMs, () => this.#prepareSpare());
      return;
    }
    this.#child = undefined;
    if (this.#closing) return;
    const againInMs = this.#delayMs();
    this.#log.warn({ ...how, againInMs }, "The process ended and is started again.");
    if (againInMs === 0) return this.#start();
    this.#cancelRestart = this.#clock.at(this.#clock.now() + againInMs, () => this.#start());
  }

  /** The breaker of a crash loop. */
  #delayMs(): number {
    const nowMs = this.#clock.now();
    const isNew = (this.#deathsAtMs.at(-1) ?? 0) + deathsForgottenMs <= nowMs;
    this.#deathsAtMs = isNew ? [nowMs] : [...this.#deathsAtMs.slice(-20), nowMs];
    const tooMany = this.#deathsAtMs.length - freeDeaths;
    return tooMany <= 0 ? 0 : Math.min(firstDelayMs * 2 ** (tooMany - 1), longestDelayMs);
  }

  async #end(last: ChildProcess | undefined): Promise<void> {
    if (last === undefined || last.exitCode !== null || last.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      const cancelKill = this.#clock.at(this.#clock.now() + politeMs, () => last.kill("SIGKILL"));
      last.once("exit", () => {
        cancelKill();
        resolve();
      });
      last.kill("SIGTERM");
    });
  }
}

function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  let rest = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  });
}
