import { TandemError } from "#base/errors.ts";
import type { CallReadyContext, ContextFields, InteractionContext } from "#contract/interaction-context.ts";
import type { Route, Subject } from "./records.ts";

/** RFC 7433 sets no bound; ISDN's user-to-user element behind many gateways does: 128 octets. */
const mostOctets = 128;
const longestXContext = 200;
/** Less of a title than this says nothing. */
const fewestCharacters = 4;

/**
 * 205. TAG1 becomes TAG2: what a click said, ready for a telephone network. Pure: the same call gives the same TAG2,
 * however often a crash makes it ask again.
 *
 * `userToUser` and `xContext` are written as docs/wire.md says, "Context in the center's INVITE". Only verified fields go
 * in. Reference, subject, whisper code and extra fields are whole or absent, so two customers' codes never come to look the
 * same; only the page's title may be cut. Every string is safe in a header, whatever the context holds.
 *
 * Throws BUG for a reference that is not six digits and for a DNIS that no SIP address can hold: both are made by us.
 */
export function toTag2(from: {
  readonly context: InteractionContext;
  readonly subject: Subject;
  readonly route: Pick<Route, "dnis" | "showAni">;
  /** E.164, or a number of the private plan. */
  readonly visitorNumber: string;
  readonly reference: string;
}): CallReadyContext {
  const { subject, route, visitorNumber, reference } = from;
  if (!/^[0-9]{6}$/.test(reference)) throw new TandemError("BUG", { why: "a reference has six digits" });
  if (!/^[A-Za-z0-9+*#._-]{1,64}$/.test(route.dnis)) {
    throw new TandemError("BUG", { why: "the DNIS does not fit a SIP address" });
  }
  const mayShowAni = route.showAni && /^\+?[0-9]{1,20}$/.test(visitorNumber);
  return {
    dnis: route.dnis,
    ani: mayShowAni ? visitorNumber : undefined,
    userToUser: userToUser({ reference, subject: subject.id, fields: from.context.verified }),
    xContext: xContext([
      ["r", reference],
      ["u", subject.subscriber],
      ["s", subject.id],
    ]),
    reference,
  };
}

/** `1;r=482913;s=mortgages;c=A47;p=Our rates;x.branch=12` in UTF-8: the most important first, what has no room left out. */
function userToUser(said: {
  readonly reference: string;
  readonly subject: string;
  readonly fields: ContextFields;
}): Uint8Array {
  const { whisperCode, page, pageTitle, extra = {} } = said.fields;
  const payload = new Payload(`1;r=${said.reference}`);
  payload.addWhole("s", said.subject);
  payload.addWhole("c", whisperCode);
  // Half an address leads nowhere; half a title is still understood.
  for (const name of Object.keys(extra).sort()) payload.addWhole(`x.${name}`, extra[name]);
  if (pageTitle !== undefined) payload.addCut("p", pageTitle);
  else payload.addWhole("p", page);
  return payload.octets();
}

class Payload {
  #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  addWhole(name: string, value: string | undefined): void {
    if (value === undefined || !/^(?:[a-z]|x\.[a-z][a-z0-9-]*)$/.test(name)) return;
    const text = escaped(value);
    if (text !== "" && this.#room(name) >= octetsOf(text)) this.#text += `;${name}=${text}`;
  }

  /** As many characters as there is room for. */
  addCut(name: string, value: string): void {
    const room = this.#room(name);
    let text = "";
    for (const character of plain(value)) {
      const more = withMarks(character);
      if (octetsOf(text) + octetsOf(more) > room) break;
      text += more;
    }
    text = text.trimEnd();
    const isWhole = text === escaped(value);
    if (text !== "" && (isWhole || [...text].length >= fewestCharacters)) this.#text += `;${name}=${text}`;
  }

  octets(): Uint8Array {
    return new TextEncoder().encode(this.#text);
  }

  #room(name: string): number {
    return mostOctets - octetsOf(this.#text) - `;${name}=`.length;
  }
}

const octetsOf = (text: string): number => Buffer.byteLength(text, "utf8");

/** `;` parts the fields and `%` escapes: the two are written `%3B` and `%25`, so a value can never become a field. */
function escaped(value: string): string {
  return withMarks(plain(value));
}

function withMarks(text: string): string {
  return text.replaceAll("%", "%25").replaceAll(";", "%3B");
}

/** No control or format characters, no half surrogates; white space is one space, none at the ends. */
function plain(value: string): string {
  return value
    .normalize("NFC")
    .replace(/[\s\p{Z}]+/gu, " ")
    .replace(/\p{C}/gu, "")
    .trim();
}

/** Characters of a token (RFC 3261 25.1) alone, but for `=` and `;`, which join them; any other octet is written `%XX`. */
function xContext(fields: readonly (readonly [string, string])[]): string {
  let text = "";
  for (const [name, value] of fields) {
    const more = `${text === "" ? "" : ";"}${name}=${tokenOf(value)}`;
    if (text.length + more.length <= longestXContext) text += more;
  }
  return text;
}

function tokenOf(value: string): string {
  return Array.from(new TextEncoder().encode(value), (octet) => {
    const character = String.fromCharCode(octet);
    return /[A-Za-z0-9._~-]/.test(character)
      ? character
      : `%${octet.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}
