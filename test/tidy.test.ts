/** The tree's own rules: what docs and house style say of it is read from the files here, so that it stays true. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import test from "node:test";
import { errorCodes } from "#base/errors.ts";
import { settingNames } from "../src/settings.ts";
import { allFiles, importsOf, read, root, type Import } from "./runner/tree.ts";

const files = allFiles();
const sources = files.filter((file) => file.startsWith("src/") && file.endsWith(".ts"));
const code = files.filter((file) => file.endsWith(".ts"));
const documents = files.filter((file) => file.endsWith(".md"));

/**
 * Imports follow the click; answers come back as events (ARCHITECTURE.md). A room may import these rooms' fronts, itself,
 * and, but for the two that import nothing, `base` and `contract`.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  widget: ["contract"],
  console: ["contract"],
  presentation: ["live-service", "call-manager", "reports", "contract", "base"],
  "live-service": ["call-manager", "network", "store", "contract", "base"],
  "call-manager": ["network", "telecom", "store", "contract", "base"],
  network: ["store", "contract", "base"],
  telecom: ["contract", "base"],
  reports: ["store", "contract", "base"],
  store: ["base", "contract"],
  contract: ["base"],
  base: [],
  // Looks into every room, and nobody knows it: it belongs to the files beside the rooms.
  doctor: ["presentation", "call-manager", "network", "telecom", "store", "contract", "base"],
};

/** The one front file that a room may take of another, where that is narrower than its front. */
const onlyDoor: Readonly<Record<string, string>> = { "call-manager>telecom": "src/telecom/client.ts" };

/** Longer than 400 lines, each with its reason. Tables do not count. */
const longFiles: Readonly<Record<string, string>> = {
  "src/telecom/switch/switch-with-sipp.test.ts": "a list of what a far end may do, each with its scenario",
  "test/stories/call-stories.ts": "a table of stories",
  "test/stories/unhappy-ends.ts": "a table of stories",
};

test("every room of src/ is in the table of rooms", () => {
  const rooms = new Set(sources.map(roomOf).filter((room) => room !== undefined));
  none([...rooms].filter((room) => mayImport[room] === undefined));
});

test("imports follow the click", () => {
  none(sources.flatMap(importsOf).flatMap((found) => complaint(found) ?? []));
});

test("every import of our own names a file that is there", () => {
  const broken = code
    .flatMap(importsOf)
    .filter(({ target }) => target !== undefined && !outside(target) && !existsSync(join(root, target)));
  none(broken.map((found) => `${where(found)} names ${found.specifier}, which is not there`));
});

test("only tests import the rig", () => {
  const guests = sources.filter((file) => !isTest(file)).flatMap(importsOf);
  none(guests.filter(({ target }) => target?.startsWith("test/") === true).map(where));
});

function complaint(found: Import): string | undefined {
  const { file, specifier, target } = found;
  if (target === undefined || target.startsWith("test/") || outside(target)) return undefined;
  if (specifier.startsWith("../.."))
    return `${where(found)}: ${specifier} climbs two folders; say #room/file.ts`;
  const from = roomOf(file);
  const to = roomOf(target);
  // main.ts and what stands beside it wire the rooms together; no room may know them.
  if (from === undefined) return undefined;
  if (to === undefined && from === "doctor") return undefined;
  if (to === undefined) return `${where(found)}: a room knows nothing of ${target}`;
  if (from === to) return undefined;
  if (!specifier.startsWith("#"))
    return `${where(found)}: another room is imported as #${to}/..., not ${specifier}`;
  // A test may set its scene with any room's front.
  if (!isTest(file) && mayImport[from]?.includes(to) !== true)
    return `${where(found)}: ${from} may not import ${to}`;
  if (target.split("/").length > 3) return `${where(found)}: ${target} is private to ${to}`;
  const door = onlyDoor[`${from}>${to}`];
  if (door !== undefined && !isTest(file) && target !== door)
    return `${where(found)}: of ${to}, ${from} knows ${door} alone`;
  return undefined;
}

/** A corpus beside the tree, which a test reads when it is there. */
function outside(target: string): boolean {
  return target.startsWith("../");
}

/** `call-manager` of `src/call-manager/steps/x.ts`; undefined for what stands at the top of src/. */
function roomOf(file: string): string | undefined {
  const parts = file.split("/");
  return parts[0] === "src" && parts.length > 2 ? parts[1] : undefined;
}

test("files are kebab-case and named for what they hold", () => {
  const ours = files.filter((file) => /^(src|test|bench|examples|docs)\//.test(file));
  const named = ours.filter((file) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/.test(basename(file)));
  none(named.map((file) => `${file} is not kebab-case`));
  const vague = /^(utils?|helpers?|common|misc|index|shared|stuff)(\.test)?\.[a-z]+$/;
  // A web server serves index.html for a folder: that name is the web's, not ours.
  none(ours.filter((file) => vague.test(basename(file)) && !file.endsWith("index.html")));
});

test("no file of code has more than 400 lines", () => {
  const lines = (file: string): number => read(file).trimEnd().split("\n").length;
  none(
    code
      .filter((file) => lines(file) > 400 && longFiles[file] === undefined)
      .map((file) => `${file}: ${lines(file)}`),
  );
  none(Object.keys(longFiles).filter((file) => !existsSync(join(root, file)) || lines(file) <= 400));
});

test("what is left to do has an issue", () => {
  const open = new RegExp(
    `\\b(${["TO", "FIX"].map((word, at) => word + ["DO", "ME"][at]).join("|")})\\b(?!\\(#\\d+\\))`,
  );
  none(code.filter((file) => open.test(read(file))));
});

test("no source reads the time of day past its clock", () => {
  const past = sources.filter((file) => !isTest(file) && !file.startsWith("src/base/"));
  none(past.filter((file) => /\bnew Date\(\s*\)|\bDate\(\)|\bDate\.now\b|\bMath\.random\b/.test(read(file))));
});

test("docs/errors.md tells every error code, and no other", () => {
  const told = [...read("docs/errors.md").matchAll(/^## ([A-Z_0-9]+)$/gm)].map((heading) => heading[1] ?? "");
  assert.deepEqual(told.toSorted(), Object.keys(errorCodes).toSorted());
});

test("every error code is thrown somewhere", () => {
  const thrown = sources
    .filter((file) => !isTest(file) && file !== "src/base/errors.ts")
    .map(read)
    .join("\n");
  none(Object.keys(errorCodes).filter((code) => !thrown.includes(`"${code}"`)));
});

test("docs/operating.md tells every setting, and no other", () => {
  const told = new Set(read("docs/operating.md").match(/\b(?:TANDEM|OTEL)_[A-Z_]+\b/g));
  assert.deepEqual([...told].toSorted(), settingNames().toSorted());
});

test("no file names a registry's host or a machine's own folder", () => {
  none(
    read("package-lock.json").includes('"resolved"') ? ["package-lock.json holds resolved addresses"] : [],
  );
  const hosts = new RegExp(
    ["registry", "\\.[a-z0-9-]+\\.[a-z]{2,}|_auth", "Token|/wor", "k/(main|shared)"].join(""),
  );
  const text = files.filter((file) => !/\.(wav|png|ico|pcap|wasm|woff2?)$/.test(file));
  none(text.filter((file) => file !== "test/tidy.test.ts" && hosts.test(read(file))));
});

test("every relative link in the documents leads somewhere", () => {
  none(
    documents.flatMap((file) =>
      [...read(file).matchAll(/\]\(([^)\s]+)\)/g)]
        .map((link) => link[1] ?? "")
        .filter((to) => !/^[a-z]+:/.test(to))
        .filter((to) => !leads(file, to))
        .map((to) => `${file} links to ${to}`),
    ),
  );
});

function leads(file: string, to: string): boolean {
  const [path = "", anchor] = to.split("#");
  const target = path === "" ? file : normalize(join(dirname(file), decodeURIComponent(path)));
  if (!existsSync(join(root, target))) return false;
  if (anchor === undefined || !target.endsWith(".md")) return true;
  const headings = [...read(target).matchAll(/^#+ (.+)$/gm)].map((heading) => slug(heading[1] ?? ""));
  return headings.includes(anchor);
}

/** A heading's anchor, as code hosts make it. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s/g, "-");
}

test("every source file that a document names is there", () => {
  const told = documents.filter((file) => file !== "CHANGELOG.md" && !file.startsWith("docs/decisions/"));
  none(
    told.flatMap((file) =>
      [...read(file).matchAll(/`([a-z0-9/_-]+\.ts)`/g)]
        .map((name) => name[1] ?? "")
        .filter((name) => !files.some((known) => known === name || known.endsWith(`/${name}`)))
        .map((name) => `${file} names ${name}`),
    ),
  );
});

test("migrations are numbered in order, without a gap", () => {
  const numbers = files.flatMap(
    (file) => /^src\/store\/migrations\/(\d{4})-[a-z-]+\.ts$/.exec(file)?.[1] ?? [],
  );
  assert.ok(numbers.length > 0, "no migration was found");
  assert.deepEqual(
    numbers.map(Number),
    numbers.map((_, at) => at + 1),
  );
});

test("every decision has a number of its own", () => {
  const numbers = files.flatMap((file) => /^docs\/decisions\/(\d{4})-[a-z0-9-]+\.md$/.exec(file)?.[1] ?? []);
  assert.equal(new Set(numbers).size, numbers.length);
});

test("dependencies are pinned to one version each", () => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read("package.json"));
  const all = Object.entries<string>({ ...dependencies, ...devDependencies, ...optionalDependencies });
  none(all.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)).map(([name]) => name));
});

test("every command in the README is there", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  const blocks = [...read("README.md").matchAll(/```sh\n([\s\S]*?)```/g)].map((block) => block[1] ?? "");
  const commands = blocks
    .flatMap((block) => block.split("\n"))
    .map((line) => line.replace(/\s+#.*$/, "").trim());
  none(
    commands.filter((command) => {
      const [program = "", verb, script = ""] = command.split(/\s+/);
      if (program === "" || program === "git" || program === "cd") return false;
      if (program === "npm") return verb !== "run" || scripts[script] === undefined;
      return !existsSync(join(root, program));
    }),
  );
});

/** A contract is a test that several implementations run. */
function isTest(file: string): boolean {
  return file.endsWith(".test.ts") || file.endsWith("-contract.ts");
}

function where(found: Import): string {
  return `${found.file}:${found.line}`;
}

/** Fails with the whole list, one a line. */
function none(complaints: readonly string[]): void {
  assert.equal(complaints.length, 0, `\n  ${complaints.join("\n  ")}\n`);
}
