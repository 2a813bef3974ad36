import { join } from "node:path";
import { readSettings, unitSettings } from "../../src/settings.ts";
import { childrenOf, commandLine, type Peer, startPeer } from "./processes.ts";

/** The web process and the telecommunications unit of one platform. */
export interface PlatformProcesses {
  unitPid(): number;
  webPid(): number;
  /** Kill -9; resolves when it is gone. */
  killUnit(): Promise<void>;
  /** Resolves when the next unit serves. */
  startUnit(): Promise<void>;
  /** Kill -9; resolves when it is gone. */
  killWeb(): Promise<void>;
  /** Resolves when the next web process serves. */
  startWeb(): Promise<void>;
  /** What both printed, in all their lives. */
  output(): string;
  stop(): Promise<void>;
}

type Environment = Readonly<Record<string, string>>;

const root = join(import.meta.dirname, "../..");
const readyWithinMs = 30_000;

/** Children of the test, which says when the web process comes up again. */
export async function startByThemselves(environment: Environment): Promise<PlatformProcesses> {
  const startUnit = (): Promise<Peer> =>
    startProcess("src/telecom/process.ts", { TANDEM_UNIT_SETTINGS: unitSettings(readSettings(environment)) });
  let unit = await startUnit();
  const startWeb = (): Promise<Peer> => startProcess("src/main.ts", environment);
  let web = await startWeb().catch(async (error: unknown) => {
    await unit.stop("SIGKILL");
    throw error;
  });
  let earlierOutput = "";
  return {
    unitPid: () => unit.pid,
    webPid: () => web.pid,
    async killUnit() {
      await unit.stop("SIGKILL");
      earlierOutput += unit.output();
    },
    async startUnit() {
      unit = await startUnit();
    },
    async killWeb() {
      await web.stop("SIGKILL");
      earlierOutput += web.output();
    },
    async startWeb() {
      web = await startWeb();
    },
    output: () => `${earlierOutput}${web.output()}\n${unit.output()}`,
    async stop() {
      await web.stop();
      await unit.stop();
    },
  };
}

async function startProcess(script: string, environment: Environment): Promise<Peer> {
  const peer = await startPeer({ program: process.execPath, words: [join(root, script)], environment });
  try {
    await peer.line(/"ready":true/, readyWithinMs);
  } catch (error) {
    await peer.stop("SIGKILL");
    throw error;
  }
  return peer;
}

/** Children of `tandem start`, which alone says when one is started again. */
export async function startUnderSupervisor(environment: Environment): Promise<PlatformProcesses> {
  const supervisor = await startPeer({ program: join(root, "bin/tandem"), words: ["start"], environment });
  const stop = (): Promise<void> => supervisor.stop("SIGTERM", 15_000);
  const killed = async (pid: number): Promise<void> => {
    process.kill(pid, "SIGKILL");
    while (childrenOf(supervisor.pid).includes(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const servesTimes = async (times: number): Promise<void> => {
    await supervisor.line(toldTimes("httpPort", times), readyWithinMs);
  };
  const child = (script: string): number => {
    const found = childrenOf(supervisor.pid).find((pid) => commandLine(pid).includes(script));
    if (found === undefined) throw new Error(`the supervisor has no ${script}:\n${supervisor.output()}`);
    return found;
  };
  try {
    await servesTimes(1);
    await supervisor.line(/"sipPort":/, readyWithinMs);
  } catch (error) {
    await stop();
    throw error;
  }
  // The unit at work, and not the spare beside it.
  const units = (): readonly number[] =>
    [...supervisor.output().matchAll(/"ready":true,"pid":(\d+),"sipPort"/g)].map(([, pid]) => Number(pid));
  const unitServes = async (times: number): Promise<void> => {
    await supervisor.line(toldTimes("sipPort", times), readyWithinMs);
  };
  let lives = 1;
  let unitLives = 1;
  return {
    unitPid: () => units().at(-1) ?? 0,
    webPid: () => child("src/main.ts"),
    async killUnit() {
      await killed(units().at(-1) ?? 0);
    },
    startUnit: () => unitServes(++unitLives),
    async killWeb() {
      await killed(child("src/main.ts"));
    },
    startWeb: () => servesTimes(++lives),
    output: () => supervisor.output(),
    stop,
  };
}

/**
 * Matches where this port was told so many times. There is one way through the text alone: with two for each time, fifty lives later
 * a look takes longer than the test.
 */
function toldTimes(port: "httpPort" | "sipPort", times: number): RegExp {
  return new RegExp(`^(?:(?:(?!"${port}":)[^])*"${port}":){${times}}`);
}
