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
  const segments: Segment[] = [];
  let text = "";
  const say = (more: string): void => {
    text += more;
  };
  const finish = (): void => {
    segments.push(...texts(text));
    text = "";
  };
  for (const part of template.split(/(\{[a-z]+\})/)) {
    const name = nameOf(part);
    switch (name) {
      case undefined:
        say(part);
        break;
      case "subject":
        say(fields.subject);
        break;
      case "page":
        say(fields.page ?? "");
        break;
      case "code":
      case "reference":
      case "pause":
        finish();
        segments.push(...keyed(name, fields));
        break;
    }
  }
  finish();
  const heard = segments.slice(0, mostSegments);
  // Something must be played, or the step would wait for the end of nothing.
  return heard.length > 0 ? heard : [{ type: "pause", ms: pauseMs }];
}

function nameOf(part: string): WhisperName | undefined {
  return whisperNames.find((name) => part === `{${name}}`);
}

function keyed(
  name: "code" | "reference" | "pause",
  fields: { readonly code?: string | undefined; readonly reference: string },
): readonly Segment[] {
  switch (name) {
    case "code": {
      const code = speakable(fields.code ?? "").slice(0, longestCode);
      return code === "" ? [] : [{ type: "spell", text: code.toWellFormed(), alphabet: "plain" }];
    }
    case "reference":
      return /^[0-9]{1,40}$/.test(fields.reference) ? [{ type: "digits", digits: fields.reference }] : [];
    case "pause":
      return [{ type: "pause", ms: pauseMs }];
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

/** In pieces that a speech engine takes, cut between words where there are any; marks that join nothing are left out. */
function texts(written: string): readonly Segment[] {
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
