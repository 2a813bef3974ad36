import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Platform } from "#rig/platform.ts";
import { childrenOf, commandLine } from "#rig/processes.ts";
import { operatorToken } from "../../../bench/flow/call-records.ts";
import { cpuMs } from "../../../bench/process-cpu.ts";

export const processNames = ["web", "unit", "spare", "supervisor"] as const;
export type ProcessName = (typeof processNames)[number];

/** One process, as the kernel has it. */
export interface ProcessSeen {
  readonly pid: number;
  readonly residentMb: number;
  readonly descriptors: number;
  readonly sockets: number;
  readonly threads: number;
  readonly cpuMs: number;
}

/** The platform at one moment. A process that is just being replaced is missing; so is what the product says of itself meanwhile. */
export interface Look {
  readonly atMs: number;
  readonly processes: Partial<Readonly<Record<ProcessName, ProcessSeen>>>;
  /** `GET /metrics`, by name with labels. */
  readonly metrics: ReadonlyMap<string, number>;
  readonly databaseMb: number;
  /** What the unit keeps over its own death. */
  readonly journalMb: number;
}

export async function look(platform: Platform): Promise<Look> {
  const metrics = await readMetrics(platform.url).catch(() => new Map<string, number>());
  const processes: Partial<Record<ProcessName, ProcessSeen>> = {};
  for (const [name, pid] of Object.entries(pidsOf(platform)) as [ProcessName, number][]) {
    const seen = processSeen(pid);
    if (seen !== undefined) processes[name] = seen;
  }
  const databaseMb = sizeMb(platform, "tandem.sqlite");
  const journalMb = sizeMb(platform, "unit-");
  return { atMs: Date.now(), processes, metrics, databaseMb, journalMb };
}

/** Of all files whose names begin so: a database, and what it has not yet written to its place. */
function sizeMb({ folder }: Platform, prefix: string): number {
  const sizes = readdirSync(folder)
    .filter((name) => name.startsWith(prefix))
    .map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0);
  return sizes.reduce((sum, size) => sum + size, 0) / 1e6;
}

function pidsOf(platform: Platform): Partial<Record<ProcessName, number>> {
  try {
    const web = platform.webPid();
    const supervisor = parentOf(web);
    const unit = platform.unitPid;
    const spare = childrenOf(supervisor).find((pid) => commandLine(pid).includes("--spare") && pid !== unit);
    return { web, unit, supervisor, ...(spare === undefined ? {} : { spare }) };
  } catch {
    // Between a death and the next life.
    return {};
  }
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]);
}

function processSeen(pid: number): ProcessSeen | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    const field = (name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)?.[1]);
    const links = readdirSync(`/proc/${pid}/fd`).map((descriptor) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
      } catch {
        // Closed since the list was read.
        return undefined;
      }
    });
    const open = links.filter((link) => link !== undefined);
    return {
      pid,
      residentMb: field("VmRSS") / 1_024,
      descriptors: open.length,
      sockets: open.filter((link) => link.startsWith("socket:")).length,
      threads: field("Threads"),
      cpuMs: cpuMs(pid),
    };
  } catch {
    // It has just died.
    return undefined;
  }
}

async function readMetrics(url: string): Promise<ReadonlyMap<string, number>> {
  const answer = await fetch(new URL("/metrics", url), {
    headers: { authorization: `Bearer ${operatorToken}` },
    signal: AbortSignal.timeout(5_000),
  });
  if (!answer.ok) throw new Error(`the metrics answered ${answer.status}`);
  const lines = (await answer.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}
