import assert from "node:assert/strict";
import type { Platform } from "#rig/platform.ts";

/** The web process's and the unit's, looked at again and again for as long as nobody dies. */
export class LiveHeaps {
  readonly seen: HeapSeen[] = [];
  readonly #platform: Platform;
  readonly #open = new Map<HeapSeen["process"], LiveHeap>();

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  async look(): Promise<void> {
    const pids = { web: this.#platform.webPid(), unit: this.#platform.unitPid };
    for (const process of ["web", "unit"] as const) {
      const heap = this.#open.get(process) ?? (await openLiveHeap(this.#platform, pids[process]));
      this.#open.set(process, heap);
      this.seen.push({ process, atMs: Date.now(), mb: await heap.collectedMb() });
    }
  }

  async close(): Promise<void> {
    for (const heap of this.#open.values()) await heap[Symbol.asyncDispose]();
    this.#open.clear();
  }
}

export interface HeapSeen {
  readonly process: "web" | "unit";
  readonly atMs: number;
  readonly mb: number;
}

/**
 * What one process's JavaScript holds once its garbage is collected: what it occupies at the kernel is mostly room for garbage, which
 * comes and goes by a hundred megabytes. Asked of Node.js' own inspector, on loopback and for as long as this is open.
 */
interface LiveHeap extends AsyncDisposable {
  collectedMb(): Promise<number>;
}

/** For the platform's environment: each process's inspector has a port of its own. */
export const inspectable = { NODE_OPTIONS: "--inspect-port=127.0.0.1:0" };

async function openLiveHeap(platform: Platform, pid: number): Promise<LiveHeap> {
  const address = await inspectorOf(platform, pid);
  const socket = new WebSocket(address);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", () => reject(new Error(`nobody inspects at ${address}`)));
  });
  let asked = 0;
  const answers = new Map<number, (result: unknown) => void>();
  socket.addEventListener("message", ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id: number; result: unknown };
    answers.get(id)?.(result);
    answers.delete(id);
  });
  const ask = (method: string, params = {}): Promise<unknown> => {
    const id = (asked += 1);
    const answer = new Promise((resolve) => answers.set(id, resolve));
    socket.send(JSON.stringify({ id, method, params }));
    return answer;
  };
  await ask("HeapProfiler.enable");
  return {
    async collectedMb() {
      await ask("HeapProfiler.collectGarbage");
      const { usedSize } = (await ask("Runtime.getHeapUsage")) as { usedSize: number };
      return usedSize / 1e6;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
      // Ends the connection, too.
      socket.send(
        JSON.stringify({ id: 0, method: "Runtime.evaluate", params: { expression: "process._debugEnd()" } }),
      );
      await closed;
    },
  };
}

/** SIGUSR1 opens it; the process prints where. */
async function inspectorOf(platform: Platform, pid: number): Promise<string> {
  const addresses = (): readonly string[] =>
    [...platform.output().matchAll(/Debugger listening on (ws:\S+)/g)].map(([, address = ""]) => address);
  const known = addresses().length;
  process.kill(pid, "SIGUSR1");
  const giveUpMs = performance.now() + 10_000;
  for (;;) {
    const [address] = addresses().slice(known);
    if (address !== undefined) return address;
    assert.ok(performance.now() < giveUpMs, `process ${pid} opened no inspector`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
