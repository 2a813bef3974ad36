import { html, type Html, nothing } from "../html.ts";

/**
 * The subscriber's colour on buttons and the bar, as it was chosen. Text on it is black or white, whichever contrasts more: one of
 * the two always reaches 4.5:1 (WCAG 2.2, 1.4.3). A button's edge has the same colour where that stands out from the theme's
 * surface by 3:1 (1.4.11), else the theme's own. So no choice of colour can make a text unreadable, or a button unseen.
 */
export function accentStyle(color: string | undefined, nonce: string): Html {
  if (color === undefined || !/^#[0-9a-f]{6}$/i.test(color)) return nothing;
  const ink = inkOn(color);
  const light = markOn(surfaces.light, color);
  const dark = markOn(surfaces.dark, color);
  const inDark =
    light === dark ? nothing : html`@media screen and (prefers-color-scheme:dark){:root{--mark:${dark}}}`;
  return html`<style nonce="${nonce}">:root{--accent:${color};--on-accent:${ink};--hover:${veilUnder(ink)};--mark:${light}}${inDark}</style>`;
}

/** `--surface` of assets/tokens.css, in each theme. */
const surfaces = { light: "#ffffff", dark: "#1a202b" } as const;

function markOn(surface: string, color: string): string {
  return contrast(surface, color) >= 3 ? color : "var(--edge)";
}

/** What a pointer lays over the colour: away from the text's, so that its contrast only grows. */
function veilUnder(ink: "#000000" | "#ffffff"): string {
  return ink === "#ffffff" ? "#0000001f" : "#ffffff1f";
}

export function inkOn(color: string): "#000000" | "#ffffff" {
  return contrast(color, "#ffffff") >= contrast(color, "#000000") ? "#ffffff" : "#000000";
}

/** WCAG 2.2, "contrast ratio", of two `#rrggbb`: from 1 to 21. */
export function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].toSorted((x, y) => x - y);
  return (lighter + 0.05) / (darker + 0.05);
}

/** WCAG 2.2, "relative luminance", of `#rrggbb`. */
function luminance(color: string): number {
  const channel = (at: number): number => {
    const share = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}
