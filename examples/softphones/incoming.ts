import { assertedIdentities, callId, from, headerValue, to } from "#telecom/sip/message/headers.ts";
import type { SipRequest } from "#telecom/sip/message/message.ts";
import { parseUri } from "#telecom/sip/message/uri.ts";

/** What an incoming call's INVITE tells the one who is called. */
export interface IncomingCall {
  readonly sipCallId: string;
  /** User part of the Request-URI: the DNIS. */
  readonly dialled: string;
  readonly to: string;
  readonly from: string;
  readonly fromName: string | undefined;
  readonly assertedIdentity: string | undefined;
  /** RFC 7433, decoded from hex. */
  readonly userToUser: string | undefined;
  /** Its fields: `1;r=482913;s=mortgages` gives `{r, s}`. */
  readonly userToUserFields: Readonly<Record<string, string>>;
  readonly xContext: string | undefined;
}

export function incomingCall(invite: SipRequest): IncomingCall {
  const caller = from(invite);
  const userToUser = decoded(headerValue(invite, "User-to-User"));
  return {
    sipCallId: callId(invite),
    dialled: userOf(invite.uri),
    to: userOf(to(invite).uri),
    from: userOf(caller.uri),
    fromName: caller.display,
    assertedIdentity: mapped(assertedIdentities(invite)?.[0]?.uri, userOf),
    userToUser,
    userToUserFields: fieldsOf(userToUser ?? ""),
    xContext: headerValue(invite, "X-Tandem-Context"),
  };
}

/** In words, a line each, for the phone's log. */
export function toldBy(call: IncomingCall): readonly string[] {
  return [
    `dialled number (DNIS): ${call.dialled}`,
    `calling number: ${call.from}${call.fromName === undefined ? "" : ` (${call.fromName})`}`,
    ...(call.assertedIdentity === undefined ? [] : [`asserted identity (ANI): ${call.assertedIdentity}`]),
    ...(call.userToUser === undefined ? [] : [`User-to-User: ${call.userToUser}`]),
    ...(call.xContext === undefined ? [] : [`X-Tandem-Context: ${call.xContext}`]),
  ];
}

function mapped<T, U>(value: T | undefined, to: (value: T) => U): U | undefined {
  return value === undefined ? undefined : to(value);
}

function userOf(text: string): string {
  const uri = parseUri(text);
  if (uri?.type === "sip") return uri.user ?? uri.host;
  return uri?.type === "tel" ? uri.number : text;
}

/** `04f0...;encoding=hex`: octets as text, control characters as dots. */
function decoded(header: string | undefined): string | undefined {
  const hex = /^\s*"?([0-9a-f]*)/i.exec(header ?? "")?.[1] ?? "";
  if (hex === "") return undefined;
  return Buffer.from(hex, "hex")
    .toString("utf8")
    .replace(/[^\P{Cc}]/gu, ".");
}

function fieldsOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text
      .split(";")
      .map((part) => part.split(/=(.*)/s, 2))
      .filter((pair) => pair.length === 2)
      .map(([name = "", value = ""]) => [name, value.replaceAll(/%[0-9A-Fa-f]{2}/g, unescapedOctet)]),
  );
}

function unescapedOctet(escaped: string): string {
  return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
}
