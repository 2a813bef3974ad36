/**
 * Bob's telephone, baresip, registers over TLS and speaks SRTP alone; Ann's is an ordinary one. He hears the whisper, signs on, is
 * joined with Ann and shows her a page, and nobody who captures the wire between him and the platform can read a word of it.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ConfigShape } from "#network/config-schema.ts";
import { bankConfig } from "#rig/bank.ts";
import { type Phone, startBaresip } from "#rig/baresip.ts";
import { mayCapture, type RtpStream } from "#rig/capture.ts";
import { makeAuthority } from "#rig/certificate.ts";
import { secondsWithin, span } from "#rig/ear.ts";
import { openMeasuredCall, takesSeconds } from "#rig/measured-call.ts";
import { freePort } from "#rig/ports.ts";
import { installed } from "#rig/processes.ts";
import { heardTone, lengthOf, sequence } from "#rig/sound.ts";
import { annsNumber } from "#rig/story.ts";
import { voiceHz, voiceSeconds } from "#rig/tone-voice.ts";
import type { Sound } from "#rig/wav.ts";
import { annsTone, bobsTone, near } from "#rig/who-hears-what.ts";

const missing =
  !installed("baresip", "openssl", "tcpdump") || !mayCapture()
    ? "needs baresip, openssl, tcpdump and the right to capture: bin/test --setup, as root"
    : false;
const password = "correct-horse-battery";

describe("secured audio", { skip: missing, timeout: 120_000 }, () => {
  test("Bob's telephone speaks SRTP: he hears what he should, and whoever listens on the wire hears nothing", async () => {
    await using told = await secured("tls");
    const { call, ann, bob } = told;
    await bob.event("REGISTER_OK");
    await call.begins();
    await ann.event("CALL_INCOMING");
    await ann.answers();
    await bob.event("CALL_INCOMING", { withinMs: 20_000 });
    await bob.answers();
    await bob.event("CALL_ESTABLISHED");
    await takesSeconds(1.5);
    await bob.presses("#");
    await call.annSees("Leave this page open: pages");
    await takesSeconds(2);
    await bob.presses("12#");
    await call.annSees("30 years fixed: 6.1 %");
    // A re-INVITE each: hold and back.
    await bob.holds();
    await takesSeconds(1);
    await bob.resumes();
    await takesSeconds(2);
    await bob.hangsUp();
    await ann.event("CALL_CLOSED");
    await call.annSees("Goodbye");

    const { record, toAnn, streams, datagrams } = await call.measuresOfAnn();
    assert.equal(record.outcome, "completed");
    assert.deepEqual(
      record.pagesPushed.map(({ digits }) => digits),
      ["12"],
    );
    const talked = span(record, "converse");
    const bobHeard = secondsWithin(toAnn.hears(bobsTone), talked);
    assert.ok(bobHeard > 3, `Ann hears Bob for ${bobHeard.toFixed(2)} s`);
    bobHearsTheWhisperAndAnn(bob);
    nobodyElseHears(streams, datagrams);
  });

  test("Bob's telephone registered over TCP, where its keys could be read: it is not rung", async () => {
    await using told = await secured("tcp");
    const { call, ann, bob } = told;
    await bob.event("REGISTER_OK");
    await call.begins();
    await ann.event("CALL_INCOMING");
    await ann.answers();
    await ann.event("CALL_CLOSED", { withinMs: 30_000 });
    const [record] = await call.platform.calls();
    assert.deepEqual(
      record?.routesTried.map(({ number, result }) => [number, result]),
      [["bob.bank", "unreachable"]],
    );
    assert.ok(!bob.events.some(({ type }) => type === "CALL_INCOMING"));
  });
});

async function secured(transport: "tcp" | "tls") {
  await using opened = new AsyncDisposableStack();
  const authority = opened.use(makeAuthority());
  const files = authority.issue("IP:127.0.0.1");
  const tlsPort = await freePort();
  const ann = opened.use(
    await startBaresip({
      user: annsNumber,
      answers: "when-told",
      says: sequence([{ hz: [annsTone], seconds: 1 }]),
    }),
  );
  const call = opened.use(
    await openMeasuredCall({
      config: bank(ann),
      ann,
      bob: { answersAs: "7001" },
      environment: {
        TANDEM_PHONE_HASHES: "MD5",
        TANDEM_SIP_TLS_PORT: String(tlsPort),
        TANDEM_SIP_TLS_CERTIFICATE: files.certificateFile,
        TANDEM_SIP_TLS_KEY: files.keyFile,
      },
    }),
  );
  const sipPort = transport === "tls" ? tlsPort : call.platform.sipPort;
  const bob = opened.use(
    await startBaresip({
      user: "bob",
      answers: "when-told",
      says: sequence([{ hz: [bobsTone], seconds: 1 }]),
      secured: true,
      registers: { sipPort, user: "bob.bank", password, transport },
    }),
  );
  const all = opened.move();
  return { call, ann, bob, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** The bank of the stories, whose center is Bob's telephone. */
function bank(ann: { readonly port: number }): ConfigShape {
  const config = bankConfig({ user: ann.port, center: 9 });
  const { bank: told } = config.subscribers;
  const mortgages = told?.subjects["mortgages"];
  assert.ok(told !== undefined && mortgages !== undefined);
  const routes = [{ center: "support", phone: "bob", dnis: "7001" }];
  const subjects = { ...told.subjects, mortgages: { ...mortgages, routes } };
  const phones = { bob: { password, media: "srtp" as const } };
  return { ...config, subscribers: { bank: { ...told, subjects, phones } } };
}

/** By what his telephone recorded of what it had opened: up to the hold, after which it records no more but would still complain. */
function bobHearsTheWhisperAndAnn(bob: Phone): void {
  const recorded = bob.recordings("heard");
  const seconds = (hz: number): number =>
    recorded.reduce((sum, sound: Sound) => sum + lengthOf(heardTone(sound, hz)), 0);
  near(seconds(voiceHz.subject), voiceSeconds, 0.15);
  near(seconds(voiceHz.customerCode), voiceSeconds, 0.15);
  near(seconds(voiceHz.spelled), 3 * voiceSeconds, 0.3);
  assert.ok(seconds(annsTone) > 2, `Bob hears Ann for ${seconds(annsTone).toFixed(2)} s`);
  assert.doesNotMatch(bob.log(), /failed to decrypt/);
}

const piece = 8;

/**
 * Bob's audio goes through the platform octet by octet, so each millisecond of what Ann's telephone hears and says in the clear
 * would be found in what Bob's sends and gets, if that were in the clear.
 */
function nobodyElseHears(
  streams: readonly RtpStream[],
  datagrams: readonly { readonly from: string; readonly to: string; readonly payload: Buffer }[],
): void {
  const annsEnds = new Set(streams.map(({ from, to }) => [from, to].toSorted().join(" ")));
  const bobs = datagrams.filter(
    ({ from, to, payload }) => isRtp(payload) && !annsEnds.has([from, to].toSorted().join(" ")),
  );
  const between = new Set(bobs.map(({ from, to }) => [from, to].toSorted().join(" ")));
  assert.equal(between.size, 1, "Bob's telephone and the platform");
  assert.ok(bobs.length > 500, `${bobs.length} packets between Bob's telephone and the platform`);
  const onTheWire = new Set<string>();
  for (const { payload } of bobs) {
    const text = payload.toString("latin1");
    for (let at = 12; at + piece <= text.length; at += 1) onTheWire.add(text.slice(at, at + piece));
  }
  let looked = 0;
  for (const { payload } of streams.flatMap(({ packets }) => packets)) {
    const text = payload.toString("latin1");
    for (let at = 0; at + piece <= text.length; at += piece) {
      looked += 1;
      assert.ok(
        !onTheWire.has(text.slice(at, at + piece)),
        "a millisecond of the call is on the wire in the clear",
      );
    }
  }
  assert.ok(looked > 10_000, `${looked} pieces were looked for`);
}

function isRtp(datagram: Buffer): boolean {
  return datagram.length >= 12 && datagram.readUInt8(0) >> 6 === 2 && (datagram.readUInt8(1) & 0x7f) < 64;
}
