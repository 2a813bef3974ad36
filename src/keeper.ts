import { spawn, type ChildProcess } from "node:child_process";
import type { Cancel, Clock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import { beginLine, loadedLine } from "#base/spare.ts";
import { CrashLoop } from "./crash-loop.ts";

/** What Node.js is to run, and by which Node.js. */
export interface Code {
  readonly program: string;
  /** An absolute path. */
  readonly script: string;
}

export interface Charge {
  readonly name: string;
  /** The absolute path of what Node.js runs at first. */
  readonly script: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onLine?: (line: string) => void;
  /** A second process, started with `--spare`, waits beside it and takes its place when it is told so by a line. */
  readonly spare?: boolean;
  /** Of a new version's spare that is told to begin: as long as of one that is started, unless told. */
  readonly beginsWithinMs?: number;
  /** How it makes way for another version: SIGTERM unless told. */
  readonly makesWayBy?: "SIGKILL";
  /** Of another version, once it has said that it serves: throws UPGRADE_FAILED where it does not do so well enough to stay. */
  readonly examine?: () => Promise<void>;
}

export type EndSignal = "SIGTERM" | "SIGINT";

/** So many deaths within a minute a spare makes good at once. */
const spareDeaths = 4;
const spareAgainMs = 10_000;
const politeMs = 10_000;
/** Who waits for the end of an upgrade waits for a person's page: connections that linger are cut. */
const makesWayWithinMs = 2_000;
/** While it loads, the one at work serves: there is time. */
const loadsWithinMs = 30_000;
const servesWithinMs = 30_000;
const ended = { why: "the platform was ended meanwhile" };

/** One charge: the process at work, and the one that waits to take its place. */
export class Keeper {
  readonly name: string;
  readonly #charge: Charge;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #loop = new CrashLoop(secureRandom);
  readonly #alive = new Set<ChildProcess>();
  /** Who waits for a process's next line. */
  readonly #waiting = new Map<ChildProcess, (line: string) => void>();
  #code: Code;
  #child: ChildProcess | undefined;
  #spare: ChildProcess | undefined;
  /** During an upgrade: what was at work before it, and the spare of that, which has loaded whatever lies on the disk by now. */
  #before: { readonly code: Code; readonly spare: ChildProcess | undefined } | undefined;
  /** One makes way for the other: its end is no death. */
  #changing = false;
  #cancelRestart: Cancel = () => {};
  #cancelSpare: Cancel = () => {};
  #closing = false;

  constructor(charge: Charge, log: Log, clock: Clock) {
    this.name = charge.name;
    this.#charge = charge;
    this.#code = { program: process.execPath, script: charge.script };
    this.#log = log;
    this.#clock = clock;
    this.#start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async close(signal: EndSignal): Promise<void> {
    this.#closing = true;
    this.#cancelRestart();
    this.#cancelSpare();
    await Promise.all([...this.#alive].map((each) => this.#end(each, signal, politeMs)));
  }

  /**
   * Another version takes over: what can be loaded before is. Throws UPGRADE_FAILED where it does not serve: then the one before is at
   * work again. Until `confirm`, `back` leads there.
   */
  async replace(next: Code): Promise<void> {
    if (this.#closing) throw new TandemError("UPGRADE_FAILED", ended);
    const loaded = this.#charge.spare === true ? await this.#loaded(next) : undefined;
    this.#before = { code: this.#code, spare: this.#spare };
    this.#spare = undefined;
    this.#cancelSpare();
    try {
      await this.#change(next, loaded);
      await this.examine();
    } catch (error) {
      await this.back();
      throw error;
    }
  }

  async examine(): Promise<void> {
    await this.#charge.examine?.();
  }

  async back(): Promise<void> {
    const before = this.#before;
    if (before === undefined || this.#closing) return;
    this.#before = undefined;
    const spare = this.#spare;
    this.#spare = undefined;
    await this.#end(spare, "SIGTERM", makesWayWithinMs);
    try {
      await this.#change(before.code, before.spare);
    } catch (error) {
      this.#log.error({ error }, "The version before the upgrade does not serve either.");
      if (this.#child === undefined && !this.#closing) this.#start();
    }
  }

  confirm(): void {
    const spare = this.#before?.spare;
    this.#before = undefined;
    void this.#end(spare, "SIGTERM", makesWayWithinMs);
  }

  /** Who waits is told to begin, which takes a fraction of a start; where nobody does, one is started. */
  #start(): ChildProcess {
    const spare = this.#spare;
    this.#spare = undefined;
    return this.#begin(spare);
  }

  #begin(waiting: ChildProcess | undefined): ChildProcess {
    const child = waiting ?? this.#spawn(this.#code, []);
    this.#child = child;
    waiting?.stdin?.end(`${beginLine}\n`);
    return child;
  }

  async #loaded(code: Code): Promise<ChildProcess> {
    const spare = this.#spawn(code, ["--spare"]);
    try {
      await this.#says(spare, loadsWithinMs);
    } catch (error) {
      await this.#end(spare, "SIGKILL", makesWayWithinMs);
      throw error;
    }
    return spare;
  }

  async #change(code: Code, waiting: ChildProcess | undefined): Promise<void> {
    this.#changing = true;
    this.#cancelRestart();
    try {
      await this.#end(this.#child, this.#charge.makesWayBy ?? "SIGTERM", makesWayWithinMs);
      if (this.#closing) throw new TandemError("UPGRADE_FAILED", ended);
      this.#code = code;
      const isThere = waiting !== undefined && this.#alive.has(waiting);
      const child = this.#begin(isThere ? waiting : undefined);
      await this.#says(child, isThere ? (this.#charge.beginsWithinMs ?? servesWithinMs) : servesWithinMs);
      if (this.#child !== child)
        throw new TandemError("UPGRADE_FAILED", { why: `the new ${this.name} process served, and died` });
    } finally {
      this.#changing = false;
    }
  }

  /** The next line that it says. Throws UPGRADE_FAILED when it ends first, or takes too long. */
  async #says(child: ChildProcess, withinMs: number): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const fail = (why: string): void =>
      reject(new TandemError("UPGRADE_FAILED", { why: `the new ${this.name} process ${why}` }));
    const gone = (code: number | null, signal: string | null): void =>
      fail(`ended (${signal ?? `code ${code}`}) before it served; its last lines in the log say why`);
    const cancel = this.#clock.at(this.#clock.now() + withinMs, () =>
      fail(`did not serve within ${withinMs / 1000} s`),
    );
    this.#waiting.set(child, resolve);
    child.once("exit", gone);
    child.once("error", () => fail("could not be started"));
    try {
      return await promise;
    } finally {
      cancel();
      this.#waiting.delete(child);
      child.off("exit", gone);
    }
  }

  #spawn({ program, script }: Code, words: readonly string[]): ChildProcess {
    const { environment, onLine } = this.#charge;
    const isSpare = words.length > 0;
    const began = spawn(program, [script, ...words], {
      env: { ...process.env, ...environment },
      stdio: [isSpare ? "pipe" : "ignore", "pipe", "inherit"],
      detached: true,
    });
    this.#alive.add(began);
    // What it says first says that it serves: from then on another may be loaded without taking its time.
    const tell = onLine ?? ((line: string) => process.stdout.write(`${line}\n`));
    readLines(began, (line) => {
      if (began === this.#child && line !== loadedLine) {
        tell(line);
        if (this.#charge.spare === true) this.#prepareSpare();
      }
      // Told to begin before it had loaded, it says so late: that is not yet the line that is waited for.
      if (began !== this.#child || line !== loadedLine) this.#waiting.get(began)?.(line);
    });
    // It may die before it has read.
    began.stdin?.on("error", () => {});
    began.once("error", (error) => {
      this.#log.error({ error: error.message }, "The process could not be started.");
      if (began.pid === undefined) this.#ended(began, { code: null, signal: null });
    });
    began.once("exit", (code, signal) => this.#ended(began, { code, signal }));
    return began;
  }

  #prepareSpare(): void {
    if (!this.#closing) this.#spare ??= this.#spawn(this.#code, ["--spare"]);
  }

  #ended(process: ChildProcess, how: { readonly code: number | null; readonly signal: string | null }): void {
    this.#alive.delete(process);
    if (process === this.#spare) {
      this.#spare = undefined;
      this.#cancelSpare();
      if (!this.#closing)
        this.#cancelSpare = this.#clock.at(this.#clock.now() + spareAgainMs, () => this.#prepareSpare());
      return;
    }
    if (process !== this.#child) return;
    this.#child = undefined;
    if (this.#closing || this.#changing) return;
    const { code, signal } = how;
    const { againInMs, deaths, isLoop } = this.#loop.died(this.#clock.now());
    this.#log.warn({ exit: code, signal, againInMs, deaths }, "The process ended and is started again.");
    if (isLoop) this.#log.error({ code: "CRASH_LOOP", deaths }, "The process dies again and again.");
    // Calls wait, and a spare has loaded long ago.
    if (this.#spare !== undefined && deaths <= spareDeaths) return void this.#start();
    this.#cancelRestart = this.#clock.at(this.#clock.now() + againInMs, () => void this.#start());
  }

  async #end(last: ChildProcess | undefined, signal: NodeJS.Signals, withinMs: number): Promise<void> {
    if (last === undefined || !this.#alive.has(last)) return;
    await new Promise<void>((resolve) => {
      const cancelKill = this.#clock.at(this.#clock.now() + withinMs, () => last.kill("SIGKILL"));
      last.once("exit", () => {
        cancelKill();
        resolve();
      });
      last.kill(signal);
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
