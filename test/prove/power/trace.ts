/** Reads what strace wrote down of the files that a program holds (`-f -y -xx`). */
import { basename } from "node:path";
import type { Touch } from "./disk.ts";

/** What was done to the named files, and what was said, in order. */
export function touchesIn(trace: string, fileNames: readonly string[]): readonly Touch[] {
  return Array.from(wholeLines(trace.split("\n"))).flatMap((line) => touchIn(line, fileNames) ?? []);
}

/**
 * A call that another thread's came in between of is told in two lines, `7 fsync(3<x> <unfinished ...>` and later
 * `7 <... fsync resumed>) = 0`: one line, at its end, for before that it had promised nothing.
 */
function* wholeLines(lines: Iterable<string>): Iterable<string> {
  const begun = new Map<string, string>();
  for (const line of lines) {
    const thread = line.slice(0, line.indexOf(" "));
    const beginning = /^(.*) <unfinished \.\.\.>$/.exec(line)?.[1];
    const end = /^\d+ +<\.\.\. \w+ resumed>(.*)$/.exec(line)?.[1];
    if (beginning !== undefined) begun.set(thread, beginning);
    else yield end === undefined ? line : `${begun.get(thread)}${end}`;
  }
}

/** `1234 pwrite64(17</tmp/x/tandem.sqlite-wal>, "\x37\x7f", 2, 32) = 2`: file names, too, come in hexadecimal. */
function touchIn(line: string, fileNames: readonly string[]): Touch | undefined {
  const [, call, descriptor, name = "", rest = ""] =
    /^\d+ +(\w+)\((\d+)<([^>]*)>(?:, )?(.*)$/.exec(line) ?? [];
  if (call === undefined) return undefined;
  if (call === "write" && descriptor === "1") return { type: "said", text: octetsIn(rest).toString() };
  const file = fileNames.find((each) => basename(plain(name)) === each);
  if (file === undefined) return undefined;
  switch (call) {
    case "pwrite64":
      return { type: "write", file, offset: numberIn(/, (\d+)\) += /, line), data: octetsIn(rest) };
    case "ftruncate":
      return { type: "truncate", file, length: numberIn(/, (\d+)\) += /, line) };
    case "fsync":
    case "fdatasync":
      return { type: "flush", file };
    default:
      throw new Error(`strace told of something else: ${line.slice(0, 200)}`);
  }
}

/** @throws Error where the line holds none. */
function numberIn(pattern: RegExp, line: string): number {
  const [, found] = pattern.exec(line) ?? [];
  if (found === undefined) throw new Error(`strace told of no whole call: ${line.slice(-200)}`);
  return Number(found);
}

function octetsIn(text: string): Buffer {
  const quoted = /^"([^"]*)"/.exec(text)?.[1] ?? "";
  return Buffer.from(quoted.replaceAll("\\x", ""), "hex");
}

function plain(name: string): string {
  return name.includes("\\x") ? Buffer.from(name.replaceAll("\\x", ""), "hex").toString() : name;
}
