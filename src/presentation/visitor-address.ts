import { BlockList, isIP } from "node:net";
import type { FastifyRequest } from "fastify";

/**
 * Where a visitor comes from: what limits count by and regions are told by. Fastify has walked back through X-Forwarded-For to
 * the first hop that is no proxy of ours; what is no address there counts as the socket's, so that nobody is counted by a text
 * of their own choosing.
 */
export function visitorAddress(request: FastifyRequest): string {
  return bareAddress(request.ip) ?? bareAddress(request.socket.remoteAddress ?? "") ?? "unknown";
}

/** Which hops are the operator's own proxies: addresses and networks, as the settings name them. */
export function isProxy(trusted: readonly string[]): (hop: string) => boolean {
  const proxies = new BlockList();
  for (const each of trusted) {
    const [address = "", bits] = each.split("/");
    if (bits === undefined) proxies.addAddress(address, versionOf(address));
    else proxies.addSubnet(address, Number(bits), versionOf(address));
  }
  return (hop) => {
    const address = bareAddress(hop);
    return address !== undefined && proxies.check(address, versionOf(address));
  };
}

/** Some proxies write `203.0.113.7:40001`, `[2001:db8::7]:40001` or `[2001:db8::7]`: another port is not another visitor. */
function bareAddress(hop: string): string | undefined {
  const [, inBrackets, beforePort] = /^(?:\[([^\]]*)\](?::\d+)?|([^:]*):\d+)$/.exec(hop.trim()) ?? [];
  const address = inBrackets ?? beforePort ?? hop.trim();
  return isIP(address) === 0 ? undefined : address;
}

function versionOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 4 ? "ipv4" : "ipv6";
}
