import { once } from "node:events";

/**
 * A process that was started with `--spare` loads all that can be loaded before its lines are its own, says so, and waits for a line on
 * standard input: then it takes the place of one that died or makes way (`keeper.ts`). Without that line it ends with its input: whoever
 * would have told it is gone.
 */
export const isSpare = process.argv.includes("--spare");

export const loadedLine = '{"loaded":true}';
export const beginLine = "begin";

export async function isWanted(): Promise<boolean> {
  process.stdout.write(`${loadedLine}\n`);
  const said = await Promise.race([
    once(process.stdin, "data").then(() => true),
    once(process.stdin, "end").then(() => false),
  ]);
  process.stdin.pause();
  process.stdin.on("error", () => {});
  return said;
}
