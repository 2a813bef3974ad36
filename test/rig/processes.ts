import { spawn, type ChildProcess } from "node:child_process";
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** A program of the rig: its own folder, its output kept there, ended by its id and by nothing else. */
export interface Peer extends AsyncDisposable {
  readonly pid: number;
  /** All that it printed so far, both streams. */
  output(): string;
  /** Resolves with the first match in what it has printed or will print; rejects with the output when it ends or `withinMs` passes. */
  line(pattern: RegExp, withinMs?: number): Promise<RegExpMatchArray>;
  write(text: string): void;
  /** Its exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  /** SIGTERM (or another), SIGKILL when that has not helped within `patienceMs` (2 s); resolves when it is gone. Safe to say twice. */
  stop(signal?: NodeJS.Signals, patienceMs?: number): Promise<void>;
}

/** Starts a program. Throws when it is not installed: ask `installed` first and skip. */
export async function startPeer(options: {
  readonly program: string;
  readonly words: readonly string[];
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
}): Promise<Peer> {
  const child = spawn(options.program, options.words, {
    cwd: options.folder,
    env: { ...process.env, PATH: searchPath(), ...options.environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  return new RunningPeer(child, options.program);
}

class RunningPeer implements Peer {
  readonly pid: number;
  readonly ended: Promise<number | string>;
  readonly #child: ChildProcess;
  readonly #program: string;
  readonly #listeners = new Set<() => void>();
  #output = "";
  #over = false;

  constructor(child: ChildProcess, program: string) {
    this.#child = child;
    this.#program = program;
    this.pid = child.pid ?? 0;
    const keep = (text: string): void => {
      // Bounded: a program gone wild must not take the test's memory. The newest is what a failure needs.
      this.#output = (this.#output + text).slice(-1_000_000);
      for (const listener of this.#listeners) listener();
    };
    child.stdout?.setEncoding("utf8").on("data", keep);
    child.stderr?.setEncoding("utf8").on("data", keep);
    // It may end while a line is written to it; `ended` tells.
    child.stdin?.on("error", () => {});
    this.ended = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        this.#over = true;
        for (const listener of this.#listeners) listener();
        resolve(code ?? signal ?? "unknown");
      });
    });
  }

  output(): string {
    return this.#output;
  }

  line(pattern: RegExp, withinMs = 10_000): Promise<RegExpMatchArray> {
    return new Promise((resolve, reject) => {
      const done = (settle: () => void): void => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        settle();
      };
      const fail = (why: string): void =>
        done(() =>
          reject(new Error(`${this.#program} ${why} before ${pattern}:\n${this.#output.slice(-4_000)}`)),
        );
      const look = (): void => {
        const match = this.#output.match(pattern);
        if (match !== null) done(() => resolve(match));
        else if (this.#over) fail("ended");
      };
      const timer = setTimeout(() => fail(`took longer than ${withinMs} ms`), withinMs);
      this.#listeners.add(look);
      look();
    });
  }

  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  async stop(signal: NodeJS.Signals = "SIGTERM", patienceMs = 2_000): Promise<void> {
    if (this.#over) return;
    this.#child.kill(signal);
    const hard = setTimeout(() => this.#child.kill("SIGKILL"), patienceMs);
    await this.ended;
    clearTimeout(hard);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** The processes that one has started and that have not ended. Linux's own list. */
export function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}

export function commandLine(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
}

/** A folder that is gone afterwards; kept, and its name printed, when `KEEP_RIG` is set. */
export interface TemporaryFolder extends Disposable {
  readonly path: string;
}

export function temporaryFolder(name: string): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), `tandem-${name}-`));
  return {
    path,
    [Symbol.dispose]() {
      if (process.env["KEEP_RIG"] === undefined) rmSync(path, { recursive: true, force: true });
      else console.log(`kept: ${path}`);
    },
  };
}

/** True when every program is in the search path (with /usr/sbin). A test says `t.skip` when not. */
export function installed(...programs: readonly string[]): boolean {
  return programs.every((program) =>
    searchPath()
      .split(delimiter)
      .some((folder) => isProgram(join(folder, program))),
  );
}

function searchPath(): string {
  return [process.env["PATH"] ?? "", "/usr/sbin", "/sbin"].join(delimiter);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The one child of ours in whose command line the word stands. */
export function childPid(word: string): number {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8").split(" ");
  const found = children.filter((pid) => pid !== "" && commandOf(pid).includes(word));
  if (found.length !== 1) throw new Error(`${found.length} children of ours are ${word}`);
  return Number(found[0]);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    // It has just ended.
    return "";
  }
}
