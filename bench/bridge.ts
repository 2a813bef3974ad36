/**
 * What one bridged G.711 call costs: CPU time of the media engine's process, while `calls` calls (two phones each, 20 ms
 * frames both ways, 100 packets a second through the engine) run over loopback. Beside it, in the same run, the floor:
 * a relay that does nothing but receive and send, in Node and (where there is a C compiler) in C.
 *
 * The phones are one RTP generator in a process of its own (`rtp-load.ts`), not sipp: it stamps each frame with its moment,
 * so that loss and delay are measured frame by frame. Signalling has no part in this bench.
 */
import { execFileSync, fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { cpuMs } from "./process-cpu.ts";
import type { LoadFigures, PortsOfCall } from "./rtp-load.ts";

export interface BridgeOptions {
  readonly calls: number;
  readonly seconds: number;
  readonly sockets: "auto" | "dgram" | "koffi";
}

export interface RelayFigures {
  /** CPU of the relaying process, user and system, in ms a second of one call. */
  readonly cpuMsPerSecondPerCall: number;
  readonly calls: number;
  readonly lossPercent: number;
  /** RFC 5481 4.2: the 99th percentile of delay beyond the least one, on the way phone to phone. */
  readonly jitterP99Ms: number;
}

export function readBridgeOptions(given: readonly string[]): BridgeOptions {
  const { values } = parseArgs({
    args: [...given],
    options: {
      calls: { type: "string", default: "250" },
      seconds: { type: "string", default: "10" },
      sockets: { type: "string", default: "auto" },
    },
  });
  const sockets = values.sockets === "dgram" || values.sockets === "koffi" ? values.sockets : "auto";
  return { calls: Number(values.calls), seconds: Number(values.seconds), sockets };
}

export async function runBridgeBench(options: BridgeOptions): Promise<Readonly<Record<string, unknown>>> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-bench-"));
  try {
    const { told: sockets, figures } = await measure(options, () =>
      startNodeRelay("engine-relay.ts", [options.sockets]),
    );
    const floor = await measurePlainRelay(options);
    const program = compiledRelay(folder);
    const floorInC =
      program === undefined ? undefined : await measure(options, () => startRelay(program, []));
    return {
      ...figures,
      floor,
      ...(floorInC === undefined ? {} : { floorInC: floorInC.figures }),
      sockets,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The floor: a relay in Node that does nothing but receive and send. */
export async function measurePlainRelay(
  options: Pick<BridgeOptions, "calls" | "seconds">,
): Promise<RelayFigures> {
  return (await measure(options, () => startNodeRelay("plain-relay.ts", []))).figures;
}

/** A process that relays. It reads `<phone> <phone>` ports, one call a line, then an empty line; answers `<ours> <ours>` likewise. */
interface Relay {
  readonly process: ChildProcess;
  /** The first line it says: what it is. */
  readonly told: Promise<string>;
  connect(calls: readonly PortsOfCall[]): Promise<readonly PortsOfCall[]>;
}

async function measure(
  options: Pick<BridgeOptions, "calls" | "seconds">,
  start: () => Relay,
): Promise<{ told: string; figures: RelayFigures }> {
  const relay = start();
  const load = fork(new URL("./rtp-load.ts", import.meta.url), [String(options.calls)]);
  try {
    const [{ phones }] = (await once(load, "message")) as [{ phones: readonly PortsOfCall[] }];
    const relayPorts = await relay.connect(phones);
    load.send({ type: "start", ports: relayPorts });
    await answer(load, "warm");
    const before = cpuMs(relay.process.pid ?? 0);
    load.send({ type: "measure", seconds: options.seconds });
    const measured = (await answer(load, "figures")) as LoadFigures;
    const spent = cpuMs(relay.process.pid ?? 0) - before;
    const figures = {
      cpuMsPerSecondPerCall: round(spent / measured.seconds / options.calls),
      calls: options.calls,
      lossPercent: round(measured.lossPercent),
      jitterP99Ms: round(measured.jitterP99Ms),
    };
    return { told: await relay.told, figures };
  } finally {
    await Promise.all([end(load), end(relay.process)]);
  }
}

async function answer(child: ChildProcess, type: string): Promise<unknown> {
  for (;;) {
    const [message] = (await once(child, "message")) as [{ type: string }];
    if (message.type === type) return message;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill();
  await ended;
}

function startNodeRelay(file: string, given: readonly string[]): Relay {
  return startRelay(process.execPath, [new URL(`./${file}`, import.meta.url).pathname, ...given]);
}

function startRelay(program: string, given: readonly string[]): Relay {
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
      const ours: PortsOfCall[] = [];
      while (ours.length < calls.length) {
        const [first = 0, second = 0] = (await nextLine()).split(" ").map(Number);
        ours.push([first, second]);
      }
      return ours;
    },
  };
}

function compiledRelay(folder: string): string | undefined {
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

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
