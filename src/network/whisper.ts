import type { Segment } from "#contract/telecom.ts";

/** What `{...}` may stand in a whisper's template. */
export const whisperNames = ["subject", "page", "code", "reference", "pause"] as const;
type WhisperName = (typeof whisperNames)[number];

const longestText = 200;
const longestCode = 64;
const mostSegments = 20;
const pauseMs = 400;

/**
 * 214. What the agent alone hears: a subject's template, filled. `code` is spelled, `reference` said digit by digit.
 *
 * Give verified fields alone: nobody may put words into an agent's ear by editing a link. A field that is not there leaves
 * nothing behind. Always 1 to 20 segments of speakable text, whatever the fields hold.
 */
export function whisperSegments(
  template: string,
  fields: {
    readonly subject: string;
    readonly page?: string | undefined;
    readonly code?: string | undefined;
    readonly reference: string;
  },
): readonly Segment[] {
  const heard: Segment[] = [];
  let text = "";
  let common = true;
  const spokenSoFar = (): readonly Segment[] =>
    common ? commonTexts(spokenSegments(text)) : spokenSegments(text);
  const play = (segment: Segment): void => {
    heard.push(...spokenSoFar(), segment);
    text = "";
    common = true;
  };
  for (const part of template.split(/(\{[a-z]+\})/)) {
    const name = nameOf(part);
    switch (name) {
      case undefined:
        text += part;
        break;
      case "subject":
        text += fields.subject;
        break;
      case "page":
        text += fields.page ?? "";
        // From the visitor's click: from here on the text is this visitor's own.
        common &&= fields.page === undefined;
        break;
      case "code":
      case "reference":
      case "pause": {
        // What is not there parts no texts: each text costs the speech engine a turn of its own.
        const segment = keyed(name, fields);
        if (segment !== undefined) play(segment);
        break;
      }
    }
  }
  const whole = [...heard, ...spokenSoFar()];
  const last = whole.findLastIndex((segment) => segment.type !== "pause");
  // Nobody waits for the end of a pause. But something must be played, or the step would wait for the end of nothing.
  return last < 0 ? [{ type: "pause", ms: pauseMs }] : whole.slice(0, Math.min(last + 1, mostSegments));
}

/** The subscriber's own words, the same for everybody: they are spoken once and kept. */
function commonTexts(segments: readonly Segment[]): readonly Segment[] {
  return segments.map((segment) => (segment.type === "text" ? { ...segment, common: true } : segment));
}

function nameOf(part: string): WhisperName | undefined {
  return whisperNames.find((name) => part === `{${name}}`);
}

function keyed(
  name: "code" | "reference" | "pause",
  fields: { readonly code?: string | undefined; readonly reference: string },
): Segment | undefined {
  switch (name) {
    case "code": {
      const code = speakable(fields.code ?? "").slice(0, longestCode);
      return code === "" ? undefined : { type: "spell", text: code.toWellFormed(), alphabet: "plain" };
    }
    case "reference":
      return /^[0-9]{1,40}$/.test(fields.reference)
        ? { type: "digits", digits: fields.reference }
        : undefined;
    case "pause":
      return { type: "pause", ms: pauseMs };
  }
}

/** No control or format characters, no half surrogates; white space is one space. */
function speakable(text: string): string {
  return text
    .normalize("NFC")
    .replace(/[\s\p{Z}]+/gu, " ")
    .replace(/\p{C}/gu, "")
    .trim();
}

/**
 * Any text, as a voice can say it: in pieces of at most 200 characters, cut between words where there are any; marks that
 * join nothing are left out. None when there is nothing to say.
 */
export function spokenSegments(written: string): readonly Segment[] {
  const text = speakable(written).replace(/(?<=[.,;:!?])(?: ?[.,;:!?])+/g, "");
  if (!/[\p{L}\p{N}]/u.test(text)) return [];
  const pieces: Segment[] = [];
  let rest = text.replace(/^[.,;:!? ]+/, "");
  while (rest.length > 0 && pieces.length < mostSegments) {
    const head = headOf(rest);
    if (/[\p{L}\p{N}]/u.test(head)) pieces.push({ type: "text", text: head.trim() });
    rest = rest.slice(head.length);
  }
  return pieces;
}

function headOf(text: string): string {
  if (text.length <= longestText) return text;
  const space = text.lastIndexOf(" ", longestText);
  if (space > 0) return text.slice(0, space + 1).slice(0, longestText);
  // Never between the halves of one character.
  const isPair = /[\ud800-\udbff]/.test(text.charAt(longestText - 1));
  return text.slice(0, isPair ? longestText - 1 : longestText);
}
