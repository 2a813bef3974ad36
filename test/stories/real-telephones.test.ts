/**
 * The call flow between telephones that nobody here wrote (baresip, linphonec), on the real platform; what each of them heard is
 * measured in the capture of what was sent to it. Signed numbers, so that no story waits for a key of Ann's; `npm run prove -- flow`
 * tells the story in which she is asked, with nobody killed. Here the web process is killed (kill -9) after every line, unless a
 * story says otherwise: who is on the telephone notices nothing.
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { ConfigShape, TrunkShape } from "#network/config-schema.ts";
import { bankConfig } from "#rig/bank.ts";
import { type Phone, type PhoneOptions, startBaresip } from "#rig/baresip.ts";
import { mayCapture } from "#rig/capture.ts";
import { makeAuthority } from "#rig/certificate.ts";
import { secondsWithin, type Span, span } from "#rig/ear.ts";
import { startLinphone } from "#rig/linphone.ts";
import { type MeasuredCall, type Measures, openMeasuredCall, takesSeconds } from "#rig/measured-call.ts";
import { freePort } from "#rig/ports.ts";
import { installed, temporaryFolder } from "#rig/processes.ts";
import { heardTone, heardTouchTones, lengthOf, sequence } from "#rig/sound.ts";
import { annsNumber } from "#rig/story.ts";
import { voiceHz } from "#rig/tone-voice.ts";
import { writeWav } from "#rig/wav.ts";
import { annsTone, bobsTone, eachHearsWhatIsTheirs, hearsNoKey, near } from "#rig/who-hears-what.ts";

const missing =
  !installed("baresip", "tcpdump") || !mayCapture()
    ? "needs baresip, tcpdump and the right to capture: bin/test --setup, as root"
    : false;

describe("real telephones", { skip: missing, timeout: 230_000 }, () => {
  test("linphonec signs on and pushes a page: each hears what is theirs, and the other", async (t) => {
    if (!installed("linphonec")) return t.skip("no linphonec");
    await using ann = await anns();
    await using bob = await startLinphone({
      user: "7001",
      answers: "when-told",
      says: sequence([{ hz: [bobsTone], seconds: 60 }]),
    });
    await using call = await openMeasuredCall({ config: bank(ann, bob), ann, bob });
    await call.begins();
    await call.webDies();
    await ann.event("CALL_INCOMING");
    await ann.answers();
    await call.webDies();
    await bob.prints(/incoming call|contacting you/i, 20_000);
    bob.answers();
    await call.webDies();
    await bob.connected();
    await takesSeconds(1.5);
    await bob.presses("#");
    await call.webDies();
    await call.annSees("Leave this page open: pages");
    await takesSeconds(2);
    await bob.presses("12#");
    await call.webDies();
    await call.annSees("30 years fixed: 6.1 %");
    await takesSeconds(1);
    bob.hangsUp();
    await call.webDies();
    await ann.event("CALL_CLOSED");
    await call.annSees("Goodbye");

    const measured = await call.measures();
    eachHearsWhatIsTheirs(measured);
    annHearsNoKey(measured, ann);
    pushed(measured, ["12"]);
  });

  test("baresip on both sides: neither of them notices anything", async () => {
    await using ann = await anns();
    await using bob = await bobs();
    await using call = await openMeasuredCall({ config: bank(ann, bob), ann, bob });
    await talk(call, ann, bob);
    const measured = await call.measures();
    eachHearsWhatIsTheirs(measured);
    annHearsNoKey(measured, ann);
    pushed(measured, ["12"]);
  });

  test("an A-law center and a mu-law visitor hear each other", async () => {
    await using ann = await anns();
    await using bob = await bobs({ codec: "PCMA" });
    await using call = await openMeasuredCall({ config: bank(ann, bob), ann, bob });
    await talk(call, ann, bob);
    const measured = await call.measures();
    assert.ok(measured.toAnn.payloadTypes.includes(0) && !measured.toAnn.payloadTypes.includes(8));
    assert.ok(measured.toBob.payloadTypes.includes(8) && !measured.toBob.payloadTypes.includes(0));
    eachHearsWhatIsTheirs(measured);
    annHearsNoKey(measured, ann);
    pushed(measured, ["12"]);
  });

  test("a center whose trunk is TCP", async () => {
    await using ann = await anns();
    await using bob = await bobs({ transport: "tcp" });
    await using call = await openMeasuredCall({ config: bank(ann, bob, { transport: "tcp" }), ann, bob });
    await talk(call, ann, bob);
    const measured = await call.measures();
    // Bob's telephone opens a connection of its own for its BYE.
    const overTcp = measured.messages.filter(({ transport }) => transport === "tcp");
    for (const kind of ["INVITE", "ACK", "BYE"])
      assert.ok(
        overTcp.some((message) => message.kind === kind),
        kind,
      );
    const overUdp = measured.messages.filter(({ transport }) => transport === "udp");
    assert.ok(
      overUdp.every(({ from, to }) => !from.endsWith(`:${bob.port}`) && !to.endsWith(`:${bob.port}`)),
      "nothing of Bob's line goes over UDP",
    );
    eachHearsWhatIsTheirs(measured);
    pushed(measured, ["12"]);
  });

  test("a center whose trunk is TLS: Bob signs on, hears Ann, pushes a page and hangs up", async (t) => {
    if (!installed("openssl")) return t.skip("no openssl");
    using authority = makeAuthority();
    const certificate = authority.issue("IP:127.0.0.1");
    await using ann = await anns();
    await using bob = await bobs({ transport: "tls", certificate });
    const environment = {
      TANDEM_SIP_TLS_PORT: String(await freePort()),
      TANDEM_SIP_TLS_CERTIFICATE: certificate.certificateFile,
      TANDEM_SIP_TLS_KEY: certificate.keyFile,
      TANDEM_SIP_TLS_CA: authority.file,
    };
    const config = bank(ann, bob, { transport: "tls" });
    await using call = await openMeasuredCall({ config, ann, bob, environment });
    await talk(call, ann, bob);
    const [record] = await call.platform.calls();
    assert.equal(record?.outcome, "completed");
    assert.deepEqual(
      record.pagesPushed.map((push) => push.digits),
      ["12"],
    );
    // What was said to him cannot be told from the wire, which nobody can read: his telephone recorded it.
    const [recorded] = bob.recordings("heard");
    assert.ok(recorded !== undefined && lengthOf(heardTone(recorded, annsTone)) > 1, "Bob hears Ann");
  });

  test("IPv6 from end to end", async (t) => {
    if (!hasIpv6Loopback()) return t.skip("this machine has no ::1");
    await using ann = await anns({ host: "::1" });
    await using bob = await bobs({ host: "::1" });
    const config = bank(ann, bob, { host: "::1" }, { host: "::1" });
    const environment = { TANDEM_SIP_ADDRESS: "::1" };
    await using call = await openMeasuredCall({ config, ann, bob, environment });
    await talk(call, ann, bob);
    const measured = await call.measures();
    for (const { from, to } of measured.messages)
      assert.ok(from.startsWith("[::1]") && to.startsWith("[::1]"));
    eachHearsWhatIsTheirs(measured);
    annHearsNoKey(measured, ann);
    pushed(measured, ["12"]);
  });

  test("the operator's WAV is the announcement, and ringback fills the wait", async () => {
    using prompts = temporaryFolder("prompts");
    mkdirSync(join(prompts.path, "bank"));
    // Rising, falling: no voice of ours says that.
    const melody = [1300, 1700, 1300, 2100];
    const parts = melody.map((hz) => ({ hz: [hz], seconds: 0.4 }));
    writeWav(join(prompts.path, "bank/please-wait.wav"), sequence(parts));
    await using ann = await anns();
    await using bob = await bobs();
    const config = bankConfig(
      { user: ann.port, center: bob.port },
      { announcements: { callingCenter: { file: "bank/please-wait.wav" } } },
    );
    const environment = { TANDEM_PROMPTS: prompts.path };
    await using call = await openMeasuredCall({ config, ann, bob, environment });
    // Of what is played and when: nobody is killed.
    await talk(call, ann, bob, { ringsForSeconds: 9, meanwhile: async () => {} });
    const { toAnn, toBob, record } = await call.measures();

    const announced = span(record, "announce");
    const played = [1300, 1700, 2100]
      .flatMap((hz) => toAnn.hears(hz).map((heard) => ({ hz, ...heard })))
      .filter(({ fromMs }) => fromMs < announced.toMs)
      .toSorted((one, other) => one.fromMs - other.fromMs);
    assert.deepEqual(
      played.map(({ hz }) => hz),
      melody,
    );
    for (const { fromMs, toMs } of played) near((toMs - fromMs) / 1000, 0.4, 0.05);
    assert.equal(toAnn.hears(voiceHz.callingCenter).length, 0, "the file stands in the text's place");
    assert.equal(toBob.hears(1700).length, 0, "Bob hears no announcement");

    // North America's cadence: both tones for 2 s in every 6.
    const untilMs = span(record, "whisper").fromMs;
    const rings = toAnn
      .hears(440, { share: 0.3, joinSeconds: 0.2 })
      .filter(({ fromMs, toMs }) => fromMs >= announced.toMs - 100 && toMs < untilMs);
    assert.ok(rings.length >= 2, `${rings.length} rings`);
    for (const ring of rings) near((ring.toMs - ring.fromMs) / 1000, 2, 0.1);
    for (const [at, ring] of rings.slice(1).entries())
      near((ring.fromMs - (rings[at]?.fromMs ?? 0)) / 1000, 6, 0.1);
    const both = toAnn.hears(480, { share: 0.3, joinSeconds: 0.2 });
    for (const ring of rings) near(secondsWithin(both, ring), 2, 0.1);
  });

  test("Bob holds the call and takes it back, and his keys push pages after that as before", async () => {
    await using ann = await anns();
    await using bob = await bobs();
    await using call = await openMeasuredCall({ config: bank(ann, bob), ann, bob });
    await talk(call, ann, bob, {
      async before() {
        await bob.holds();
        await call.webDies();
        await takesSeconds(2);
        await bob.resumes();
        await takesSeconds(0.5);
      },
    });
    const measured = await call.measures();
    const { toAnn, toBob } = measured;
    const held = heldBy(bob, measured);
    assert.ok(held.toMs - held.fromMs > 1500);
    assert.equal(secondsWithin(toBob.hears(annsTone), held), 0, "who holds is not spoken to");
    const after = { fromMs: held.toMs + 500, toMs: span(measured.record, "converse").toMs };
    assert.ok(secondsWithin(toBob.hears(annsTone), after) > 1, "Bob hears Ann again");
    assert.ok(secondsWithin(toAnn.hears(bobsTone), after) > 1, "Ann hears Bob again");
    annHearsNoKey(measured, ann);
    pushed(measured, ["12"]);
  });
});

/** From when our answer to the hold has reached his telephone (RFC 3261 13.2.2.4: it says ACK) to when he takes the call back. */
function heldBy(bob: Phone, { messages }: Measures): Span {
  const said = messages.filter(({ from }) => from.endsWith(`:${bob.port}`));
  const asked = said.findIndex(({ kind, body }) => kind === "INVITE" && /a=(sendonly|inactive)/.test(body));
  const [taken, resumed] = ["ACK", "INVITE"].map((kind) =>
    said.slice(asked + 1).find((message) => message.kind === kind),
  );
  assert.ok(
    asked !== -1 && taken !== undefined && resumed !== undefined,
    "Bob's telephone held by a re-INVITE",
  );
  // What was on its way still arrives; and an ear hears a packet at the moment when it was due.
  return { fromMs: taken.atMs + 100, toMs: resumed.atMs - 100 };
}

function anns(options: Partial<PhoneOptions> = {}): Promise<Phone> {
  const says = sequence([{ hz: [annsTone], seconds: 1 }]);
  return startBaresip({ user: annsNumber, answers: "when-told", says, ...options });
}

function bobs(options: Partial<PhoneOptions> = {}): Promise<Phone> {
  const says = sequence([{ hz: [bobsTone], seconds: 1 }]);
  return startBaresip({ user: "7001", answers: "when-told", says, ...options });
}

function bank(
  ann: { port: number },
  bob: { port: number },
  center: Partial<TrunkShape> = {},
  users: Partial<TrunkShape> = {},
): ConfigShape {
  const config = bankConfig({ user: ann.port, center: bob.port });
  const trunks = Object.entries(config.trunks).map(([name, trunk]) => [
    name,
    { ...trunk, ...(name === "center" ? center : users) },
  ]);
  return { ...config, trunks: Object.fromEntries(trunks) };
}

/** From the click to the goodbye, with one page. */
async function talk(
  call: MeasuredCall,
  ann: Phone,
  bob: Phone,
  told: {
    readonly ringsForSeconds?: number;
    readonly before?: () => Promise<void>;
    /** Happens after every line. */
    readonly meanwhile?: () => Promise<void>;
  } = {},
): Promise<void> {
  const { meanwhile = call.webDies } = told;
  await call.begins();
  await meanwhile();
  await ann.event("CALL_INCOMING");
  await ann.answers();
  await meanwhile();
  await bob.event("CALL_INCOMING", { withinMs: 20_000 });
  await takesSeconds(told.ringsForSeconds ?? 0);
  await bob.answers();
  await meanwhile();
  await bob.event("CALL_ESTABLISHED");
  await takesSeconds(1.5);
  await bob.presses("#");
  await meanwhile();
  await call.annSees("Leave this page open: pages");
  await takesSeconds(2);
  await told.before?.();
  await bob.presses("12#");
  await meanwhile();
  await call.annSees("30 years fixed: 6.1 %");
  await takesSeconds(1);
  await bob.hangsUp();
  await meanwhile();
  await ann.event("CALL_CLOSED");
  await call.annSees("Goodbye");
}

/** Neither on the wire nor in what her telephone recorded by itself. */
function annHearsNoKey({ toAnn }: Measures, ann: Phone): void {
  hearsNoKey(toAnn);
  const [recorded] = ann.recordings("heard");
  assert.ok((recorded?.samples.length ?? 0) > 8000, "Ann's telephone recorded the call");
  if (recorded !== undefined)
    assert.equal(heardTouchTones(recorded), "", "tones in the telephone's own recording");
}

function pushed({ record, messages }: Measures, digits: readonly string[]): void {
  assert.equal(record.outcome, "completed");
  const invites = messages.filter(({ kind }) => kind === "INVITE");
  assert.equal(new Set(invites.map(({ header }) => header("call-id"))).size, 2, "nobody is called twice");
  assert.deepEqual(
    record.pagesPushed.map((push) => push.digits),
    digits,
  );
}

function hasIpv6Loopback(): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === "::1"),
  );
}
