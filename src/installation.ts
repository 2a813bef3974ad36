import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { TandemError } from "#base/errors.ts";
import Type from "typebox";
import Value from "typebox/value";
import { type Formats, formats } from "./formats.ts";
import type { Code } from "./keeper.ts";

/** Tandem as it lies in a folder: what its processes run, and what they read and write. */
export interface Installation {
  readonly folder: string;
  /** By the charge's name. */
  readonly codes: Readonly<Record<"unit" | "web", Code>>;
  readonly formats: Formats;
}

/** The one that this file is of. Asked for at the start, it is what was started, whatever is put in its place later. */
export function ownInstallation(): Installation {
  const program = process.execPath;
  const sources = import.meta.dirname;
  return {
    folder: folderOf(sources),
    codes: {
      unit: { program, script: join(sources, "./telecom/process.ts") },
      web: { program, script: join(sources, "./main.ts") },
    },
    formats,
  };
}

/** A clone holds sources, a package built files below `dist`. */
function folderOf(sources: string): string {
  const above = dirname(sources);
  return extname(import.meta.filename) === ".ts" ? above : dirname(above);
}

/** What lies in `folder`: a clone, a package, or where a package was installed. Throws UPGRADE_FAILED when it is none of them. */
export async function installationIn(folder: string): Promise<Installation> {
  const places = [folder, join(folder, "node_modules/tandem")].flatMap((place) => [
    { place, sources: join(place, "src"), extension: ".ts" },
    { place, sources: join(place, "dist/src"), extension: ".js" },
  ]);
  const found = places.find(({ sources, extension }) => existsSync(join(sources, `main${extension}`)));
  if (found === undefined)
    throw new TandemError("UPGRADE_FAILED", { why: `there is no Tandem in ${folder}` });
  const { place, sources, extension } = found;
  const program = join(place, "bin/node");
  const code = (name: string): Code => ({ program, script: join(sources, `${name}${extension}`) });
  return {
    folder: resolve(place),
    codes: { unit: code("telecom/process"), web: code("main") },
    formats: await formatsOf(code("formats")),
  };
}

const range = { oldest: Type.Integer(), newest: Type.Integer() };
const written = { oldest: Type.Integer(), written: Type.Integer(), readableBy: Type.Integer() };
const shape = Type.Object({
  wire: Type.Object(range),
  rows: Type.Object(written),
  tables: Type.Object(written),
});

/** It is asked by its own Node.js: where that does not run, nothing of it would. */
async function formatsOf({ program, script }: Code): Promise<Formats> {
  try {
    const { stdout } = await promisify(execFile)(program, [script], { timeout: answersWithinMs });
    return Value.Parse(shape, JSON.parse(stdout));
  } catch (cause) {
    throw new TandemError("UPGRADE_FAILED", { why: `${script} does not run: ${String(cause)}` }, cause);
  }
}

const answersWithinMs = 20_000;
