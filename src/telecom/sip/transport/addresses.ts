import ipaddr from "ipaddr.js";

// RFC 4475 3.3.11: a Via, a Contact or a trunk that names one of these must never make us send there.
const neverSentTo = new Set(["broadcast", "multicast", "unspecified"]);

/** Whether an address means one host. Names do not: the transport takes addresses alone. */
export function isUnicast(address: string): boolean {
  return ipaddr.isValid(address) && !neverSentTo.has(ipaddr.process(address).range());
}

/** Whether two texts are the same address (`::1` and `0:0:0:0:0:0:0:1` are). Names are nobody's address. */
export function sameAddress(address: string, other: string): boolean {
  if (address === other) return true;
  if (!ipaddr.isValid(address) || !ipaddr.isValid(other)) return false;
  return ipaddr.process(address).toNormalizedString() === ipaddr.process(other).toNormalizedString();
}
