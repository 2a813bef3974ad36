/** `npm run quick`: formatting, lint, types, dead code, and the tree's own rules. One line each, and a verdict. */
import { spawn } from "node:child_process";
import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const longestMs = 120_000;

const checks: readonly { name: string; words: readonly string[]; mend?: string }[] = [
  { name: "format", words: ["node_modules/.bin/biome", "format"], mend: "npm run format" },
  { name: "lint", words: ["node_modules/.bin/oxlint", "--type-aware", "--deny-warnings"] },
  { name: "types", words: ["node_modules/.bin/tsc", "-p", "."] },
  { name: "types in browsers", words: ["node_modules/.bin/tsc", "-p", "src/console/browser"] },
  { name: "dead code", words: ["node_modules/.bin/knip", "--no-progress"] },
  { name: "tidy", words: ["bin/node", "test/tidy.test.ts"] },
];

const failed: string[] = [];
for (const check of checks) {
  const startedAtMs = performance.now();
  const { code, output } = await run(check.words);
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  console.log(`${code === 0 ? "ok    " : "FAILED"}  ${check.name}  ${seconds} s`);
  if (code === 0) continue;
  failed.push(check.name);
  console.log(output.trimEnd().replaceAll(/^/gm, "    "));
  if (check.mend !== undefined) console.log(`    to mend it: ${check.mend}`);
}

console.log(failed.length === 0 ? "quick: all is well." : `quick: ${failed.join(", ")} failed.`);
process.exitCode = failed.length === 0 ? 0 : 1;

function run([command = "", ...words]: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((done) => {
    let output = "";
    const path = `${root}/node_modules/.bin:${process.env["PATH"] ?? ""}`;
    const child = spawn(command, words, {
      cwd: root,
      timeout: longestMs,
      env: { ...process.env, PATH: path },
    });
    child.stdout.on("data", (part) => (output += part));
    child.stderr.on("data", (part) => (output += part));
    child.once("error", (error) => (output += error.message));
    child.once("close", (code) => done({ code, output }));
  });
}
