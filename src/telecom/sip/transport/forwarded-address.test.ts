import assert from "node:assert/strict";
import { test } from "node:test";
import { forwardedAddress, proxiesAmong } from "./forwarded-address.ts";

const isProxy = proxiesAmong(["10.0.0.0/8", "::1", "192.0.2.1"]);

for (const [from, forwardedFor, told, why] of [
  ["203.0.113.7", "198.51.100.1", "203.0.113.7", "who is no proxy is not asked"],
  ["10.0.0.5", "198.51.100.1", "198.51.100.1", "a proxy says who it is from"],
  ["10.0.0.5", "198.51.100.1, 203.0.113.7", "203.0.113.7", "what stands before it is that one's own say"],
  ["::1", "203.0.113.7, 10.1.2.3 , 192.0.2.1", "203.0.113.7", "one proxy after the other is walked back"],
  ["10.0.0.5", "2001:db8::7", "2001:db8::7", "an address of IPv6 is one"],
  ["10.0.0.5", "[2001:db8::7]:40001", "2001:db8::7", "another port is not another peer"],
  ["10.0.0.5", "", "10.0.0.5", "a proxy that says nothing is who it is"],
  ["10.0.0.5", "203.0.113.7, unknown", "10.0.0.5", "what is no address leaves who told it"],
  ["10.0.0.5", ",,,,", "10.0.0.5", "nor is nothing one"],
] as const) {
  test(`${why}: "${forwardedFor}" from ${from}`, () => {
    assert.equal(forwardedAddress({ from, forwardedFor, isProxy }), told);
  });
}
