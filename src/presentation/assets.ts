import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/**
 * The few files that pages load beside themselves, read once. Each page names them with a hash of their content, so browsers
 * keep them for a year and a new version is a new address.
 */
export type AssetName = "tandem.css" | "live.js" | "snippet.js" | "icon.svg";

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
  ["tandem.css", read("tandem.css", "text/css; charset=utf-8")],
  ["live.js", read("live.js", "text/javascript; charset=utf-8")],
  ["snippet.js", read("snippet.js", "text/javascript; charset=utf-8")],
  ["icon.svg", read("icon.svg", "image/svg+xml")],
]);

function read(name: AssetName, type: string): Asset {
  const content = readFileSync(new URL(`assets/${name}`, import.meta.url));
  return { content, type, version: createHash("sha256").update(content).digest("hex").slice(0, 12) };
}
