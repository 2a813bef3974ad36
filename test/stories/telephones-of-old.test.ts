/**
 * Centers whose telephones have no telephone-events, that play music before they pick up, or that want to know who calls: played by
 * sipp, which nobody here wrote. Ann has baresip, and what she hears of Bob's keys is measured. The web process is killed (kill -9)
 * after every line.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { bankConfig } from "#rig/bank.ts";
import { startBaresip } from "#rig/baresip.ts";
import { mayCapture, soundOf } from "#rig/capture.ts";
import { secondsWithin, span } from "#rig/ear.ts";
import { type MeasuredCall, openMeasuredCall } from "#rig/measured-call.ts";
import { writeRtpPcap } from "#rig/pcap.ts";
import { installed, temporaryFolder } from "#rig/processes.ts";
import { asks, farEnd, hears, hearsResponse, pause, says, saysInDialog } from "#rig/sipp/far-end.ts";
import { type Sipp, startSipp } from "#rig/sipp.ts";
import { heardKey, heardTone, heardTouchTones, lengthOf, sequence, type Stretch } from "#rig/sound.ts";
import { annsNumber } from "#rig/story.ts";
import { voiceHz } from "#rig/tone-voice.ts";
import { annsTone, bobsTone, eachHearsWhatIsTheirs, hearsNoKey } from "#rig/who-hears-what.ts";

const musicsTone = 1900;
const missing =
  !installed("sipp", "baresip", "tcpdump") || !mayCapture()
    ? "needs sipp, baresip, tcpdump and the right to capture: bin/test --setup, as root"
    : false;

describe("telephones of old", { skip: missing, timeout: 230_000 }, () => {
  test("keys in the voice itself: Bob signs on and pushes by them, and Ann hears hardly any of them", async () => {
    using folder = temporaryFolder("keys");
    const voice = join(folder.path, "bob.pcap");
    // Well after the sign-on, the whisper and the bridge; and once more.
    const keys = { signOnAt: 2, codesAt: [11, 19], seconds: 0.12 };
    writeRtpPcap(voice, sequence(spoken(keys), 0.5));
    await using bob = await startSipp({
      calls: 1,
      scenario: farEnd(
        hears("INVITE"),
        says(180),
        withoutTelephoneEvent(says(200, { sdp: true, retransmitted: true })),
        hears("ACK"),
        plays(voice),
        hears("BYE"),
        saysInDialog(200),
      ),
    });
    await using ann = await anns();
    await using call = await openMeasuredCall({
      config: bankConfig({ user: ann.port, center: bob.port }),
      ann,
      bob,
    });
    await ringsAndAnswers(call, ann);
    await call.annSees("Leave this page open: pages");
    await call.webDies();
    await call.annSees("30 years fixed: 6.1 %");
    await call.browser.submits("/close-page");
    await call.webDies();
    await call.annSees("Leave this page open: pages");
    await call.annSees("30 years fixed: 6.1 %");
    await ann.hangsUp();
    await call.webDies();
    await isSatisfied(bob);
    await call.annSees("Goodbye");

    const { record, streams, toAnn, toBob } = await call.measures();
    assert.equal(record.outcome, "completed");
    assert.deepEqual(
      record.pagesPushed.map(({ digits }) => digits),
      ["12", "12"],
    );
    const talked = span(record, "converse");
    assert.ok(secondsWithin(toAnn.hears(bobsTone), talked) > 3, "Ann hears Bob");
    assert.ok(secondsWithin(toBob.hears(annsTone), talked) > 3, "Bob hears Ann");
    assert.equal(heardTouchTones(toAnn.sound), "");
    const saidByBob = streams.find(({ from }) => from.endsWith(`:${bob.mediaPort}`));
    assert.ok(saidByBob !== undefined);
    for (const key of "12#") {
      const said = lengthsOf(heardKey(soundOf(saidByBob), key));
      assert.deepEqual(said, key === "#" ? [0.12, 0.12, 0.12] : [0.12, 0.12], `Bob keyed ${key}`);
      const left = lengthsOf(heardKey(toAnn.sound, key));
      assert.ok(
        left.every((seconds) => seconds <= 0.04),
        `of ${key} Ann hears ${left.join(" s, ")} s`,
      );
    }
  });

  test("a center that plays music before anybody picks up: nobody hears it, and a key in it signs nobody on", async () => {
    using folder = temporaryFolder("early");
    const [music, voice] = [join(folder.path, "music.pcap"), join(folder.path, "bob.pcap")];
    const waits = [
      { hz: [musicsTone], seconds: 2 },
      { hz: [], seconds: 0.06 },
      { hz: [941, 1477], seconds: 0.12 },
      { hz: [], seconds: 0.06 },
      { hz: [musicsTone], seconds: 2 },
    ];
    // Another machine of the center's than the telephone that is picked up then.
    writeRtpPcap(music, sequence(waits, 0.5), 0x0dd_5eed);
    writeRtpPcap(voice, sequence(spoken({ signOnAt: 4, codesAt: [13], seconds: 0.12 }), 0.5));
    await using bob = await startSipp({
      calls: 1,
      scenario: farEnd(
        hears("INVITE"),
        withoutTelephoneEvent(says(183, { sdp: true })),
        plays(music),
        pause(6000),
        withoutTelephoneEvent(says(200, { sdp: true, retransmitted: true })),
        hears("ACK"),
        plays(voice),
        hears("BYE"),
        saysInDialog(200),
      ),
    });
    await using ann = await anns();
    const config = bankConfig({ user: ann.port, center: bob.port });
    await using call = await openMeasuredCall({ config, ann, bob });
    await ringsAndAnswers(call, ann);
    await call.annSees("Leave this page open: pages");
    await call.webDies();
    await call.annSees("30 years fixed: 6.1 %");
    await ann.hangsUp();
    await isSatisfied(bob);
    await call.annSees("Goodbye");

    const measured = await call.measures();
    const { record, messages, streams, toAnn, toBob } = measured;
    const pickedUpAtMs = messages.find(
      ({ kind, from }) => kind === "200" && from.endsWith(`:${bob.port}`),
    )?.atMs;
    assert.ok(pickedUpAtMs !== undefined);
    const early = streams.filter(({ from }) => from.endsWith(`:${bob.mediaPort}`)).map(soundOf);
    assert.ok(
      early.some((sound) => lengthOf(heardTone(sound, musicsTone)) > 3.5),
      "the music was sent",
    );
    assert.equal(toAnn.hears(musicsTone).length, 0, "Ann hears it");
    assert.equal(heardTouchTones(toAnn.sound), "");
    // Our own ringback meanwhile, 2 s in every 6.
    const waited = { fromMs: span(record, "announce").toMs, toMs: pickedUpAtMs };
    assert.ok(secondsWithin(toAnn.hears(440, { share: 0.3, joinSeconds: 0.2 }), waited) > 1.5, "ringback");
    assert.ok(
      span(record, "agent-signs-on").toMs > pickedUpAtMs + 3000,
      "the key before the answer is nobody's: Bob is asked, and keys his own",
    );
    assert.ok(secondsWithin(toBob.hears(voiceHz.signOn), span(record, "agent-signs-on")) > 0.5);
    eachHearsWhatIsTheirs(measured);
    assert.equal(record.outcome, "completed");
    assert.deepEqual(
      record.pagesPushed.map(({ digits }) => digits),
      ["12"],
    );
  });

  test("a center that asks for a password, and a telephone that keys by SIP INFO", async () => {
    const login = { username: "tandem", password: "a secret of the trunk's" };
    await using bob = await startSipp({
      calls: 1,
      scenario: farEnd(
        ...onlyFor(login),
        says(180),
        says(200, { sdp: true, retransmitted: true }),
        hears("ACK"),
        pause(1500),
        ...keys("#"),
        pause(8000),
        ...keys("12#"),
        hears("BYE"),
        saysInDialog(200),
      ),
      words: ["-rtp_echo"],
    });
    await using ann = await anns();
    const config = bankConfig({ user: ann.port, center: bob.port });
    const { center, ...others } = config.trunks;
    assert.ok(center !== undefined);
    const trunks = { ...others, center: { ...center, credentials: login } };
    await using call = await openMeasuredCall({ config: { ...config, trunks }, ann, bob });
    await ringsAndAnswers(call, ann);
    await call.annSees("Leave this page open: pages");
    await call.webDies();
    await call.annSees("30 years fixed: 6.1 %");
    await call.webDies();
    await ann.hangsUp();
    await call.webDies();
    await isSatisfied(bob);
    await call.annSees("Goodbye");

    const { record, messages, toAnn } = await call.measures();
    assert.equal(record.outcome, "completed");
    assert.deepEqual(
      record.pagesPushed.map(({ digits }) => digits),
      ["12"],
    );
    const proofs = messages
      .filter(({ kind, to }) => kind === "INVITE" && to.endsWith(`:${bob.port}`))
      .map((invite) => invite.header("authorization"));
    assert.equal(proofs[0], undefined);
    assert.match(proofs.at(-1) ?? "", /^Digest .*username="tandem"/);
    assert.ok(!call.platform.output().includes(login.password), "the password stands in no log");
    assert.ok(messages.every(({ text }) => !text.includes(login.password)));
    assert.ok(
      secondsWithin(toAnn.hears(annsTone), span(record, "converse")) > 2,
      "Bob's telephone echoes Ann to Ann",
    );
    hearsNoKey(toAnn);
  });
});

function anns() {
  const says = sequence([{ hz: [annsTone], seconds: 1 }]);
  return startBaresip({ user: annsNumber, answers: "when-told", says });
}

async function ringsAndAnswers(call: MeasuredCall, ann: Awaited<ReturnType<typeof anns>>): Promise<void> {
  await call.begins();
  await call.webDies();
  await ann.event("CALL_INCOMING");
  await ann.answers();
  await call.webDies();
}

/** sipp went through its scenario to the end, and nothing came that it did not expect. */
async function isSatisfied(bob: Sipp): Promise<void> {
  const { successful, failed, unexpected } = await bob.result(20_000);
  assert.deepEqual({ successful, failed }, { successful: 1, failed: 0 }, `${unexpected}\n${bob.trace()}`);
}

/** Bob speaks (a tone) all the time, but for his keys: as a hand on a key pad stops the mouth. */
function spoken(keys: { signOnAt: number; codesAt: readonly number[]; seconds: number }) {
  const parts: { hz: readonly number[]; seconds: number }[] = [];
  let atSeconds = 0;
  const add = (hz: readonly number[], seconds: number): void => {
    parts.push({ hz, seconds });
    atSeconds += seconds;
  };
  const press = (hz: readonly number[]): void => {
    add([], 0.06);
    add(hz, keys.seconds);
    add([], 0.06);
  };
  add([bobsTone], keys.signOnAt);
  press([941, 1477]);
  for (const at of keys.codesAt) {
    add([bobsTone], at - atSeconds);
    press([697, 1209]);
    press([697, 1336]);
    press([941, 1477]);
  }
  add([bobsTone], 20);
  return parts;
}

/** In seconds, to the 10 ms that they are measured by. */
function lengthsOf(found: readonly Stretch[]): readonly number[] {
  return found.map(({ fromSeconds, toSeconds }) => Math.round((toSeconds - fromSeconds) * 100) / 100);
}

function plays(pcap: string): string {
  return `<nop><action><exec play_pcap_audio="${pcap}" /></action></nop>`;
}

function withoutTelephoneEvent(saying: string): string {
  return saying.replace("RTP/AVP 0 101", "RTP/AVP 0").replace(/a=(rtpmap|fmtp):101 .*\n/g, "");
}

/** RFC 6086, in the form of Cisco's application/dtmf-relay. */
function keys(digits: string): readonly string[] {
  return [...digits].flatMap((key) => [
    asks("INFO", { content: { type: "application/dtmf-relay", text: `Signal=${key}\nDuration=120\n` } }),
    hearsResponse(200),
  ]);
}

/** RFC 3261 22.3. sipp computes the digest itself; who cannot prove it is refused, and the scenario fails. */
function onlyFor(login: { readonly username: string; readonly password: string }): readonly string[] {
  const challenge =
    'Digest realm="trunk.example", nonce="f84f1cec41e6cbe5aea9c8e88d359", algorithm=MD5, qop="auth"';
  const proof = `<verifyauth assign_to="proved" username="${login.username}" password="${login.password}" />`;
  return [
    hears("INVITE"),
    says(401, { headers: [`WWW-Authenticate: ${challenge}`] }),
    hears("ACK"),
    hears("INVITE")
      .replace("<action>", `<action>${proof}`)
      .replace('request="INVITE"', 'request="INVITE" next="welcome" test="proved"'),
    says(403),
    // Never answered: the scenario fails here.
    hears("OPTIONS"),
    '<label id="welcome" />',
  ];
}
