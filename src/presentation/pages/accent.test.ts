import assert from "node:assert/strict";
import test from "node:test";
import { asset } from "../assets.ts";
import { accentStyle, contrast } from "./accent.ts";

test("text on a button is readable in every colour, also under the pointer", () => {
  const levels = Array.from({ length: 16 }, (_, at) => (at * 17).toString(16).padStart(2, "0"));
  for (const red of levels)
    for (const green of levels)
      for (const blue of levels) assertReadable(accentStyle(`#${red}${green}${blue}`, "n").markup);
});

test("the colours of a subscriber who has chosen none are readable too", () => {
  assertReadable(String(asset("tandem.css")?.content));
});

/** WCAG 2.2, 1.4.3, of the tokens that stand first in a style. */
function assertReadable(style: string): void {
  const token = (name: string): string =>
    new RegExp(`--${name}:\\s*(#[0-9a-f]+)`).exec(style)?.[1] ?? "missing";
  const [accent, ink, hover] = [token("accent"), token("on-accent"), token("hover")];
  for (const ground of [accent, laidOver(accent, hover)])
    assert.ok(contrast(ground, ink) >= 4.5, `${ink} on ${ground}, of ${accent} and ${hover}`);
}

/** A colour with `#rrggbbaa` on top of it. */
function laidOver(color: string, veil: string): string {
  const channel = (of: string, at: number): number => Number.parseInt(of.slice(at, at + 2), 16);
  const share = channel(veil, 7) / 255;
  const mixed = [1, 3, 5].map((at) =>
    Math.round(channel(color, at) * (1 - share) + channel(veil, at) * share),
  );
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}
