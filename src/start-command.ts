import { mkdirSync } from "node:fs";
import { type Clock, steadyClock, until } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import { type Log, makeLog } from "#base/log.ts";
import { readConfigFile } from "#network/config-file.ts";
import { type Order, openControlDoor, whyOf } from "./control-door.ts";
import { localOrigin } from "./doctor/get-page.ts";
import { whyApart } from "./formats.ts";
import { type Installation, installationIn, ownInstallation } from "./installation.ts";
import type { EndSignal } from "./keeper.ts";
import { readControlSocket, readSettings, type Settings, unitSettings } from "./settings.ts";
import { type Supervisor, supervise } from "./supervise.ts";

/**
 * `tandem start`: runs until SIGTERM, at which the calls are left for the next start to take up, or SIGINT or `tandem shutdown`, at which
 * they are hung up. SIGHUP is `tandem upgrade` to what lies where the running version lay. With a configuration file that has errors
 * nothing is started.
 */
export async function startCommand(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const settings = readSettings(environment);
  const { configFile, unit } = settings;
  if (configFile !== undefined) await readConfigFile({ path: configFile, promptFolder: unit.promptFolder });
  // Standard output is for the lines that say "ready", as in the other two processes.
  const destination = { write: (line: string) => void process.stderr.write(line) };
  const log = makeLog({ process: "supervisor", level: settings.logLevel, destination });
  mkdirSync(settings.dataFolder, { recursive: true, mode: 0o700 });

  const end = Promise.withResolvers<EndSignal>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => end.resolve(signal));
  // A terminal that was closed must not end what it began.
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});

  const platform = new Platform(settings, log);
  const door = await openControlDoor({
    socketPath: readControlSocket(environment),
    log,
    async obey(order: Order) {
      if (order.do === "upgrade") return await platform.upgrade(order.to);
      end.resolve("SIGINT");
      await platform.ended;
      return "Every call was hung up, and the platform has ended.";
    },
  });
  platform.start();
  process.on("SIGHUP", () => void platform.renew());
  await platform.close(await end.promise);
  await door.close();
  return 0;
}

const readyWithinMs = 15_000;
const askAgainMs = 100;

/** What the supervisor runs, and of which installation. */
class Platform {
  readonly #settings: Settings;
  readonly #log: Log;
  readonly #ended = Promise.withResolvers<void>();
  #runs: Installation = ownInstallation();
  #supervisor: Supervisor | undefined;
  #isUpgrading = false;
  /** What was not ready before an upgrade need not be so after it. */
  #wasReady = false;

  constructor(settings: Settings, log: Log) {
    this.#settings = settings;
    this.#log = log;
  }

  get #origin(): string {
    return localOrigin(this.#settings);
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  start(): void {
    const { unit, web } = this.#runs.codes;
    this.#supervisor = supervise(
      [
        {
          name: "unit",
          script: unit.script,
          spare: true,
          environment: { TANDEM_UNIT_SETTINGS: unitSettings(this.#settings) },
          // It writes before it speaks, so nothing is lost; and the release that hung up at SIGTERM is made way for as well.
          makesWayBy: "SIGKILL",
          // Calls wait for it.
          beginsWithinMs: 8_000,
        },
        {
          name: "web",
          script: web.script,
          spare: true,
          environment: {},
          examine: async () => {
            if (this.#wasReady) await isReady(this.#origin, steadyClock);
          },
        },
      ],
      this.#log,
    );
  }

  /** Throws UPGRADE_FAILED; then what ran before runs. One at a time. */
  async upgrade(folder: string): Promise<string> {
    if (this.#isUpgrading) throw new TandemError("UPGRADE_FAILED", { why: "another upgrade is at work" });
    this.#isUpgrading = true;
    try {
      return await this.#goOnAs(folder);
    } finally {
      this.#isUpgrading = false;
    }
  }

  async #goOnAs(folder: string): Promise<string> {
    const next = await installationIn(folder);
    const apart = whyApart(this.#runs.formats, next.formats);
    if (apart !== undefined) {
      const instead = "say `tandem shutdown`, which ends all calls, and start the other version";
      throw new TandemError("UPGRADE_FAILED", { why: `${apart}; ${instead}` });
    }
    this.#wasReady = (await readiness(this.#origin)) === "ready";
    await this.#supervisor?.upgrade(next.codes);
    const before = this.#runs.folder;
    this.#runs = next;
    this.#log.info({ from: before, to: next.folder }, "Another version was put in place; calls go on.");
    return `The platform runs what lies in ${next.folder}; calls have gone on. (Before: ${before}.)`;
  }

  /** Nobody waits for an answer: the log has it. */
  async renew(): Promise<void> {
    try {
      await this.upgrade(this.#runs.folder);
    } catch (error) {
      this.#log.error({ error, why: whyOf(error) }, "SIGHUP: no upgrade.");
    }
  }

  async close(signal: EndSignal): Promise<void> {
    await this.#supervisor?.close(signal);
    this.#ended.resolve();
  }
}

/** Asks the web process whether it serves new visitors, until it does. Throws UPGRADE_FAILED with its own words when it does not in time. */
async function isReady(origin: string, clock: Clock): Promise<void> {
  const untilMs = clock.now() + readyWithinMs;
  for (;;) {
    const said = await readiness(origin);
    if (said === "ready") return;
    if (clock.now() > untilMs)
      throw new TandemError("UPGRADE_FAILED", {
        why: `the new web process is not ready after ${readyWithinMs / 1000} s: ${said}`,
      });
    await until(clock, clock.now() + askAgainMs);
  }
}

async function readiness(origin: string): Promise<string> {
  try {
    const answer = await fetch(`${origin}/readyz`, { signal: AbortSignal.timeout(5_000) });
    return answer.ok ? "ready" : await answer.text();
  } catch (error) {
    return String(error);
  }
}
