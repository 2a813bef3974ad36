import assert from "node:assert/strict";
import { test } from "node:test";
import { addressPrefix, canonicalAddress, takesCallsFrom } from "./region.ts";

const route = (allowedCountries: string[], allowedAddresses: string[]) => ({
  allowedCountries,
  allowedAddresses,
});

test("a route without regions takes everybody", () => {
  assert.equal(takesCallsFrom(route([], []), { ipAddress: "nonsense" }), true);
});

test("the number's country must be among the route's, once there is a number", () => {
  assert.equal(takesCallsFrom(route(["US"], []), { ipAddress: "192.0.2.1", country: "US" }), true);
  assert.equal(takesCallsFrom(route(["US"], []), { ipAddress: "192.0.2.1", country: "GB" }), false);
  assert.equal(takesCallsFrom(route(["US"], []), { ipAddress: "192.0.2.1" }), true);
});

test("an address is within a prefix of its own family, IPv4 inside IPv6 too", () => {
  const inside = (ipAddress: string): boolean =>
    takesCallsFrom(route([], ["192.0.2.0/25", "2001:db8::/32"]), { ipAddress });
  assert.deepEqual(
    [
      "192.0.2.127",
      "192.0.2.128",
      "::ffff:192.0.2.5",
      "2001:db8:ffff::1",
      "2001:db9::1",
      "",
      "0300.0.2.5",
    ].map(inside),
    [true, false, true, true, false, false, false],
  );
});

test("prefixes are counted by /24 and /48, whatever the spelling", () => {
  assert.equal(addressPrefix("192.0.2.77"), "192.0.2.0/24");
  assert.equal(addressPrefix("::FFFF:192.0.2.77"), "192.0.2.0/24");
  assert.equal(addressPrefix("2001:DB8:1:2::9"), "2001:db8:1::/48");
  assert.equal(addressPrefix("fe80::1%eth0"), "fe80::/48");
  assert.equal(canonicalAddress("2001:0db8:0:0::1"), "2001:db8::1");
  assert.equal(addressPrefix("unix:"), undefined);
});
