import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { accentStyle, contrast } from "./pages/accent.ts";

const tokens = stylesheet("assets/tokens.css");
const components = stylesheet("assets/tandem.css");
const [light = "", dark = ""] = tokens.split("@media screen and (prefers-color-scheme: dark)");
const themes = {
  light: colorsOf(light),
  dark: new Map([...colorsOf(light), ...colorsOf(dark)]),
};

/** Which colour stands on which, and by how much it must differ: WCAG 2.2, 1.4.3 for text, 1.4.11 for edges and marks. */
const pairs: readonly (readonly [string, string, number])[] = [
  ...["ink", "quiet", "link", "good", "problem"].flatMap((text) =>
    ["surface", "ground"].map((under) => [text, under, 4.5] as const),
  ),
  ["ink", "note-ground", 4.5],
  ["quiet", "note-ground", 4.5],
  ["link", "note-ground", 4.5],
  ["problem", "problem-ground", 4.5],
  // Text of a filled button, and the tick in its disc.
  ["surface", "good", 4.5],
  ["surface", "problem", 4.5],
  ["on-accent", "accent", 4.5],
  ["edge", "surface", 3],
  ["edge", "ground", 3],
  ["mark", "surface", 3],
];

for (const [theme, colors] of Object.entries(themes))
  test(`the colours of the ${theme} theme reach their contrasts`, () => {
    for (const [over, under, least] of pairs) {
      const ratio = contrast(color(colors, over), color(colors, under));
      assert.ok(ratio >= least, `${over} on ${under}: ${ratio.toFixed(2)}:1, not ${least}:1`);
    }
  });

test("a button's edge is seen in both themes, whatever colour the subscriber chose", () => {
  const levels = Array.from({ length: 16 }, (_, at) => (at * 17).toString(16).padStart(2, "0"));
  for (const red of levels)
    for (const green of levels)
      for (const blue of levels) {
        const style = accentStyle(`#${red}${green}${blue}`, "n").markup;
        const marks = [...style.matchAll(/--mark:(?:var\(--(edge)\)|(#[0-9a-f]{6}))/g)];
        const [inLight, inDark = inLight] = marks;
        for (const [colors, mark] of [
          [themes.light, inLight],
          [themes.dark, inDark],
        ] as const) {
          const shown = mark?.[2] ?? color(colors, mark?.[1] ?? "");
          assert.ok(
            contrast(shown, color(colors, "surface")) >= 3,
            `${style} on ${color(colors, "surface")}`,
          );
        }
      }
});

test("both themes name the same colours, but for the buttons' own", () => {
  const themed = [...colorsOf(dark).keys()];
  const own = new Set(["accent", "on-accent", "hover"]);
  const inLight = [...colorsOf(light).keys()].filter((name) => !own.has(name));
  assert.deepEqual(themed, inLight);
});

test("every token that a style names is there, and every one is used", () => {
  const named = new Set(
    [...`${tokens}${components}`.matchAll(/var\(--([a-z0-9-]+)/g)].map(([, name = ""]) => name),
  );
  const declared = new Set([...tokens.matchAll(/^\s*--([a-z0-9-]+):/gm)].map(([, name = ""]) => name));
  assert.deepEqual(
    [...named].filter((name) => !declared.has(name)),
    [],
  );
  assert.deepEqual(
    [...declared].filter((name) => !named.has(name)),
    [],
  );
});

function stylesheet(path: string): string {
  return readFileSync(new URL(path, import.meta.url), "utf8");
}

function colorsOf(style: string): ReadonlyMap<string, string> {
  return new Map(
    [...style.matchAll(/--([a-z-]+): (#[0-9a-f]{6,8});/g)].map(([, name = "", value = ""]) => [name, value]),
  );
}

function color(colors: ReadonlyMap<string, string>, name: string): string {
  const found = colors.get(name);
  assert.ok(found !== undefined, `no colour ${name}`);
  return found;
}
