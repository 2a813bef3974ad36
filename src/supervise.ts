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
}

const politeMs = 10_000;

export function supervise(charges: readonly Charge[], log: Log, clock: Clock = systemClock): Supervisor {
  const keepers = charges.map((charge) => keep(charge, log.with({ charge: charge.name }), clock));
  return {
    pids: () => Object.fromEntries(keepers.map((keeper) => [keeper.name, keeper.pid()])),
    close: async () => void (await Promise.all(keepers.map((keeper) => keeper.close()))),
  };
}

function keep(charge: Charge, log: Log, clock: Clock) {
  let child: ChildProcess | undefined;
  let cancelRestart: Cancel = () => {};
  const loop = new CrashLoop(secureRandom);
  let closing = false;

  function start(): void {
    const began = spawn(process.execPath, [charge.script], {
      env: { ...process.env, ...charge.environment },
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    });
    child = began;
    readLines(began, charge.onLine ?? ((line) => process.stdout.write(`${line}\n`)));
    began.once("error", (error) => log.error({ error: error.message }, "The process could not be started."));
    began.once("close", (code, signal) => {
      child = undefined;
      if (closing) return;
      const { againInMs, deaths, isLoop } = loop.died(clock.now());
      log.warn({ exit: code, signal, againInMs, deaths }, "The process ended and is started again.");
      if (isLoop) log.error({ code: "CRASH_LOOP", deaths }, "The process dies again and again.");
      cancelRestart = clock.at(clock.now() + againInMs, start);
    });
  }

  async function close(): Promise<void> {
    closing = true;
    cancelRestart();
    const last = child;
    if (last === undefined) return;
    await new Promise<void>((resolve) => {
      const cancelKill = clock.at(clock.now() + politeMs, () => last.kill("SIGKILL"));
      last.once("close", () => {
        cancelKill();
        resolve();
      });
      last.kill("SIGTERM");
    });
  }

  start();
  return { name: charge.name, pid: () => child?.pid, close };
}

function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  let rest = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  });
}
