import { unreachable } from "#base/errors.ts";
import { readable } from "#base/ids.ts";
import type { Random } from "#base/random.ts";
import type { Command, LegIdentity, PhoneTarget, TrunkTarget } from "#contract/telecom.ts";
import type { CallWish } from "../sip/dialog/call-state.ts";
import { type SipTarget, targetOver } from "../sip/locate.ts";
import { taggedAddress } from "../sip/message/build.ts";
import type { NameAddress } from "../sip/message/headers.ts";
import type { HeaderLine } from "../sip/message/message.ts";
import { formatUri } from "../sip/message/uri.ts";
import type { PhonePlace } from "../sip/registrar/registrar.ts";
import type { UserAgent } from "../sip/user-agent.ts";

/** Where a dial command leads: to the addresses of a trunk, one after the other, or to the places of a phone, all at once. */
export type Way =
  | { readonly type: "trunk"; readonly target: TrunkTarget; readonly targets: readonly SipTarget[] }
  | { readonly type: "phone"; readonly user: string; readonly places: readonly PhonePlace[] };

interface InviteWish {
  readonly identity: LegIdentity;
  readonly offers: Offers;
  /** The leg is answered already and lost its telephone: a page answers by itself. */
  readonly resumes: boolean;
  /** What our Contact and From say over a transport. */
  readonly addressOver: UserAgent["addressOver"];
  readonly random: Random;
}

/** What telephones are offered: a browser's what it understands, any other plain RTP. */
export interface Offers {
  readonly plain: string;
  /** Undefined where no browser is among the places. */
  readonly webrtc: string | undefined;
  /** Of a browser's INVITE: the TURN servers that it may come by, with a login for this leg. */
  readonly relayHeaders: readonly HeaderLine[];
}

/** RFC 7118: who speaks SIP over a WebSocket is a page, and has WebRTC alone. */
export function isBrowser({ flow }: PhonePlace): boolean {
  return flow.transport === "ws" || flow.transport === "wss";
}

type Dial = Extract<Command, { type: "dial" }>;

/** 210. The INVITEs that a dial command means: DNIS, ANI and TAG2 stand where telephone equipment looks for them. */
export function invitesFor(wish: InviteWish & { readonly way: Way }): readonly CallWish[] {
  const { way } = wish;
  return way.type === "trunk"
    ? [trunkInvite(wish, way)]
    : way.places.map((place) => phoneInvite(wish, way.user, place));
}

/** True when nobody can be called there. */
export function leadsNowhere(way: Way): boolean {
  return (way.type === "trunk" ? way.targets : way.places).length === 0;
}

/** 207, 210. Finds out where the command leads now. */
export async function wayFor({ target }: Dial, agent: Pick<UserAgent, "locate" | "phones">): Promise<Way> {
  switch (target.type) {
    case "trunk":
      return { type: "trunk", target, targets: await agent.locate(target) };
    case "phone":
      return { type: "phone", user: target.user, places: await placesOf(target, agent) };
    default:
      return unreachable(target);
  }
}

/** RFC 4568 8.1: keys in a description are as secret as the transport that it goes over. A page has keys by DTLS alone. */
async function placesOf(
  { phone, media }: PhoneTarget,
  { phones }: Pick<UserAgent, "phones">,
): Promise<readonly PhonePlace[]> {
  const places = await phones.placesSoon(phone);
  if (media !== "srtp") return places;
  return places.filter(({ flow }) => flow.transport === "tls");
}

function trunkInvite(wish: InviteWish, way: Extract<Way, { type: "trunk" }>): CallWish {
  const { target, targets } = way;
  const host = target.domain ?? target.host;
  // With a domain of its own the Request-URI names no port: the trunk's next hop is not the callee's address.
  const uri = sipUri({
    user: target.user,
    host,
    port: target.domain === undefined ? target.port : undefined,
  });
  return {
    ...common(wish, target.transport),
    uri,
    to: { display: undefined, uri, params: [] },
    ...(target.credentials === undefined ? {} : { credentials: loginOf(target.credentials) }),
    hosts: [...new Set([host, target.host, ...targets.map((found) => found.address)])],
    targets,
  };
}

/** A phone finds its line by its own Contact, so the DNIS stands in To alone. */
function phoneInvite(wish: InviteWish, user: string, place: PhonePlace): CallWish {
  const { uri, routes, flow } = place;
  const { offers } = wish;
  const invite = common(wish, flow.transport);
  const resumes = wish.resumes ? [{ name: "X-Tandem-Resume", value: "1" }] : [];
  return {
    ...invite,
    uri,
    headers: [...invite.headers, ...resumes, ...(isBrowser(place) ? offers.relayHeaders : [])],
    sdp: isBrowser(place) ? (offers.webrtc ?? offers.plain) : offers.plain,
    to: {
      display: undefined,
      uri: sipUri({ user, host: wish.addressOver(flow.transport).host }),
      params: [],
    },
    routes,
    // A phone that redirects would choose whom we call.
    hosts: [],
    targets: [targetOver(flow)],
  };
}

/** What an INVITE says wherever it goes. */
function common({ identity, addressOver, random, offers }: InviteWish, transport: SipTarget["transport"]) {
  const us = addressOver(transport);
  return {
    callId: `${readable(random, 26)}@${us.host.includes(":") ? `[${us.host}]` : us.host}`,
    from: taggedAddress(callerAddress(identity, us.host), readable(random, 16)),
    contact: contactUri(transport, us),
    headers: [{ name: "User-Agent", value: "Tandem" }, ...identityHeaders(identity, us.host)],
    sdp: offers.plain,
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

function contactUri(transport: SipTarget["transport"], us: { host: string; port: number }): string {
  // RFC 3261 26.2.2 deprecates transport=tls, and every telephone says it: a sips URI would ask for TLS on each hop.
  // RFC 7118 5.2: ws, secure or not.
  const value = transport === "wss" ? "ws" : transport;
  const params = transport === "udp" ? [] : [{ name: "transport", value }];
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

function loginOf(credentials: NonNullable<TrunkTarget["credentials"]>) {
  const { username, password, realm } = credentials;
  return realm === undefined ? { username, password } : { username, password, realm };
}
