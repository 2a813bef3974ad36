import type { Random } from "#base/random.ts";
import { readable } from "#base/ids.ts";
import type { Command, DialTarget, LegIdentity } from "#contract/telecom.ts";
import type { CallWish } from "../sip/dialog/call-state.ts";
import type { SipTarget } from "../sip/locate.ts";
import { taggedAddress } from "../sip/message/build.ts";
import type { NameAddress } from "../sip/message/headers.ts";
import type { HeaderLine } from "../sip/message/message.ts";
import { formatUri } from "../sip/message/uri.ts";

/** 210. The INVITE that a dial command means: DNIS, ANI and TAG2 stand where telephone equipment looks for them. */
export function inviteFor(wish: {
  readonly command: Extract<Command, { type: "dial" }>;
  readonly sdp: string;
  readonly targets: readonly SipTarget[];
  /** What our Contact and From say. */
  readonly us: { readonly host: string; readonly port: number };
  readonly random: Random;
}): CallWish {
  const { command, us, random } = wish;
  const { target, identity } = command;
  const host = target.domain ?? target.host;
  // With a domain of its own the Request-URI names no port: the trunk's next hop is not the callee's address.
  const uri = sipUri({
    user: target.user,
    host,
    port: target.domain === undefined ? target.port : undefined,
  });
  return {
    callId: `${readable(random, 26)}@${us.host.includes(":") ? `[${us.host}]` : us.host}`,
    uri,
    from: taggedAddress(callerAddress(identity, us.host), readable(random, 16)),
    to: { display: undefined, uri, params: [] },
    contact: contactUri(target, us),
    headers: [{ name: "User-Agent", value: "Tandem" }, ...identityHeaders(identity, us.host)],
    sdp: wish.sdp,
    ...(target.credentials === undefined ? {} : { credentials: loginOf(target.credentials) }),
    hosts: [...new Set([host, target.host, ...wish.targets.map((found) => found.address)])],
    targets: wish.targets,
  };
}

/** ANI in From; RFC 3323 4.1.1.3 gives the anonymous form. */
function callerAddress(identity: LegIdentity, ourHost: string): NameAddress {
  const { callingNumber, callingName } = identity;
  if (callingNumber === undefined) {
    return { display: "Anonymous", uri: "sip:anonymous@anonymous.invalid", params: [] };
  }
  return { display: callingName, uri: sipUri({ user: callingNumber, host: ourHost }), params: [] };
}

function identityHeaders(identity: LegIdentity, ourHost: string): readonly HeaderLine[] {
  const { callingNumber, userToUserHex, xContext } = identity;
  const headers: HeaderLine[] = [];
  if (callingNumber === undefined) {
    // RFC 3323 4.2
    headers.push({ name: "Privacy", value: "id" });
  } else {
    // RFC 3325 9.1
    const asserted = sipUri({ user: callingNumber, host: ourHost });
    headers.push({ name: "P-Asserted-Identity", value: `<${asserted}>` });
  }
  // RFC 7433 4.1
  if (userToUserHex !== undefined) {
    headers.push({ name: "User-to-User", value: `${userToUserHex};encoding=hex` });
  }
  if (xContext !== undefined) headers.push({ name: "X-Tandem-Context", value: xContext });
  return headers;
}

function contactUri(target: DialTarget, us: { host: string; port: number }): string {
  const { transport } = target;
  // RFC 3261 26.2.2 deprecates transport=tls, and every telephone says it: a sips URI would ask for TLS on each hop.
  const params = transport === "udp" ? [] : [{ name: "transport", value: transport }];
  return sipUri({ user: "tandem", host: us.host, port: us.port, params });
}

function sipUri(parts: {
  readonly user: string;
  readonly host: string;
  readonly port?: number | undefined;
  readonly params?: readonly { readonly name: string; readonly value: string }[];
}): string {
  return formatUri({
    type: "sip",
    scheme: "sip",
    user: parts.user,
    password: undefined,
    host: parts.host.replace(/^\[(.*)\]$/, "$1"),
    port: parts.port,
    params: parts.params ?? [],
    headers: [],
  });
}

function loginOf(credentials: NonNullable<DialTarget["credentials"]>) {
  const { username, password, realm } = credentials;
  return realm === undefined ? { username, password } : { username, password, realm };
}
