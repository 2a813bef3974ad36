import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { TandemError } from "#base/errors.ts";

/**
 * The few files that pages load beside themselves, read once. Each page names them with a hash of their content, so browsers
 * keep them for a year and a new version is a new address.
 */
export type AssetName =
  | "tandem.css"
  | "phone.css"
  | "live.js"
  | "load-talk-here.js"
  | "talk-here.js"
  | "browser-phone.js"
  | "licences.txt"
  | "snippet.js"
  | "icon.svg";

export interface Asset {
  readonly content: Buffer;
  readonly type: string;
  readonly version: string;
}

export function asset(name: string): Asset | undefined {
  return assets.get(name);
}

export function assetUrl(name: AssetName): string {
  return `/assets/${name}?v=${assets.get(name)?.version ?? ""}`;
}

const assets: ReadonlyMap<string, Asset> = new Map([
  ["tandem.css", made(style("tokens.css") + style("tandem.css"), "text/css; charset=utf-8")],
  ["phone.css", made(style("phone.css"), "text/css; charset=utf-8")],
  ["live.js", made(built("live.js"), "text/javascript; charset=utf-8")],
  ["load-talk-here.js", made(script("load-talk-here.js"), "text/javascript; charset=utf-8")],
  ["talk-here.js", made(built("talk-here.js"), "text/javascript; charset=utf-8")],
  ["browser-phone.js", made(built("browser-phone.js"), "text/javascript; charset=utf-8")],
  ["licences.txt", made(built("licences.txt"), "text/plain; charset=utf-8")],
  ["snippet.js", made(read("snippet.js"), "text/javascript; charset=utf-8")],
  ["icon.svg", made(read("icon.svg"), "image/svg+xml")],
]);

function made(text: string, type: string): Asset {
  const content = Buffer.from(text);
  return { content, type, version: createHash("sha256").update(content).digest("hex").slice(0, 12) };
}

/**
 * Without what is there for our eyes alone: a visitor on a telephone pays for neither comments nor indentation. Nothing in our
 * style sheets stands in quotes that these replacements would change.
 */
function style(name: string): string {
  return read(name)
    .replaceAll(/\/\*[^]*?\*\//g, "")
    .replaceAll(/\s*([{};,]|:(?=\s))\s*/g, "$1")
    .replaceAll(";}", "}");
}

/** The same of a script whose comments have lines of their own, and whose texts have no line breaks. */
function script(name: string): string {
  return read(name)
    .replaceAll(/^\s*\/\/.*\n/gm, "")
    .replaceAll(/\n\s*/g, "\n");
}

/** What `bin/bundle.ts` has made. */
function built(name: string): string {
  if (!existsSync(new URL(`assets/built/${name}`, import.meta.url)))
    throw new TandemError("BUG", { missing: name, mend: "bin/setup makes the browsers' programs" });
  return read(`built/${name}`);
}

function read(name: string): string {
  return readFileSync(new URL(`assets/${name}`, import.meta.url), "utf8");
}
