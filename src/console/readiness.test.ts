import assert from "node:assert/strict";
import test from "node:test";
import {
  type PhoneCondition,
  longestSilenceMs,
  reasonHeader,
  waitBeforeTryMs,
  whyNotReady,
} from "./readiness.ts";

const well: PhoneCondition = {
  microphone: "live",
  soundRuns: true,
  registration: "registered",
  askedAtMs: 50_000,
  isElsewhere: false,
};

test("a telephone is ready when it gives sound, is registered and was asked lately", () => {
  assert.equal(whyNotReady(well, 50_000), undefined);
  assert.equal(whyNotReady(well, 50_000 + longestSilenceMs), undefined);
});

test("a telephone that the platform asks no longer is not ready, whatever else is well", () => {
  assert.equal(whyNotReady(well, 50_001 + longestSilenceMs), "not-asked");
  assert.equal(whyNotReady({ ...well, askedAtMs: undefined }, 50_000), "not-asked");
});

test("what a person can mend nearest is told first", () => {
  const broken: PhoneCondition = {
    microphone: "refused",
    soundRuns: false,
    registration: "lost",
    askedAtMs: undefined,
    isElsewhere: true,
  };
  assert.equal(whyNotReady(broken, 0), "elsewhere");
  assert.equal(whyNotReady({ ...broken, isElsewhere: false }, 0), "microphone-refused");
  assert.equal(whyNotReady({ ...broken, isElsewhere: false, microphone: "live" }, 0), "asleep");
  assert.equal(whyNotReady({ ...well, registration: "lost" }, 0), "connection-lost");
  assert.equal(whyNotReady({ ...well, registration: "none" }, 0), "connecting");
});

test("each way to lose the microphone has a reason of its own", () => {
  const reasons = (["asked", "refused", "none", "taken", "insecure"] as const).map((microphone) =>
    whyNotReady({ ...well, microphone }, 50_000),
  );
  assert.equal(new Set(reasons).size, 5);
  assert.ok(!reasons.includes(undefined));
});

test("the platform is told the reason in a header that is one line", () => {
  assert.equal(reasonHeader("no-microphone"), 'Reason: SIP;cause=480;text="no microphone"');
});

test("tries are spread, come later and later, and never later than fifteen seconds", () => {
  assert.deepEqual([waitBeforeTryMs(1, 0), waitBeforeTryMs(1, 1)], [250, 500]);
  for (const tries of [1, 2, 5, 100]) assert.ok(waitBeforeTryMs(tries, 1) <= 15_000);
  assert.ok(waitBeforeTryMs(5, 0) > waitBeforeTryMs(2, 1));
});
