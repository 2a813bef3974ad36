import { BlockList, isIP } from "node:net";

/** Which addresses are the operator's own reverse proxies: addresses and networks, `10.0.0.5`, `10.0.0.0/8`. */
export function proxiesAmong(trusted: readonly string[]): (address: string) => boolean {
  const proxies = new BlockList();
  for (const each of trusted) {
    const [address = "", bits] = each.split("/");
    if (bits === undefined) proxies.addAddress(address, family(address));
    else proxies.addSubnet(address, Number(bits), family(address));
  }
  return (address) => isIP(address) !== 0 && proxies.check(address, family(address));
}

/**
 * Who a proxied connection is from: the last hop of X-Forwarded-For that is no proxy of ours. What stands before it is the peer's own
 * say; what is no address leaves the hop that told it, so that nobody is counted by a text of their own choosing.
 */
export function forwardedAddress(wish: {
  readonly from: string;
  readonly forwardedFor: string;
  readonly isProxy: (address: string) => boolean;
}): string {
  let known = wish.from;
  for (const hop of wish.forwardedFor.split(",").toReversed()) {
    const address = bare(hop.trim());
    if (!wish.isProxy(known) || address === undefined) return known;
    known = address;
  }
  return known;
}

/** Some proxies write `203.0.113.7:40001` or `[2001:db8::7]:40001`. */
function bare(hop: string): string | undefined {
  const [, inBrackets, beforePort] = /^(?:\[([^\]]*)\](?::\d+)?|([^:]*):\d+)$/.exec(hop) ?? [];
  const address = inBrackets ?? beforePort ?? hop;
  return isIP(address) === 0 ? undefined : address;
}

function family(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 4 ? "ipv4" : "ipv6";
}
