import { readdirSync, readFileSync } from "node:fs";

/**
 * Ends every process that a test file started and left, and tells what they were. They are known by a variable that
 * children inherit, so a process that left its group or its parent is found too. Linux alone; elsewhere none is found.
 */
export function killMarked(runId: string): string[] {
  const strays: string[] = [];
  for (const pid of processIds()) {
    if (pid === process.pid || !carries(pid, runId)) continue;
    strays.push(`${pid} ${commandLine(pid)}`);
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself in between.
    }
  }
  return strays;
}

function processIds(): number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function carries(pid: number, runId: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(`TEST_RUN_OF_TANDEM=${runId}`);
  } catch {
    // It is gone, or belongs to somebody else.
    return false;
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").slice(0, 200);
  } catch {
    return "(gone)";
  }
}
