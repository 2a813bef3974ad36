/**
 * Runs every test file, each in a process of its own: first those that need no other program, several at once, then those that
 * talk to telephones, browsers and databases, one after the other, because they measure sound and wait for others. Which is which
 * follows from what a file imports: `runner/runs-alone.ts`.
 * The last line is `N passed, N failed[, N skipped]`; the exit code is 0 when none failed and some passed.
 *
 *     bin/node test/run.ts [--counting NAME=0|1] [path ...]      a path is a file or a folder
 */
import { availableParallelism } from "node:os";
import { relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundlePrograms } from "../bin/bundle.ts";
import { runFile, type FileResult } from "./runner/run-file.ts";
import { runsAlone } from "./runner/runs-alone.ts";
import { root, testFiles } from "./runner/tree.ts";

const sideBySideTimeoutMs = 240_000;
const aloneTimeoutMs = 600_000;

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: { counting: { type: "string", multiple: true } },
});

let passed = 0;
let failed = 0;
let skipped = 0;

for (const outside of values.counting ?? []) {
  const [name, code] = outside.split("=");
  if (code === "0") passed++;
  else {
    failed++;
    console.log(`FAILED  ${name}`);
  }
}

const wanted = positionals.map((path) => relative(root, resolve(path)));
const files = testFiles().filter(
  (file) => wanted.length === 0 || wanted.some((path) => file === path || file.startsWith(`${path}/`)),
);
const alone = files.filter(runsAlone);
const sideBySide = files.filter((file) => !alone.includes(file));

process.chdir(root);
await bundlePrograms();
await runAll(sideBySide, Math.min(4, availableParallelism()), sideBySideTimeoutMs);
await runAll(alone, 1, aloneTimeoutMs);

console.log("");
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

async function runAll(queue: readonly string[], atOnce: number, timeoutMs: number): Promise<void> {
  const waiting = [...queue];
  const worker = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      report(await runFile(file, timeoutMs));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

function report(result: FileResult): void {
  passed += result.passed;
  failed += result.failures.length;
  skipped += result.skipped.length;
  const figures = `${result.passed} passed${result.failures.length > 0 ? `, ${result.failures.length} failed` : ""}`;
  const verdict = result.failures.length > 0 ? "FAILED" : "ok    ";
  console.log(`${verdict}  ${result.file}  ${figures}  ${result.seconds.toFixed(1)} s`);
  for (const note of result.notes) console.log(indented(`    ${note}`));
  for (const name of result.skipped) console.log(`        skipped: ${name}`);
  for (const failure of result.failures) console.log(`\n  x ${failure.name}\n${indented(failure.error)}\n`);
  if (result.failures.length > 0 && result.output !== "") {
    console.log(`  what it printed:\n${indented(result.output.slice(-8_000))}`);
  }
}

function indented(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, "    ");
}
