/**
 * The call flow between telephones that nobody here wrote (baresip, linphonec), on the real platform; what each of them heard is
 * measured in the capture of what was sent to it. Signed numbers, so that no story waits for a key of Ann's; `npm run prove -- flow`
 * tells the story in which she is asked.
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
import { secondsWithin, type Span, span } from "#rig/ear.ts";
import { startLinphone } from "#rig/linphone.ts";
import { type MeasuredCall, type Measures, openMeasuredCall, takesSeconds } from "#rig/measured-call.ts";
import { installed, temporaryFolder } from "#rig/processes.ts";
import { heardTouchTones, sequence } from "#rig/sound.ts";
import { annsNumber } from "#rig/story.ts";
import { voiceHz, voiceSeconds } from "#rig/tone-voice.ts";
import { writeWav } from "#rig/wav.ts";

const annsTone = 700;
const bobsTone = 1000;
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
    await ann.event("CALL_INCOMING");
    await ann.answers();
    await bob.prints(/incoming call|contacting you/i, 20_000);
    bob.answers();
    await bob.connected();
    await takesSeconds(1.5);
    await bob.presses("#");
    await call.annSees("Leave this page open: pages");
    await takesSeconds(2);
    await bob.presses("12#");
    await call.annSees("30 years fixed: 6.1 %");
    await takesSeconds(1);
    bob.hangsUp();
    await ann.event("CALL_CLOSED");
    await call.annSees("Goodbye");

    const measured = await call.measures();
    eachHearsWhatIsTheirs(measured);
    annHearsNoKey(measured, ann);
    pushed(measured, ["12"]);
  });

  test("the web process is killed (kill -9) after every line: neither of them notices", async () => {
    await using ann = await anns();
    await using bob = await bobs();
    await using call = await openMeasuredCall({ config: bank(ann, bob), ann, bob });
    const meanwhile = async (): Promise<void> => {
      await call.platform.killWeb();
      await call.platform.startWeb();
    };
    await talk(call, ann, bob, { meanwhile });
    const measured = await call.measures();
    const invites = measured.messages.filter(({ kind }) => kind === "INVITE");
    const dialled = new Set(invites.map(({ header }) => header("call-id"))).size;
    assert.equal(dialled, 2, "nobody is called twice");
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
    await talk(call, ann, bob, { ringsForSeconds: 9 });
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
    const times: { held?: number; resumed?: number } = {};
    await talk(call, ann, bob, {
      async before() {
        await bob.holds();
        await takesSeconds(0.5);
        times.held = Date.now();
        await takesSeconds(2);
        times.resumed = Date.now();
        await bob.resumes();
        await takesSeconds(0.5);
      },
    });
    const measured = await call.measures();
    const { toAnn, toBob, messages } = measured;
    const held = { fromMs: times.held ?? 0, toMs: times.resumed ?? 0 };
    assert.ok(
      messages.some(
        ({ kind, body, from }) =>
          kind === "INVITE" && from.endsWith(`:${bob.port}`) && /a=(sendonly|inactive)/.test(body),
      ),
      "Bob's telephone held by a re-INVITE",
    );
    assert.equal(secondsWithin(toBob.hears(annsTone), held), 0, "who holds is not spoken to");
    const after = { fromMs: held.toMs + 500, toMs: span(measured.record, "converse").toMs };
    assert.ok(secondsWithin(toBob.hears(annsTone), after) > 1, "Bob hears Ann again");
    assert.ok(secondsWithin(toAnn.hears(bobsTone), after) > 1, "Ann hears Bob again");
    annHearsNoKey(measured, ann);
    pushed(measured, ["12"]);
  });
});

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
  const { meanwhile = async () => {} } = told;
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

function eachHearsWhatIsTheirs({ record, toAnn, toBob }: Measures): void {
  const [announced, whispered] = [about(span(record, "announce")), about(span(record, "whisper"))];
  const talked = span(record, "converse");
  // 215. The two are joined some moment after this.
  const before = { fromMs: 0, toMs: span(record, "bridge").fromMs - 200 };
  assert.equal(toAnn.streams, 1, "one source speaks to Ann");
  assert.equal(toBob.streams, 1, "one source speaks to Bob");

  for (const hz of [voiceHz.greeting, voiceHz.callingCenter]) {
    near(secondsWithin(toAnn.hears(hz), announced), voiceSeconds, 0.06);
    assert.equal(secondsWithin(toBob.hears(hz), before), 0, `Bob hears the announcement (${hz} Hz)`);
  }
  for (const [hz, seconds] of [
    [voiceHz.subject, voiceSeconds],
    [voiceHz.customerCode, voiceSeconds],
    [voiceHz.spelled, 3 * voiceSeconds],
  ] as const) {
    near(secondsWithin(toBob.hears(hz), whispered), seconds, 0.12);
    assert.equal(toAnn.hears(hz).length, 0, `Ann hears the whisper (${hz} Hz)`);
  }
  const order = [voiceHz.subject, voiceHz.customerCode, voiceHz.spelled].map(
    (hz) => toBob.hears(hz)[0]?.fromMs ?? 0,
  );
  assert.deepEqual(
    order,
    order.toSorted((one, other) => one - other),
    "the whisper's words are in their order",
  );

  assert.equal(
    secondsWithin(toAnn.hears(bobsTone, { share: 0.8 }), before),
    0,
    "Ann hears Bob before the bridge",
  );
  assert.equal(
    secondsWithin(toBob.hears(annsTone, { share: 0.8 }), before),
    0,
    "Bob hears Ann before the bridge",
  );
  assert.ok(secondsWithin(toAnn.hears(bobsTone), talked) > 1.5, "Ann hears Bob");
  assert.ok(secondsWithin(toBob.hears(annsTone), talked) > 1.5, "Bob hears Ann");
}

/** The call record's times are another process's, which may be late. */
function about({ fromMs, toMs }: Span): Span {
  return { fromMs: fromMs - 300, toMs: toMs + 300 };
}

/** Neither on the wire nor in what her telephone recorded by itself. */
function annHearsNoKey({ toAnn }: Measures, ann: Phone): void {
  assert.equal(toAnn.keyed, "", "telephone-events");
  assert.equal(heardTouchTones(toAnn.sound), "", "tones");
  const [recorded] = ann.recordings("heard");
  assert.ok((recorded?.samples.length ?? 0) > 8000, "Ann's telephone recorded the call");
  if (recorded !== undefined)
    assert.equal(heardTouchTones(recorded), "", "tones in the telephone's own recording");
}

function pushed({ record }: Measures, digits: readonly string[]): void {
  assert.equal(record.outcome, "completed");
  assert.deepEqual(
    record.pagesPushed.map((push) => push.digits),
    digits,
  );
}

function near(value: number, wanted: number, tolerance: number): void {
  assert.ok(Math.abs(value - wanted) <= tolerance, `${value.toFixed(2)} s, not ${wanted.toFixed(2)} s`);
}

function hasIpv6Loopback(): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === "::1"),
  );
}
