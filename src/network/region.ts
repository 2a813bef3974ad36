import ipaddr from "ipaddr.js";
import type { Route } from "./records.ts";

/** Where a visitor comes from, as far as we know it: the country of the number, once there is one, and the address. */
export interface Whereabouts {
  readonly country?: string;
  readonly ipAddress: string;
}

/** 203. Whether the route takes calls from there. A country not known yet is not held against the visitor. */
export function takesCallsFrom(
  route: Pick<Route, "allowedCountries" | "allowedAddresses">,
  visitor: Whereabouts,
): boolean {
  const { allowedCountries, allowedAddresses } = route;
  if (allowedCountries.length > 0 && visitor.country !== undefined) {
    if (!allowedCountries.includes(visitor.country)) return false;
  }
  return allowedAddresses.length === 0 || isWithin(visitor.ipAddress, allowedAddresses);
}

function isWithin(ipAddress: string, ranges: readonly string[]): boolean {
  const address = readAddress(ipAddress);
  if (address === undefined) return false;
  return ranges.some((range) => {
    const [network, bits] = ipaddr.parseCIDR(range);
    return network.kind() === address.kind() && address.match([network, bits] as never);
  });
}

/** An address in one spelling: IPv4 inside IPv6 as IPv4, IPv6 in its shortest form. Undefined when it is no address. */
export function canonicalAddress(ipAddress: string): string | undefined {
  return readAddress(ipAddress)?.toString();
}

/** The neighbourhood that is counted together: an IPv4 /24, an IPv6 /48 (what one customer's site is given). */
export function addressPrefix(ipAddress: string): string | undefined {
  const address = readAddress(ipAddress);
  if (address === undefined) return undefined;
  const bits = address.kind() === "ipv4" ? 24 : 48;
  const bytes = address.toByteArray().map((byte, index) => (index < bits / 8 ? byte : 0));
  return `${ipaddr.fromByteArray(bytes).toString()}/${bits}`;
}

function readAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  // A zone (`fe80::1%eth0`) names a wire, not a visitor. Octal and short IPv4 forms are not addresses that a server reports.
  const bare = text.replace(/%.*$/, "");
  if (!ipaddr.IPv6.isValid(bare) && !ipaddr.IPv4.isValidFourPartDecimal(bare)) return undefined;
  return ipaddr.process(bare);
}
