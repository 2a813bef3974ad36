/**
 * The pieces that header values are made of, RFC 3261 25.1. Every function reads its text once from left to right, so its
 * cost is linear in the text whoever wrote it; what does not fit the grammar gives `undefined`, never an exception.
 */

/** `;name` or `;name=value`. The name ignores case, the value is unquoted and unescaped. */
export interface Param {
  readonly name: string;
  readonly value: string | undefined;
}

const tokenPattern = /^[A-Za-z0-9\-.!%*_+`'~]+$/;
/** More parameters than this in one value are nobody's telephone; the bound keeps comparing them cheap. */
export const mostParams = 128;

// What a parameter's bare value may hold: more than token and host, because the field's equipment does not quote enough.
const bareValuePattern = /^[^\s",;<>\\\p{Cc}]+$/u;
const safeBareValuePattern = /^[A-Za-z0-9\-.!%*_+`'~[\]:]+$/;
// biome-ignore lint: the control characters are the point.
const controlPattern = /[\u0000-\u0008\u000a-\u001f\u007f]/;

export function isToken(text: string): boolean {
  return tokenPattern.test(text);
}

/** Takes off spaces and tabs alone: `String.trim` would also take a byte order mark, which is text. */
export function trimLws(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isLws(text.charCodeAt(start))) start++;
  while (end > start && isLws(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function isLws(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Splits at `separator`, not inside quotes nor inside `<>`, and trims each piece. Undefined when one of them stays open. */
export function splitOutside(text: string, separator: "," | ";"): readonly string[] | undefined {
  if (!text.includes('"') && !text.includes("<")) return text.split(separator).map(trimLws);
  const pieces: string[] = [];
  let start = 0;
  let quoted = false;
  let bracketed = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quoted) {
      if (char === "\\") at++;
      else if (char === '"') quoted = false;
    } else if (bracketed) {
      if (char === ">") bracketed = false;
    } else if (char === '"') quoted = true;
    else if (char === "<") bracketed = true;
    else if (char === separator) {
      pieces.push(trimLws(text.slice(start, at)));
      start = at + 1;
    }
  }
  if (quoted || bracketed) return undefined;
  pieces.push(trimLws(text.slice(start)));
  return pieces;
}

/** The quoted string that begins at `start`: its text without quotes and backslashes, and where it ends. */
export function readQuoted(
  text: string,
  start = 0,
): { readonly text: string; readonly end: number } | undefined {
  if (text[start] !== '"') return undefined;
  const pieces: string[] = [];
  let from = start + 1;
  for (let at = from; at < text.length; at++) {
    const char = text[at] ?? "";
    if (char === "\\") {
      // RFC 3261 25.1 quoted-pair: any ASCII character but CR and LF may follow, even NUL.
      pieces.push(text.slice(from, at));
      from = at + 1;
      at++;
    } else if (char === '"') {
      pieces.push(text.slice(from, at));
      return { text: pieces.join(""), end: at + 1 };
    } else if (controlPattern.test(char)) return undefined;
  }
  return undefined;
}

/** Puts text into quotes, for the wire. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** `;a=1;b;c="x y"`, or nothing at all. An empty parameter (`;;`) is malformed. */
export function parseParams(text: string): readonly Param[] | undefined {
  const trimmed = trimLws(text);
  if (trimmed === "") return [];
  if (!trimmed.startsWith(";")) return undefined;
  return parsePairs(trimmed.slice(1), ";");
}

/** `name=value` pairs between separators: parameters by `;`, digest fields by `,`. */
export function parsePairs(text: string, separator: "," | ";"): readonly Param[] | undefined {
  const params: Param[] = [];
  const pieces = splitOutside(text, separator);
  if (pieces === undefined || pieces.length > mostParams) return undefined;
  for (const piece of pieces) {
    const equals = piece.indexOf("=");
    const name = equals < 0 ? piece : trimLws(piece.slice(0, equals));
    if (!isToken(name)) return undefined;
    const value = equals < 0 ? undefined : parseValue(trimLws(piece.slice(equals + 1)));
    if (equals >= 0 && value === undefined) return undefined;
    params.push({ name, value });
  }
  return params;
}

function parseValue(text: string): string | undefined {
  if (!text.startsWith('"')) return bareValuePattern.test(text) ? text : undefined;
  const quoted = readQuoted(text);
  return quoted?.end === text.length ? quoted.text : undefined;
}

export function formatParams(params: readonly Param[]): string {
  return params.map((param) => `;${formatPair(param)}`).join("");
}

function formatPair({ name, value }: Param): string {
  if (value === undefined) return name;
  return `${name}=${safeBareValuePattern.test(value) ? value : quote(value)}`;
}

/** The value of the first parameter of that name; `""` when it stands there without one. */
export function paramValue(params: readonly Param[], name: string): string | undefined {
  const param = findParam(params, name);
  return param === undefined ? undefined : (param.value ?? "");
}

/** The parameters with one more, or with that one's value replaced. */
export function withParam(
  params: readonly Param[],
  name: string,
  value: string | undefined,
): readonly Param[] {
  const wanted = { name, value };
  const known = findParam(params, name);
  if (known === undefined) return [...params, wanted];
  return params.map((param) => (param === known ? wanted : param));
}

function findParam(params: readonly Param[], name: string): Param | undefined {
  const wanted = name.toLowerCase();
  return params.find((param) => param.name.toLowerCase() === wanted);
}

/** A whole number of at most `maximum`; leading zeros are allowed (RFC 4475 3.1.1.1). */
export function parseWhole(text: string, maximum: number): number | undefined {
  if (!/^[0-9]{1,20}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= maximum ? value : undefined;
}
