import { paramValue } from "../message/grammar.ts";
import { contacts } from "../message/headers.ts";
import type { SipResponse } from "../message/message.ts";
import { formatUri, parseUri, type SipUri } from "../message/uri.ts";

// RFC 3261 8.1.3.4 leaves the bound to us: a trunk that sends a call round more than five times has a loop.
const mostRedirections = 5;

/**
 * RFC 3261 8.1.3.4: the URIs that a 3xx names, to be tried in this order. Only the host that we called may be named: a
 * redirection elsewhere would let a trunk's peer choose whom we call and at whose cost.
 */
export function redirections(wish: {
  readonly response: SipResponse;
  /** The Request-URIs tried so far. */
  readonly tried: readonly string[];
  /** Hosts of the trunk, as the dial command named them. */
  readonly hosts: readonly string[];
}): readonly string[] {
  const named = contacts(wish.response);
  if (named === undefined || named === "*") return [];
  const known = new Set(wish.tried.map(canonical));
  const found = named
    .map((contact) => ({ uri: parseUri(contact.uri), q: Number(paramValue(contact.params, "q") ?? 1) }))
    .sort((one, other) => (other.q || 0) - (one.q || 0))
    .flatMap(({ uri }) => (uri?.type === "sip" && mayFollow(uri, wish.hosts) ? [plain(uri)] : []))
    .filter((uri) => {
      if (known.has(canonical(uri))) return false;
      known.add(canonical(uri));
      return true;
    });
  return found.slice(0, Math.max(0, mostRedirections - wish.tried.length + 1));
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

function canonical(text: string): string {
  const uri = parseUri(text);
  return uri?.type === "sip" ? `${uri.user ?? ""}@${uri.host.toLowerCase()}:${uri.port ?? 5060}` : text;
}
