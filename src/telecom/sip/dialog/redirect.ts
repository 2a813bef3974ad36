import { isIP } from "node:net";
import { type SipTarget, sameTarget, type UsualWay } from "../locate.ts";
import { paramValue } from "../message/grammar.ts";
import { contacts } from "../message/headers.ts";
import type { SipResponse } from "../message/message.ts";
import { formatUri, parseUri, type SipUri } from "../message/uri.ts";
import { isDialled, usualPort } from "../transport/transports.ts";

// RFC 3261 8.1.3.4 leaves the bound to us: a trunk that sends a call round more than five times has a loop.
const mostRedirections = 5;

/** One place that a call is sent to. */
export interface Redirection {
  readonly uri: string;
  /** Where the request goes first, when the place names an address; else it goes where the trunk is. */
  readonly target?: SipTarget;
}

/**
 * RFC 3261 8.1.3.4: the places that a 3xx names, to be tried in this order. Only the host that we called may be named: a
 * redirection elsewhere would let a trunk's peer choose whom we call and at whose cost.
 */
export function redirections(wish: {
  readonly response: SipResponse;
  /** The first place, and where redirections led so far. */
  readonly tried: readonly Redirection[];
  /** Hosts of the trunk, as the dial command named them. */
  readonly hosts: readonly string[];
  /** The trunk's targets that are left, the one in use first; and how it is reached, where a Contact does not say. */
  readonly targets: readonly SipTarget[];
  readonly usual: UsualWay;
}): readonly Redirection[] {
  const named = contacts(wish.response);
  if (named === undefined || named === "*") return [];
  const known = new Set(wish.tried.map((place) => canonical(place, wish.usual)));
  const found = named
    .map((contact) => ({ uri: parseUri(contact.uri), q: Number(paramValue(contact.params, "q") ?? 1) }))
    .sort((one, other) => (other.q || 0) - (one.q || 0))
    .flatMap(({ uri }) => (uri?.type === "sip" && mayFollow(uri, wish.hosts) ? [uri] : []))
    .map((uri): Redirection => {
      const target = targetNamed(uri, wish);
      return target === undefined ? { uri: plain(uri) } : { uri: plain(uri), target };
    })
    .filter((place) => {
      const spelled = canonical(place, wish.usual);
      if (known.has(spelled)) return false;
      known.add(spelled);
      return true;
    });
  return found.slice(0, Math.max(0, mostRedirections - wish.tried.length + 1));
}

/** The targets of an attempt at a redirection's place: the one that it names for itself, then what the trunk has left. */
export function targetsFor(
  { target }: Redirection,
  trunk: { readonly all: readonly SipTarget[]; readonly left: readonly SipTarget[] },
): readonly SipTarget[] {
  const own = trunk.all.filter((known) => trunk.left.some((other) => sameTarget(known, other)));
  if (target !== undefined) return [target, ...own.filter((known) => !sameTarget(known, target))];
  // Where all of them were silent, the place that sent us on is the one that is left.
  return own.length === 0 ? trunk.left : own;
}

/**
 * RFC 3263 4: where a Contact wants the request that names an address, and with it a port or a transport. A name leads where the
 * trunk's names led, and so does what asks for a transport that we do not speak.
 */
function targetNamed(
  uri: SipUri,
  trunk: { readonly targets: readonly SipTarget[]; readonly usual: UsualWay },
): SipTarget | undefined {
  if (isIP(uri.host) === 0) return undefined;
  const named = paramValue(uri.params, "transport")?.toLowerCase();
  if (named !== undefined && !isDialled(named)) return undefined;
  if (named === undefined && uri.port === undefined)
    return trunk.targets.find((target) => target.address === uri.host);
  // A trunk that is called over TLS is not called in the clear because it says so.
  const transport = trunk.usual.transport === "tls" ? "tls" : (named ?? trunk.usual.transport);
  const target = { transport, address: uri.host, port: uri.port ?? usualPort[transport] };
  return transport === "tls" ? { ...target, serverName: trunk.usual.serverName ?? uri.host } : target;
}

function mayFollow(uri: SipUri, hosts: readonly string[]): boolean {
  if (uri.scheme !== "sip" || uri.user === undefined || !/^[A-Za-z0-9+*#._-]{1,64}$/.test(uri.user))
    return false;
  return hosts.some((host) => host.toLowerCase() === uri.host.toLowerCase());
}

/** Without the headers and parameters that a Contact may smuggle into a new request (RFC 3261 19.1.5). */
function plain(uri: SipUri): string {
  return formatUri({ ...uri, password: undefined, params: [], headers: [] });
}

/** Places that are spelled alike are one: names ignore case, a port may be left out, a transport be understood. */
function canonical({ uri: text, target }: Redirection, usual: UsualWay): string {
  const uri = parseUri(text);
  if (uri?.type !== "sip") return text;
  const transport = target?.transport ?? usual.transport;
  return `${uri.user ?? ""}@${uri.host.toLowerCase()}:${uri.port ?? usualPort[transport]} ${transport}`;
}
