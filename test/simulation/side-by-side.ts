import { spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { join } from "node:path";

export interface Ran {
  readonly code: number | null;
  /** What it printed, and complained of. */
  readonly said: string;
  readonly seconds: number;
}

/** Runs a script of this folder in a process of its own. */
export async function run(
  script: string,
  of: {
    readonly args?: readonly string[];
    readonly preload?: string;
    readonly environment?: Readonly<Record<string, string>>;
    readonly mostMs: number;
  },
): Promise<Ran> {
  const beganAtMs = performance.now();
  const path = (name: string): string => join(import.meta.dirname, name);
  const preload = of.preload === undefined ? [] : ["--import", path(of.preload)];
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", ...preload, path(script), ...(of.args ?? [])],
    { env: { ...process.env, ...of.environment }, stdio: ["ignore", "pipe", "pipe"], timeout: of.mostMs },
  );
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, said, seconds: (performance.now() - beganAtMs) / 1000 };
}

/** As many at once as there are processors; each result as it comes. */
export async function* sideBySide<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const waiting = [...items];
  const running = new Map<Item, Promise<{ item: Item; result: Result }>>();
  for (;;) {
    while (running.size < availableParallelism()) {
      const item = waiting.shift();
      if (item === undefined) break;
      running.set(
        item,
        work(item).then((result) => ({ item, result })),
      );
    }
    if (running.size === 0) return;
    const { item, result } = await Promise.race(running.values());
    running.delete(item);
    yield result;
  }
}
