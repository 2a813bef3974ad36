import { once } from "node:events";

/**
 * A process that was started with `--spare` has loaded all that it needs, and waits for a line on standard input: then it takes the
 * place of one that died (`supervise.ts`). Without that line it ends with its input: whoever would have told it is gone.
 */
export const isSpare = process.argv.includes("--spare");

export async function isWanted(): Promise<boolean> {
  const said = await Promise.race([
    once(process.stdin, "data").then(() => true),
    once(process.stdin, "end").then(() => false),
  ]);
  process.stdin.pause();
  process.stdin.on("error", () => {});
  return said;
}
