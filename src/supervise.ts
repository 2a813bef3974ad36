import { spawn, type ChildProcess } from "node:child_process";
import { systemClock, type Cancel, type Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import { CrashLoop } from "./crash-loop.ts";

/**
 * Keeps the platform's processes running: each that ends by itself is started again, at once the first time, later and
 * later where it dies again and again (`crash-loop.ts`). It does no other work, so that it has nothing to fail by. Each process leads a group of its own:
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

/** So many deaths within a minute a spare makes good at once. */
const spareDeaths = 4;
const spareAgainMs = 10_000;
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
  readonly #loop = new CrashLoop(secureRandom);
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
        this.#cancelSpare = this.#clock.at(this.#clock.now() + spareAgainMs, () => this.#prepareSpare());
      return;
    }
    this.#child = undefined;
    if (this.#closing) return;
    const { code, signal } = how;
    const { againInMs, deaths, isLoop } = this.#loop.died(this.#clock.now());
    this.#log.warn({ exit: code, signal, againInMs, deaths }, "The process ended and is started again.");
    if (isLoop) this.#log.error({ code: "CRASH_LOOP", deaths }, "The process dies again and again.");
    // Calls wait, and a spare has loaded long ago.
    if (this.#spare !== undefined && deaths <= spareDeaths) return this.#start();
    this.#cancelRestart = this.#clock.at(this.#clock.now() + againInMs, () => this.#start());
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
