import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { secureRandom } from "#base/random.ts";
import { doctorsTelephone, linesOf, patientIn } from "#rig/patient.ts";
import { temporaryFolder } from "#rig/processes.ts";
import type { OpenTelephone } from "./test-call.ts";
import { checkTestCall, ofCall } from "./test-call-check.ts";

const parts = { settings: undefined, clock: systemClock, random: secureRandom };

test("a call over loopback: the tone arrives as it was sent, and a key comes back", {
  timeout: 60_000,
}, async () => {
  const [found] = await checkTestCall({ ...parts, openTelephone: doctorsTelephone });
  assert.equal(found?.verdict, "ok", found?.says);
  const { levelDbm0, frequencyHz, lostMs, keyCameBy } = found?.figures ?? {};
  assert.ok(Math.abs(Number(levelDbm0) + 16) < 1, `${levelDbm0} dBm0`);
  assert.deepEqual([frequencyHz, lostMs, keyCameBy], [1000, 0, "rfc4733"]);
});

test("a telephone that is busy: the check says how the call ended", { timeout: 60_000 }, async () => {
  const openTelephone: OpenTelephone = async () => {
    const phone = await doctorsTelephone({ answers: false });
    phone.on((event) => void (event.type === "rings" && phone.busy()));
    return phone;
  };
  const found = await checkTestCall({ ...parts, openTelephone });
  assert.deepEqual(linesOf(found), ["wrong: It came to nothing: the call ended: busy."]);
});

test("a telephone whose keys are not heard is wrong", { timeout: 60_000 }, async () => {
  const openTelephone: OpenTelephone = async () => {
    const phone = await doctorsTelephone();
    return {
      sipPort: phone.sipPort,
      press: () => {},
      recording: () => phone.recording(),
      close: () => phone.close(),
    };
  };
  assert.match(
    linesOf(await checkTestCall({ ...parts, openTelephone }))[0] ?? "",
    /^wrong: .*did not come back\.$/,
  );
});

test("no RTP port to be had: the call comes to nothing", { timeout: 60_000 }, async () => {
  using folder = temporaryFolder("doctor");
  // One pair needs an even port and the one after it.
  const { settings } = patientIn(folder.path, { TANDEM_RTP_PORTS: "20001-20002" });
  const [found] = await checkTestCall({ ...parts, settings, openTelephone: doctorsTelephone });
  assert.equal(found?.verdict, "wrong");
});

test("gaps are a warning, another tone or none is wrong", () => {
  const heard = { levelDbm0: -16, frequencyHz: 1000, seconds: 3, lostMs: 0, gaps: 0 };
  const verdict = (change: Partial<typeof heard>) =>
    ofCall({ setUpMs: 20, key: "rfc4733", heard: { ...heard, ...change } })[0]?.verdict;
  assert.equal(verdict({}), "ok");
  assert.equal(verdict({ lostMs: 40, gaps: 2 }), "warning");
  assert.equal(verdict({ frequencyHz: 1200 }), "wrong");
  assert.equal(verdict({ levelDbm0: -25 }), "wrong");
  assert.equal(verdict({ seconds: 1.2 }), "wrong");
  assert.equal(ofCall({ setUpMs: 20, key: "rfc4733", heard: undefined })[0]?.verdict, "wrong");
});
