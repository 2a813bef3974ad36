import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { cpuMs } from "../process-cpu.ts";
import { end, type PortsOfCall, startPhones } from "./phones-process.ts";

export interface RelayFigures {
  /** CPU of the relaying processes, user and system, in ms a second of one call. */
  readonly cpuMsPerSecondPerCall: number;
  readonly calls: number;
  readonly lossPercent: number;
  readonly jitterP99Ms: number;
}

/** What carries the phones' audio with nothing else to do: our engine, or a plain relay as the floor. */
export type RelayChoice =
  | {
      readonly program: "engine";
      readonly sockets: "auto" | "dgram" | "koffi";
      /** Of each call's second phone; plain RTP unless told. */
      readonly media?: "rtp" | "srtp";
    }
  | { readonly program: "c" };

interface Load {
  readonly calls: number;
  readonly seconds: number;
}

/** The floor: a relay in Node that does nothing but receive and send. */
export async function measurePlainRelay(load: Load): Promise<RelayFigures> {
  const { told: _told, ...figures } = await measure(load, () => startNode("plain-relay.ts", []));
  return figures;
}

/** Undefined where it cannot be had: a relay in C without a compiler. */
export async function measureRelay(
  load: Load,
  choice: RelayChoice,
): Promise<(RelayFigures & { readonly told: string }) | undefined> {
  switch (choice.program) {
    case "engine":
      return await measure(load, () => startNode("engine-relay.ts", [choice.sockets, choice.media ?? "rtp"]));
    case "c":
      return await measureInC(load);
  }
}

async function measureInC(load: Load): Promise<(RelayFigures & { readonly told: string }) | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-bench-"));
  try {
    const program = compiled(folder);
    return program === undefined ? undefined : await measure(load, () => start(program, []));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * A process that relays. It reads `<phone> <phone>` ports, one call a line, then an empty line; answers `<ours> <ours>` likewise, and
 * behind them a key where the second phone hears SRTP.
 */
interface Relay {
  readonly process: ChildProcess;
  /** The first line it says: what it is. */
  readonly told: Promise<string>;
  connect(
    calls: readonly PortsOfCall[],
  ): Promise<{ readonly ports: readonly PortsOfCall[]; readonly keys: readonly string[] }>;
}

async function measure(load: Load, startRelay: () => Relay): Promise<RelayFigures & { told: string }> {
  await using phones = await startPhones(load.calls);
  const relay = startRelay();
  try {
    const { ports, keys } = await relay.connect(phones.ports);
    phones.speak(ports, keys);
    const { pid = 0 } = relay.process;
    const { spent, seconds, ...heard } = await phones.measure(load.seconds, () => [cpuMs(pid)]);
    const [ms = Number.NaN] = spent;
    return {
      told: await relay.told,
      cpuMsPerSecondPerCall: thousandths(ms / seconds / load.calls),
      calls: load.calls,
      lossPercent: thousandths(heard.lossPercent),
      jitterP99Ms: thousandths(heard.jitterP99Ms),
    };
  } finally {
    await end(relay.process);
  }
}

function startNode(file: string, given: readonly string[]): Relay {
  return start(process.execPath, [new URL(`./${file}`, import.meta.url).pathname, ...given]);
}

function start(program: string, given: readonly string[]): Relay {
  const child = spawn(program, given, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`${program} ended`);
    return line.value;
  };
  const told = nextLine();
  return {
    process: child,
    told,
    async connect(calls) {
      await told;
      child.stdin.write(`${calls.map((ports) => ports.join(" ")).join("\n")}\n\n`);
      const ports: PortsOfCall[] = [];
      const keys: string[] = [];
      while (ports.length < calls.length) {
        const [first, second, ...key] = (await nextLine()).split(" ");
        ports.push([Number(first), Number(second)]);
        keys.push(...key);
      }
      return { ports, keys };
    },
  };
}

function compiled(folder: string): string | undefined {
  const program = join(folder, "plain-relay");
  try {
    const source = new URL("./plain-relay.c", import.meta.url).pathname;
    execFileSync("cc", ["-O2", "-o", program, source], { stdio: "ignore" });
    return program;
  } catch {
    // No compiler here: the floor in Node stands alone.
    return undefined;
  }
}

export function thousandths(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
