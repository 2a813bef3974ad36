import { html, type Html, nothing } from "../html.ts";

/**
 * The subscriber's colour on buttons and the bar. Text on it is black or white, whichever contrasts more: one of the two always
 * reaches 4.5:1 (WCAG 2.2, 1.4.3), so no choice of colour can make a page unreadable.
 */
export function accentStyle(color: string | undefined, nonce: string): Html {
  if (color === undefined || !/^#[0-9a-f]{6}$/i.test(color)) return nothing;
  const ink = inkOn(color);
  return html`<style nonce="${nonce}">:root{--accent:${color};--on-accent:${ink};--hover:${veilUnder(ink)}}</style>`;
}

/** What a pointer lays over the colour: away from the text's, so that its contrast only grows. */
function veilUnder(ink: "#000000" | "#ffffff"): string {
  return ink === "#ffffff" ? "#0000001f" : "#ffffff1f";
}

export function inkOn(color: string): "#000000" | "#ffffff" {
  const light = luminance(color);
  // WCAG 2.2, "contrast ratio": (lighter + 0.05) / (darker + 0.05), against white (1) and black (0).
  return 1.05 / (light + 0.05) >= (light + 0.05) / 0.05 ? "#ffffff" : "#000000";
}

/** WCAG 2.2, "relative luminance", of `#rrggbb`. */
export function luminance(color: string): number {
  const channel = (at: number): number => {
    const share = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}
