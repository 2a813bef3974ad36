import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize, resolve } from "node:path";

/** The repository as its own tests read it. Paths are relative to its root, with `/`. */
export const root = resolve(import.meta.dirname, "../..");

const unread = ["node_modules", "var", "dist", "built", "coverage", ".git", ".npm-cache"];

/** Every file of the tree that is ours. */
export function allFiles(): string[] {
  return globSync("**/*", {
    cwd: root,
    withFileTypes: true,
    exclude: (entry) => unread.includes(entry.name),
  })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .concat(globSync([".ci/*", ".github/**/*", ".npmrc", ".gitignore", ".oxlintrc.json"], { cwd: root }))
    .toSorted();
}

/** Every file of tests. */
export function testFiles(): string[] {
  const folders = ["src", "test", "bench", "examples"];
  return globSync(
    folders.map((folder) => `${folder}/**/*.test.ts`),
    { cwd: root },
  ).toSorted();
}

export function read(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

export interface Import {
  readonly file: string;
  readonly line: number;
  /** As written. */
  readonly specifier: string;
  /** The file in this tree; undefined for a package or one of Node's own. */
  readonly target: string | undefined;
}

const importPattern =
  /(?:^|[;\n])\s*(?:import|export)\s(?:[^"';]*?\sfrom\s+)?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)|new URL\(\s*["'](\.[^"']+)["']\s*,\s*import\.meta\.url/g;

/** What a file imports, types too: a type is knowledge of another room as well. */
export function importsOf(file: string): Import[] {
  const text = read(file);
  return [...text.matchAll(importPattern)].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? "";
    const line = text.slice(0, match.index + match[0].indexOf(specifier)).split("\n").length;
    return { file, line, specifier, target: targetOf(file, specifier) };
  });
}

function targetOf(file: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return normalize(join(dirname(file), specifier));
  if (specifier.startsWith("#rig/")) return `test/${specifier.slice(1)}`;
  if (specifier.startsWith("#")) return `src/${specifier.slice(1)}`;
  return undefined;
}

/**
 * True when bin/setup has nothing to do. A test that would start it asks first: it puts no other node_modules under the feet
 * of whoever installed with npm by hand.
 */
export function isSetUp(): boolean {
  const stamp = join(root, "node_modules/.tandem-installed");
  const wanted = execFileSync("cksum", ["package-lock.json"], { cwd: root, encoding: "utf8" });
  return existsSync(stamp) && readFileSync(stamp, "utf8").trim() === wanted.trim();
}
