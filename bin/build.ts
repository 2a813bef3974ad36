import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join, resolve } from "node:path";
import { bundlePrograms } from "./bundle.ts";

/**
 * Builds what `npm pack` packs: Node.js strips no types below node_modules, so the package carries JavaScript. `dist/` has the
 * tree's own shape and lines, and a package.json of its own by which `#base/...` leads to the built files. Of our sources it
 * holds what the command line reaches: no tests, no rig.
 *
 *     bin/node bin/build.ts             `npm pack` says so, and takes dist/ away afterwards
 */
const root = resolve(import.meta.dirname, "..");
const dist = join(root, "dist");
const entry = "src/cli.ts";

rmSync(dist, { recursive: true, force: true });
await bundlePrograms();
const built = new Set([entry]);
// A set is walked in the order in which it grows.
for (const file of built) for (const reached of build(file)) built.add(reached);
for (const asset of globSync("{src,examples}/**/*.*", {
  cwd: root,
  // The sources of the browsers' programs are in what was made of them.
  exclude: (name) => name.endsWith(".ts") || name === "src/console",
})) {
  // A page's script beside a source of the same name would take its place.
  if (built.has(asset.replace(/\.js$/, ".ts"))) throw new Error(`${asset} is what a source of ours becomes`);
  cpSync(join(root, asset), placed(asset));
}
const { type, imports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  type: string;
  imports: Record<string, string>;
};
const ours = Object.entries(imports).filter(([, to]) => to.startsWith("./src/"));
writeFileSync(
  join(dist, "package.json"),
  `${JSON.stringify({ type, imports: Object.fromEntries(ours) }, null, 2)}\n`,
);

/** Writes one file as JavaScript; gives the sources that it names. */
function build(file: string): readonly string[] {
  const named: string[] = [];
  const script = stripTypeScriptTypes(readFileSync(join(root, file), "utf8"));
  // An import, a worker, a process: whoever names a source of ours names it in a string of its own, whole.
  const rewritten = script.replaceAll(/"([^"\n]+)\.ts"/g, (text, name: string) => {
    const source = name.startsWith("#") ? `src/${name.slice(1)}.ts` : join(dirname(file), `${name}.ts`);
    if (!existsSync(join(root, source))) throw new Error(`${file} names ${text}, which is not there`);
    named.push(source);
    return `"${name}.js"`;
  });
  writeFileSync(placed(file.replace(/\.ts$/, ".js")), rewritten);
  return named;
}

/** Where a file of the tree comes to lie; its folder is made. */
function placed(file: string): string {
  const path = join(dist, file);
  mkdirSync(dirname(path), { recursive: true });
  return path;
}
