import { join } from "node:path";
import { readSettings, unitSettings } from "../../src/settings.ts";
import { childrenOf, type Peer, startPeer } from "./processes.ts";

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
  /** As a service manager does it: SIGTERM, and started anew. Resolves when both serve. */
  restart(): Promise<void>;
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
    async restart() {
      await web.stop();
      await unit.stop();
      earlierOutput += web.output() + unit.output();
      unit = await startUnit();
      web = await startWeb();
    },
    output: () => `${earlierOutput}${web.output()}\n${unit.output()}`,
    async stop() {
      await web.stop();
      // At SIGTERM it would leave its calls for a next one.
      await unit.stop("SIGINT");
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
  let supervisor = await startSupervisor(environment);
  let earlierOutput = "";
  let lives = 1;
  let unitLives = 1;
  const killed = async (pid: number): Promise<void> => {
    process.kill(pid, "SIGKILL");
    while (childrenOf(supervisor.pid).includes(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  // The one at work, and not the spare beside it.
  const atWork = (port: "sipPort" | "httpPort"): number => {
    const told = supervisor.output().matchAll(new RegExp(`"ready":true,"pid":(\\d+),"${port}"`, "g"));
    return Number([...told].at(-1)?.[1] ?? 0);
  };
  return {
    unitPid: () => atWork("sipPort"),
    webPid: () => atWork("httpPort"),
    killUnit: () => killed(atWork("sipPort")),
    startUnit: () => says(supervisor, "sipPort", ++unitLives),
    killWeb: () => killed(atWork("httpPort")),
    startWeb: () => says(supervisor, "httpPort", ++lives),
    async restart() {
      await supervisor.stop("SIGTERM", endsWithinMs);
      earlierOutput += supervisor.output();
      [lives, unitLives] = [1, 1];
      supervisor = await startSupervisor(environment);
    },
    output: () => earlierOutput + supervisor.output(),
    stop: () => supervisor.stop("SIGINT", endsWithinMs),
  };
}

const endsWithinMs = 15_000;

async function startSupervisor(environment: Environment): Promise<Peer> {
  const supervisor = await startPeer({ program: join(root, "bin/tandem"), words: ["start"], environment });
  try {
    await says(supervisor, "httpPort", 1);
    await says(supervisor, "sipPort", 1);
  } catch (error) {
    await supervisor.stop("SIGINT", endsWithinMs);
    throw error;
  }
  return supervisor;
}

/** Resolves when so many of its processes, one after the other, have said that they serve. */
async function says(supervisor: Peer, port: "httpPort" | "sipPort", times: number): Promise<void> {
  await supervisor.line(toldTimes(port, times), readyWithinMs);
}

/**
 * Matches where this port was told so many times. There is one way through the text alone: with two for each time, fifty lives later
 * a look takes longer than the test.
 */
function toldTimes(port: "httpPort" | "sipPort", times: number): RegExp {
  return new RegExp(`^(?:(?:(?!"${port}":)[^])*"${port}":){${times}}`);
}
