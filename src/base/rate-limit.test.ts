import assert from "node:assert/strict";
import test from "node:test";
import { VirtualClock } from "./clock.ts";
import { network, RateLimit } from "./rate-limit.ts";

test("so many at once, then one each share of a minute", async () => {
  const clock = new VirtualClock();
  const limit = new RateLimit(clock, 4);
  const take = () => limit.take("192.0.2.1");
  assert.deepEqual([take(), take(), take(), take(), take()], [0, 0, 0, 0, 15]);
  assert.equal(limit.take("192.0.2.2"), 0);
  await clock.advance(15_000);
  assert.deepEqual([take(), take()], [0, 15]);
  await clock.advance(10 * 60_000);
  assert.deepEqual([take(), take(), take(), take(), take() > 0], [0, 0, 0, 0, true]);
});

test("to ask how long to wait takes nothing", async () => {
  const clock = new VirtualClock();
  const limit = new RateLimit(clock, 2);
  const wait = () => limit.wait("192.0.2.1");
  assert.deepEqual([wait(), wait(), wait()], [0, 0, 0]);
  limit.take("192.0.2.1");
  limit.take("192.0.2.1");
  assert.equal(wait(), 30);
  await clock.advance(15_000);
  assert.equal(wait(), 15);
});

test("a household's whole IPv6 network counts as one", () => {
  assert.equal(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
  assert.equal(network("2001:db8::1"), network("2001:0db8:0:0:1::"));
  assert.notEqual(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
  assert.equal(network("::1"), "0:0:0:0::/64");
  assert.equal(network("::ffff:192.0.2.1"), "::ffff:192.0.2.1");
  assert.equal(network("192.0.2.1"), "192.0.2.1");
});
