import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

/**
 * Makes the programs that run in browsers, of `src/console/browser/` and the packages that it names: one file each, with the licences of
 * those packages beside them; and the call pages' own script, small. What is made stands under the hash of all that it was made of, so to say this again costs nothing.
 *
 *     bin/node bin/bundle.ts            `bin/setup`, the runner of the tests and `npm pack` say so
 */
const root = resolve(import.meta.dirname, "..");
const built = join(root, "src/presentation/assets/built");
const programs = ["browser-phone", "talk-here"];
const pageScript = "src/presentation/assets/live.js";

export async function bundlePrograms(): Promise<void> {
  const stamp = join(built, "made-of");
  const madeOf = hashOfSources();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === madeOf) return;
  rmSync(built, { recursive: true, force: true });
  mkdirSync(built, { recursive: true });
  const packages = new Set<string>();
  for (const program of programs) for (const used of await bundle(program)) packages.add(used);
  await bundlePageScript();
  writeFileSync(join(built, "licences.txt"), [...packages].toSorted().map(licenceOf).join("\n"));
  // Last: it says that all of it is there.
  writeFileSync(stamp, madeOf);
}

/** Gives the folders of the packages that went in. */
async function bundle(program: string): Promise<readonly string[]> {
  const { rolldown } = await import("rolldown");
  const bundling = await rolldown({
    input: join(root, `src/console/browser/${program}.ts`),
    platform: "browser",
    tsconfig: join(root, "src/console/browser/tsconfig.json"),
    resolve: { alias: { "#contract": join(root, "src/contract") } },
  });
  const { output } = await bundling.write({
    file: join(built, `${program}.js`),
    format: "esm",
    minify: true,
    postBanner: "/*! The licences of the packages in here: /assets/licences.txt */",
  });
  await bundling.close();
  return output.flatMap((part) => ("moduleIds" in part ? part.moduleIds : [])).flatMap(packageOf);
}

/** It has no packages: of it are left out comments and long names alone. */
async function bundlePageScript(): Promise<void> {
  const { rolldown } = await import("rolldown");
  const bundling = await rolldown({ input: join(root, pageScript), platform: "browser" });
  await bundling.write({ file: join(built, "live.js"), format: "iife", minify: true });
  await bundling.close();
}

function packageOf(module: string): readonly string[] {
  return /^\/.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module) ?? [];
}

function licenceOf(folder: string): string {
  const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  const [file] = globSync("{LICENSE,LICENCE,license,licence}*", { cwd: folder });
  // Whoever gives the program on must give this on.
  if (file === undefined) throw new Error(`${name} says no licence`);
  return `${name} ${version}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
}

function hashOfSources(): string {
  const hash = createHash("sha256");
  const sources = globSync(
    [
      pageScript,
      "src/console/**/*.{ts,json}",
      "src/contract/browser-phone.ts",
      "bin/bundle.ts",
      "package-lock.json",
    ],
    { cwd: root },
  );
  for (const file of sources.toSorted())
    hash
      .update(relative(root, file))
      .update("\0")
      .update(readFileSync(join(root, file)))
      .update("\0");
  return hash.digest("hex");
}

if (process.argv[1] === import.meta.filename) await bundlePrograms();
