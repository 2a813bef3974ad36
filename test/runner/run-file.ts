import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { mark, type TestLine } from "./event-lines.ts";
import { killMarked } from "./stray-processes.ts";

/** What came of one test file. `fail` holds every failure whole: a test's, and the file's own (timeout, leftovers). */
export interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly failures: readonly { name: string; error: string }[];
  readonly skipped: readonly string[];
  /** What its tests told beside their verdicts: `t.diagnostic`. */
  readonly notes: readonly string[];
  readonly seconds: number;
  /** What the file printed; shown when something failed. */
  readonly output: string;
}

/** A file may end by itself this long after its last test; what keeps it alive longer is a leftover. */
const graceMs = 5_000;
const longestOutput = 200_000;

/** Runs one test file in a process of its own, and never takes longer than `timeoutMs` and the grace. */
export async function runFile(file: string, timeoutMs: number): Promise<FileResult> {
  const startedAtMs = performance.now();
  const runId = randomUUID();
  const failures: { name: string; error: string }[] = [];
  const skipped: string[] = [];
  const notes: string[] = [];
  let passed = 0;
  let output = "";
  const running: string[] = [];
  let killedFor: string | undefined;

  const reporter = new URL("./event-lines.ts", import.meta.url).href;
  const child = spawn(
    process.execPath,
    [`--test-reporter=${reporter}`, "--test-reporter-destination=stdout", file],
    { stdio: ["ignore", "pipe", "pipe"], env: environmentOf(runId), detached: true },
  );
  const kill = (why: string): void => {
    killedFor ??= why;
    child.kill("SIGKILL");
  };
  const leftover = "Its tests ended, the process did not: a socket, timer or child process was left open.";
  const tooLong = `It ran longer than ${timeoutMs / 1000} s.`;
  const restMs = (): number => Math.max(0, timeoutMs - (performance.now() - startedAtMs));
  let timer = setTimeout(() => kill(tooLong), timeoutMs);

  const keep = (text: string): void => {
    if (output.length < longestOutput) output += text;
  };
  child.stderr.setEncoding("utf8").on("data", keep);
  createInterface({ input: child.stdout }).on("line", (line) => {
    // A test may print without a line break, so the mark may stand anywhere in the line.
    const at = line.indexOf(mark);
    if (at === -1) return keep(`${line}\n`);
    if (at > 0) keep(`${line.slice(0, at)}\n`);
    const told = JSON.parse(line.slice(at + mark.length)) as TestLine;
    clearTimeout(timer);
    timer = setTimeout(
      () => kill(told.type === "idle" ? leftover : tooLong),
      told.type === "idle" ? graceMs : restMs(),
    );
    if (told.type === "begin") running.push(told.name);
    else if (told.type === "done") running.splice(running.indexOf(told.name), 1);
    else if (told.type === "pass") passed++;
    else if (told.type === "skip") skipped.push(told.name);
    else if (told.type === "note") notes.push(told.text);
    else if (told.type === "fail") failures.push({ name: told.name, error: told.error });
  });

  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    // What the file started may hold its output open: the exit counts, and strays are ended below so that `close` comes.
    child.once("exit", () => {
      const strays = killMarked(runId);
      for (const stray of strays)
        failures.push({ name: "leaves no process", error: `It left running: ${stray}` });
    });
    child.once("close", (...end) => resolve(end));
    child.once("error", (error) => failures.push({ name: "starts", error: error.message }));
  });
  clearTimeout(timer);

  if (killedFor !== undefined) {
    const at = running.length > 0 ? ` Not ended: ${running.join(", ")}.` : "";
    failures.push({ name: "comes to its end", error: killedFor + at });
  } else if (code !== 0 && failures.length === 0) {
    failures.push({ name: "loads and ends", error: `It ended with ${signal ?? `code ${code}`}.` });
  } else if (passed + skipped.length + failures.length === 0) {
    failures.push({ name: "holds a test", error: "It ran no test." });
  }
  const seconds = (performance.now() - startedAtMs) / 1000;
  return { file, passed, failures, skipped, notes, seconds, output };
}

/** With node's own mark of a test under `node --test`, which this one may itself be, the reporter named above is not heard. */
function environmentOf(runId: string): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  return { ...environment, TEST_RUN_OF_TANDEM: runId };
}
