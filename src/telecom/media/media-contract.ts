import type { BridgeId, LegId, PlayId } from "#base/ids.ts";
import { seededRandom } from "#base/random.ts";
import type { Digit } from "#contract/telecom.ts";
import { aLawSilence, muLawSilence, muLawToALaw } from "./g711.ts";
import type { Codec, MediaEngine, MediaEvent } from "./media-engine.ts";
import { digitTone } from "./dual-tone.ts";
import { type HeardPacket, TestPhone } from "./test-phone.ts";
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { test } from "node:test";

/** Opens the engine under test. */
export type EngineFactory = (wish: {
  portRange: { first: number; last: number };
  mediaTimeoutMs: number;
}) => Promise<MediaEngine>;

const portRange = { first: 22_000, last: 29_999 };
const user = "call.user" as LegId;
const center = "call.center" as LegId;
const bridge = "bridge" as BridgeId;
const never: readonly LegId[] = [];

/** Registers the test cases that every media engine must pass, named for `name`. */
export function describeMediaEngine(name: string, open: EngineFactory): void {
  const check = (
    title: string,
    body: (rig: Rig) => Promise<void>,
    options: { mediaTimeoutMs?: number } = {},
  ) =>
    test(`${name}: ${title}`, { timeout: 20_000 }, async () => {
      const engine = await open({ portRange, mediaTimeoutMs: options.mediaTimeoutMs ?? 60_000 });
      await using rig = new Rig(engine);
      await body(rig);
    });

  check("an announcement arrives whole, in frames of 20 ms, after a marker bit", async (rig) => {
    const ann = await rig.phone(user);
    const audio = pattern(16_000);
    await rig.plays(user, "hello", audio);
    assert.equal(await rig.playEnd("hello"), "done");
    await ann.hearsMore(2);
    const first = ann.heard.findIndex(({ marker }) => marker);
    const frames = ann.heard.slice(first, first + 100);
    assert.deepEqual(Buffer.concat(frames.map(({ payload }) => payload)), Buffer.from(audio));
    assertContinuous(ann.heard);
    assert.ok(frames.every(({ payload, payloadType }) => payload.length === 160 && payloadType === 0));
    assert.equal(frames.filter(({ marker }) => marker).length, 1);
  });

  check("an announcement that is no multiple of 20 ms ends in silence", async (rig) => {
    const ann = await rig.phone(user);
    await rig.plays(user, "short", new Uint8Array(200).fill(7));
    await rig.playEnd("short");
    const sounding = ann.heard.filter(({ payload }) => payload.includes(7));
    assert.equal(sounding.length, 2);
    assert.deepEqual(
      [...(sounding[1]?.payload ?? [])],
      [...Array(40).fill(7), ...Array(120).fill(muLawSilence)],
    );
  });

  check("a phone of the other law hears the same announcement", async (rig) => {
    const ann = await rig.phone(user, { payloads: "8 101" });
    await rig.plays(user, "hello", new Uint8Array(320).fill(0x12));
    await rig.playEnd("hello");
    const sounding = ann.heard.filter(({ payload }) => payload[0] !== aLawSilence);
    assert.equal(sounding.length, 2);
    assert.ok(
      sounding.every(({ payload, payloadType }) => payloadType === 8 && payload[0] === muLawToALaw[0x12]),
    );
  });

  check("a silent leg is sent silence, so that its NAT stays open", async (rig) => {
    const ann = await rig.phone(user);
    const packets = await ann.hearsMore(10);
    assert.ok(
      packets.every(
        ({ payload }) => payload.length === 160 && payload.every((octet) => octet === muLawSilence),
      ),
    );
  });

  check("a loop goes round until it is stopped, without a seam", async (rig) => {
    const ann = await rig.phone(user);
    const audio = pattern(500);
    await rig.plays(user, "ringback", audio, { loop: true });
    await ann.until(() => sounding(ann).length >= 10);
    assert.deepEqual((await rig.engine.audit()).plays, ["ringback"]);
    await rig.engine.stopPlay(user, "ringback" as PlayId);
    await rig.engine.stopPlay(user, "ringback" as PlayId);
    assert.equal(await rig.playEnd("ringback"), "stopped");
    const got = Buffer.concat(sounding(ann).map(({ payload }) => payload));
    assert.ok([...got].every((octet, index) => octet === audio[index % audio.length]));
  });

  check("the same play said twice is played once, and a new one takes its place", async (rig) => {
    const ann = await rig.phone(user);
    await rig.plays(user, "first", new Uint8Array(160).fill(1));
    await rig.playEnd("first");
    await rig.plays(user, "first", new Uint8Array(160).fill(1));
    await rig.plays(user, "long", new Uint8Array(80_000).fill(2));
    await rig.plays(user, "second", new Uint8Array(160).fill(3));
    assert.equal(await rig.playEnd("long"), "stopped");
    assert.equal(await rig.playEnd("second"), "done");
    assert.equal(ann.heard.filter(({ payload }) => payload[0] === 1).length, 1);
    assert.equal(rig.events.filter((event) => event.type === "playFinished").length, 3);
  });

  check("a play waits for a far end to hear it", async (rig) => {
    const ann = await rig.unanswered(user);
    await rig.plays(user, "hello", new Uint8Array(320).fill(9));
    await rig.engine.setAnswer(user, ann.describes());
    await rig.playEnd("hello");
    assert.equal(sounding(ann).length, 2);
  });

  check("a key ends a play that may be barged, as soon as it is pressed", async (rig) => {
    const ann = await rig.phone(user);
    await rig.plays(user, "menu", new Uint8Array(80_000).fill(5), { barge: true });
    await ann.until(() => sounding(ann).length >= 2);
    ann.presses("1");
    assert.equal(await rig.playEnd("menu"), "barged");
    await rig.digits("1");
  });

  check("joined phones hear each other, each as one stream", async (rig) => {
    const [ann, bob] = await rig.bridged();
    ann.says({ octet: 0x21, frames: 5 });
    bob.says({ octet: 0x42, frames: 5 });
    await bob.until(() => bob.heard.filter(({ payload }) => payload[0] === 0x21).length === 5);
    await ann.until(() => ann.heard.filter(({ payload }) => payload[0] === 0x42).length === 5);
    assertContinuous(ann.heard);
    assertContinuous(bob.heard);
    assert.ok(
      ann.heard.every(({ payload }) => payload[0] !== 0x21),
      "no phone hears itself",
    );
  });

  check("one stream goes on over play, bridge and play", async (rig) => {
    const [ann, bob] = await rig.bridged();
    await rig.plays(user, "one", new Uint8Array(480).fill(1));
    await rig.playEnd("one");
    bob.says({ octet: 0x42, frames: 5 });
    await ann.until(() => ann.heard.some(({ payload }) => payload[0] === 0x42));
    await rig.plays(user, "two", new Uint8Array(480).fill(2), { loop: true });
    await ann.until(() => ann.heard.some(({ payload }) => payload[0] === 2));
    bob.says({ octet: 0x43, frames: 5 });
    await rig.packetsIn(center, 10);
    await rig.engine.stopPlay(user, "two" as PlayId);
    bob.says({ octet: 0x44, frames: 5 });
    await ann.until(() => ann.heard.filter(({ payload }) => payload[0] === 0x44).length === 5);
    assert.ok(
      ann.heard.every(({ payload }) => payload[0] !== 0x43),
      "a play replaces the bridge",
    );
    assert.ok(
      bob.heard.every(({ payload }) => payload[0] !== 2),
      "a play is heard by its leg alone",
    );
    assertContinuous(ann.heard);
  });

  check("what comes in another order is passed on in that order, and a loss stays a loss", async (rig) => {
    const [ann, bob] = await rig.bridged();
    ann.says({ octet: 1, frames: 1 });
    await bob.until(() => sounding(bob).length === 1);
    const base = sounding(bob)[0]?.sequence ?? 0;
    for (const step of [2, 1, 4])
      ann.sendsRaw(rtp({ sequence: 1_001 + step, timestamp: 50_160 + step * 160, octet: step }));
    await bob.until(() => sounding(bob).length === 4);
    const distances = sounding(bob).map(({ sequence }) => (sequence - base) & 0xffff);
    assert.deepEqual(distances, [0, 2, 1, 4]);
  });

  check("mu-law becomes A-law on the way, and back", async (rig) => {
    const [ann, bob] = await rig.bridged({ centerPayloads: "8 101" });
    ann.says({ octet: 0x21, frames: 3 });
    bob.says({ octet: 0x42, frames: 3, payloadType: 8 });
    await bob.until(() => bob.heard.filter(({ payload }) => payload[0] === muLawToALaw[0x21]).length === 3);
    await ann.until(() => sounding(ann).length >= 3);
    assert.ok(bob.heard.every(({ payloadType }) => payloadType === 8));
    assert.ok(ann.heard.every(({ payloadType }) => payloadType === 0));
  });

  check("unjoined phones hear silence, and nothing of each other", async (rig) => {
    const [ann, bob] = await rig.bridged();
    await rig.engine.unjoin(bridge);
    await rig.engine.unjoin(bridge);
    ann.says({ octet: 0x21, frames: 5 });
    bob.says({ octet: 0x42, frames: 5 });
    await rig.packetsIn(user, 5);
    await rig.packetsIn(center, 5);
    await Promise.all([ann.hearsMore(5), bob.hearsMore(5)]);
    assert.deepEqual(sounding(ann), []);
    assert.deepEqual(sounding(bob), []);
    assertContinuous(ann.heard);
    assert.deepEqual((await rig.engine.audit()).bridges, []);
  });

  check("a key press is one event, with its duration", async (rig) => {
    const ann = await rig.phone(user);
    for (const digit of "0123456789*#ABCD") ann.presses(digit as Digit);
    await rig.digits("0123456789*#ABCD");
    const told = rig.events.filter((event) => event.type === "dtmf");
    assert.ok(told.every((event) => event.via === "rfc4733" && event.durationMs === 100));
  });

  check("blocked keys do not reach the partner, nor the audio under them", async (rig) => {
    const [ann, bob] = await rig.bridged({ block: [center] });
    bob.says({ octet: 0x42, frames: 3 });
    await ann.until(() => sounding(ann).length === 3);
    bob.presses("1", { audioOctet: 0x66 });
    bob.presses("2", { audioOctet: 0x66 });
    await rig.digits("12");
    await ann.hearsMore(5);
    bob.says({ octet: 0x43, frames: 3 });
    await ann.until(() => ann.heard.filter(({ payload }) => payload[0] === 0x43).length === 3);
    assert.ok(ann.heard.every(({ payloadType }) => payloadType === 0));
    assert.ok(ann.heard.every(({ payload }) => payload[0] !== 0x66));
    assertContinuous(ann.heard);
    ann.presses("7");
    await bob.until(() => bob.heard.some(({ payloadType }) => payloadType === 101));
  });

  check("keys that are not blocked pass, under the partner's payload type", async (rig) => {
    const [ann, bob] = await rig.bridged({
      centerPayloads: "0 96",
      centerAttributes: ["a=rtpmap:96 telephone-event/8000"],
    });
    ann.presses("5");
    await bob.until(() => bob.heard.filter(({ payloadType }) => payloadType === 96).length === 8);
    const events = bob.heard.filter(({ payloadType }) => payloadType === 96);
    assert.ok(
      events.every(({ payload, timestamp }) => payload[0] === 5 && timestamp === events[0]?.timestamp),
    );
    await rig.digits("5");
  });

  check(
    "tones of a blocked leg without telephone-events are heard by us, and muted within 40 ms",
    async (rig) => {
      const [ann, bob] = await rig.bridged({ centerPayloads: "0", block: [center] });
      const quiet = new Uint8Array(1_600).fill(muLawSilence);
      const tone = digitTone("8", 100);
      bob.says({ audio: Buffer.concat([quiet, tone, quiet]) });
      await rig.digits("8");
      await rig.packetsIn(center, 25);
      await ann.hearsMore(3);
      const leaked = ann.heard.reduce(
        (sum, { payload }) => sum + payload.filter((octet) => octet !== muLawSilence).length,
        0,
      );
      assert.ok(leaked <= 320, `${leaked / 8} ms of the tone were heard`);
      const told = rig.events.filter((event) => event.type === "dtmf");
      assert.ok(told.every((event) => event.via === "inband"));
    },
  );

  check("digits go out as events with continuous timestamps and three end packets", async (rig) => {
    const ann = await rig.phone(user);
    await rig.engine.sendDtmf(user, "1#");
    await ann.until(() => ann.heard.filter(({ payload }) => payload.length === 4).length === 14);
    await ann.hearsMore(2);
    const events = ann.heard.filter(({ payloadType }) => payloadType === 101);
    assert.deepEqual(
      events.map(({ payload }) => payload[0]),
      [...Array(7).fill(1), ...Array(7).fill(11)],
    );
    assert.deepEqual(events.map(({ payload }) => ((payload[1] ?? 0) & 0x80) !== 0).slice(0, 7), [
      false,
      false,
      false,
      false,
      true,
      true,
      true,
    ]);
    assert.deepEqual(
      events.map(({ payload }) => payload.readUInt16BE(2)).slice(0, 7),
      [160, 320, 480, 640, 800, 800, 800],
    );
    const [first, second] = [events[0], events[7]];
    assert.ok(first?.marker === true && second?.marker === true);
    assert.equal(((second?.timestamp ?? 0) - (first?.timestamp ?? 0)) >>> 0, 1_600, "200 ms from key to key");
    assertContinuous(ann.heard);
  });

  check("digits go out as tones to a phone without telephone-events", async (rig) => {
    const ann = await rig.phone(user, { payloads: "0" });
    await rig.engine.sendDtmf(user, "5");
    await ann.until(() => sounding(ann).length === 5);
    await ann.hearsMore(3);
    assert.deepEqual(
      Buffer.concat(sounding(ann).map(({ payload }) => payload)),
      Buffer.from(digitTone("5", 100)),
    );
  });

  check("packets from anywhere else are not heard, and are counted", async (rig) => {
    const [ann, bob] = await rig.bridged();
    const strangers = [await rig.stranger("127.0.0.1"), await rig.stranger("127.0.0.2")];
    for (const stranger of strangers) {
      stranger.callTo(rig.sdpOf(user));
      stranger.says({ octet: 0x66, frames: 20 });
      stranger.presses("9");
    }
    await rig.refused(user, 56);
    ann.says({ octet: 0x21, frames: 3 });
    await bob.until(() => sounding(bob).length >= 3);
    assert.ok(bob.heard.every(({ payload }) => payload[0] !== 0x66));
    ann.presses("1");
    await rig.digits("1");
    assert.equal((await rig.engine.stats(user))?.packetsIn, 11);
  });

  check(
    "a phone behind a NAT is learned from where its SIP came from, and from nowhere else",
    async (rig) => {
      const [, bob] = await rig.bridged();
      const ann = await rig.stranger("127.0.0.1");
      const offer = ann.describes({ connection: "10.11.12.13", port: 40_000 });
      const answer = await rig.engine.createAnswer(user, offer, "127.0.0.1");
      const thief = await rig.stranger("127.0.0.2");
      thief.callTo(answer);
      thief.says({ octet: 0x66, frames: 5 });
      await rig.refused(user, 5);
      ann.callTo(answer);
      ann.says({ octet: 0x21, frames: 3 });
      await bob.until(() => sounding(bob).length === 3);
      await ann.hearsMore(3);
      thief.says({ octet: 0x66, frames: 5 });
      await rig.refused(user, 10);
      assert.equal((await rig.engine.stats(user))?.remote?.port, ann.port);
      assert.ok(bob.heard.every(({ payload }) => payload[0] !== 0x66));
    },
  );

  check("without a signalling address nobody is learned", async (rig) => {
    await rig.phone(user);
    const ann = await rig.stranger("127.0.0.1");
    ann.callTo(await rig.engine.createAnswer(user, ann.describes({ connection: "10.11.12.13" })));
    ann.says({ octet: 0x21, frames: 3 });
    await rig.refused(user, 3);
  });

  check("noise at both ports neither stops nor confuses anything", async (rig) => {
    const [ann, bob] = await rig.bridged();
    const stranger = await rig.stranger("127.0.0.1");
    const random = seededRandom("noise");
    const { port } = ann.remote;
    for (let n = 0; n < 300; n += 1) {
      const noise = random.bytes(random.integer(1_600));
      if (n % 3 === 0) noise[0] = 0x80 | random.integer(64);
      for (const sender of [stranger, ann])
        sender.sendsRaw(noise, { address: "127.0.0.1", port: port + (n % 2) });
      // Else the kernel's buffer would overflow, and the test would look at the kernel.
      if (n % 10 === 0) await rig.engine.audit();
    }
    bob.says({ octet: 0x42, frames: 3 });
    await ann.until(() => ann.heard.some(({ payload }) => payload[0] === 0x42));
    ann.presses("3");
    await rig.digits("3");
  });

  check("a phone that holds is sent nothing, and hears again afterwards in the same stream", async (rig) => {
    const [ann, bob] = await rig.bridged();
    await ann.hearsMore(3);
    for (const hold of [{ direction: "sendonly" }, { direction: "inactive" }, { connection: "0.0.0.0" }]) {
      const answer = await rig.engine.createAnswer(user, ann.describes(hold));
      assert.match(answer, hold.direction === "inactive" ? /a=inactive/ : /a=recvonly/);
      await rig.engine.stats(user);
      const before = ann.heard.length;
      bob.says({ octet: 0x42, frames: 5 });
      await bob.hearsMore(10);
      assert.ok(ann.heard.length - before <= 1, "at most what was on its way");
      assert.match(await rig.engine.createAnswer(user, ann.describes()), /a=sendrecv/);
      await ann.hearsMore(3);
    }
    assert.equal(new Set(ann.heard.map(({ ssrc }) => ssrc)).size, 1);
    assert.ok(ann.heard.every(({ payload }) => payload[0] !== 0x42));
  });

  check("a re-offer moves the stream to another port, and the old one is not heard any more", async (rig) => {
    const [ann, bob] = await rig.bridged();
    const moved = await rig.stranger("127.0.0.1");
    moved.callTo(await rig.engine.createAnswer(user, moved.describes()));
    await moved.hearsMore(3);
    moved.says({ octet: 0x21, frames: 3 });
    await bob.until(() => sounding(bob).length === 3);
    ann.says({ octet: 0x66, frames: 3 });
    await rig.refused(user, 3);
    assert.equal(moved.heard[0]?.ssrc, ann.heard[0]?.ssrc ?? moved.heard[0]?.ssrc);
    const offer = await rig.engine.createOffer(user);
    assert.equal(/^m=audio (\d+)/m.exec(offer)?.[1], String(moved.remote.port), "our port stays");
  });

  check("an offer that cannot be taken changes nothing", async (rig) => {
    const ann = await rig.phone(user);
    await assert.rejects(rig.engine.createAnswer(user, ann.describes({ payloads: "18" })), {
      code: "SDP_UNACCEPTABLE",
    });
    await assert.rejects(rig.engine.createAnswer(user, "hello"), { code: "SDP_UNACCEPTABLE" });
    await assert.rejects(rig.engine.setAnswer(user, ann.describes({ port: 0 })), {
      code: "SDP_UNACCEPTABLE",
    });
    await ann.hearsMore(3);
  });

  check("an early answer is replaced by the final one", async (rig) => {
    const early = await rig.unanswered(user);
    await rig.engine.setAnswer(user, early.describes());
    await rig.engine.setAnswer(user, early.describes());
    await early.hearsMore(2);
    const final = await rig.stranger("127.0.0.1");
    await rig.engine.setAnswer(user, final.describes({ payloads: "8" }));
    await final.hearsMore(2);
    assert.equal((await rig.engine.stats(user))?.codec, "PCMA");
  });

  check("the first packet of a phone is told, once", async (rig) => {
    const ann = await rig.phone(user);
    ann.says({ octet: 1, frames: 3 });
    await rig.event((event) => event.type === "mediaStarted" && event.termination === user);
    await rig.packetsIn(user, 3);
    assert.equal(rig.events.filter((event) => event.type === "mediaStarted").length, 1);
  });

  check(
    "a phone that is gone is told, and one that holds is not",
    async (rig) => {
      const [ann] = await rig.bridged();
      await rig.engine.createAnswer(user, ann.describes({ direction: "sendonly" }));
      const isCenter = (event: MediaEvent): boolean =>
        event.type === "mediaTimeout" && event.termination === center;
      await rig.event(isCenter);
      await rig.event((event) => isCenter(event) && event !== rig.events.find(isCenter));
      assert.ok(!rig.events.some((event) => event.type === "mediaTimeout" && event.termination === user));
    },
    { mediaTimeoutMs: 300 },
  );

  check("a released termination says goodbye, gives its ports back and leaves nothing", async (rig) => {
    const [ann] = await rig.bridged();
    const { port } = ann.remote;
    await rig.plays(user, "hello", new Uint8Array(80_000).fill(1));
    await ann.hearsMore(2);
    await rig.engine.release(user);
    await rig.engine.release(user);
    assert.equal(await rig.playEnd("hello"), "leg-ended");
    await ann.until(() => ann.rtcpHeard.length > 0);
    const types = rtcpTypes(ann.rtcpHeard[0] ?? Buffer.alloc(0));
    assert.deepEqual(types, [200, 202, 203], "a sender report, its CNAME, and BYE");
    assert.deepEqual(await rig.engine.audit(), { terminations: [center], bridges: [], plays: [] });
    for (const freed of [port, port + 1]) await bindAndClose(freed);
    assert.equal(await rig.engine.stats(user), undefined);
    await assert.rejects(rig.engine.createOffer(user), { code: "TERMINATION_UNKNOWN" });
  });

  check("verbs said twice do what they do once", async (rig) => {
    const [ann, bob] = await rig.bridged();
    const wish = { termination: user, address: "127.0.0.1", codecs: ["PCMU"] satisfies Codec[] };
    await rig.engine.createTermination(wish);
    await rig.engine.join({ bridge, terminations: [user, center], blockDigitsFrom: never });
    ann.says({ octet: 0x21, frames: 3 });
    await bob.until(() => sounding(bob).length >= 3);
    assert.equal(sounding(bob).length, 3);
    assert.deepEqual(await rig.engine.audit(), {
      terminations: [user, center],
      bridges: [bridge],
      plays: [],
    });
  });

  test(`${name}: a range without a free pair refuses, and takes the next one after a release`, async () => {
    const free = await freePair();
    const engine = await open({ portRange: { first: free, last: free + 1 }, mediaTimeoutMs: 60_000 });
    await using rig = new Rig(engine);
    const wish = { address: "127.0.0.1", codecs: ["PCMU"] satisfies Codec[] };
    await rig.engine.createTermination({ ...wish, termination: user });
    await assert.rejects(engine.createTermination({ ...wish, termination: center }), {
      code: "MEDIA_EXHAUSTED",
    });
    await rig.engine.release(user);
    await rig.engine.createTermination({ ...wish, termination: center });
  });

  test(`${name}: two phones talk over IPv6`, async (t) => {
    const engine = await open({ portRange, mediaTimeoutMs: 60_000 });
    await using rig = new Rig(engine);
    if (!(await hasIPv6())) return t.skip("this machine has no ::1");
    const [ann, bob] = await rig.bridged({ address: "::1" });
    ann.says({ octet: 0x21, frames: 3 });
    await bob.until(() => sounding(bob).length === 3);
    assert.match(rig.sdpOf(user), /c=IN IP6 ::1/);
  });
}

/** One engine, its phones and everything that it told. */
class Rig {
  readonly engine: MediaEngine;
  readonly events: MediaEvent[] = [];
  readonly #phones: TestPhone[] = [];
  readonly #sdp = new Map<LegId, string>();
  #waiting: (() => void)[] = [];

  constructor(engine: MediaEngine) {
    this.engine = engine;
    engine.onEvent((event) => {
      this.events.push(event);
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const resolve of waiting) resolve();
    });
  }

  async stranger(address: string): Promise<TestPhone> {
    const phone = await TestPhone.open(address);
    this.#phones.push(phone);
    return phone;
  }

  /** A phone that our side has called: it has our offer, and has not answered. */
  async unanswered(leg: LegId): Promise<TestPhone> {
    const phone = await this.stranger("127.0.0.1");
    await this.engine.createTermination({ termination: leg, address: "127.0.0.1", codecs: ["PCMU", "PCMA"] });
    phone.callTo(await this.engine.createOffer(leg));
    return phone;
  }

  /** A phone whose offer we answered. */
  async phone(
    leg: LegId,
    wish: { payloads?: string; attributes?: readonly string[]; address?: string } = {},
  ): Promise<TestPhone> {
    const address = wish.address ?? "127.0.0.1";
    const phone = await this.stranger(address);
    await this.engine.createTermination({ termination: leg, address, codecs: ["PCMU", "PCMA"] });
    const answer = await this.engine.createAnswer(leg, phone.describes(wish));
    this.#sdp.set(leg, answer);
    phone.callTo(answer);
    return phone;
  }

  async bridged(
    wish: {
      centerPayloads?: string;
      centerAttributes?: readonly string[];
      block?: readonly LegId[];
      address?: string;
    } = {},
  ): Promise<[ann: TestPhone, bob: TestPhone]> {
    const address = wish.address ?? "127.0.0.1";
    const ann = await this.phone(user, { address });
    const bob = await this.phone(center, {
      payloads: wish.centerPayloads ?? "0 101",
      attributes: wish.centerAttributes ?? [],
      address,
    });
    await this.engine.join({ bridge, terminations: [user, center], blockDigitsFrom: wish.block ?? never });
    return [ann, bob];
  }

  sdpOf(leg: LegId): string {
    return this.#sdp.get(leg) ?? "";
  }

  plays(
    termination: LegId,
    play: string,
    audio: Uint8Array,
    wish: { loop?: boolean; barge?: boolean } = {},
  ): Promise<void> {
    return this.engine.play({
      termination,
      play: play as PlayId,
      audio,
      loop: wish.loop ?? false,
      barge: wish.barge ?? false,
    });
  }

  async event(matches: (event: MediaEvent) => boolean): Promise<MediaEvent> {
    for (;;) {
      const found = this.events.find(matches);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async playEnd(play: string): Promise<string> {
    const event = await this.event((told) => told.type === "playFinished" && told.play === play);
    return event.type === "playFinished" ? event.end : "";
  }

  /** Waits for as many digits as `digits` has, and compares. */
  async digits(digits: string): Promise<void> {
    const told = (): string =>
      this.events.map((event) => (event.type === "dtmf" ? event.digit : "")).join("");
    await this.event(() => told().length >= digits.length);
    // What would come too much would have come with the packets before the engine's answer to this.
    await this.engine.audit();
    assert.equal(told(), digits);
  }

  /** Waits until the engine has taken in `count` packets of a phone. */
  async packetsIn(leg: LegId, count: number): Promise<void> {
    while (((await this.engine.stats(leg))?.packetsIn ?? 0) < count) await yieldToSockets();
  }

  async refused(leg: LegId, count: number): Promise<void> {
    while (((await this.engine.stats(leg))?.packetsRefused ?? 0) < count) await yieldToSockets();
    assert.equal((await this.engine.stats(leg))?.packetsRefused, count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.close();
    await this.engine.close();
    for (const phone of this.#phones) await phone.close();
  }
}

function yieldToSockets(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Audio of which every frame differs from its neighbours, and none is silence. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, n) => (n + Math.floor(n / 160)) % 251);
}

function sounding(phone: TestPhone): HeardPacket[] {
  return phone.heard.filter(
    ({ payload, payloadType }) =>
      payloadType < 20 && payload.some((octet) => octet !== muLawSilence && octet !== aLawSilence),
  );
}

/** One SSRC, no sequence number missing or twice, and timestamps that never go back. */
function assertContinuous(packets: readonly HeardPacket[]): void {
  assert.equal(new Set(packets.map(({ ssrc }) => ssrc)).size, 1);
  for (const [index, packet] of packets.entries()) {
    const previous = packets[index - 1];
    if (previous === undefined) continue;
    assert.equal((packet.sequence - previous.sequence) & 0xffff, 1, `sequence at packet ${index}`);
    const step = (packet.timestamp - previous.timestamp) | 0;
    const isAudio = packet.payload.length === 160 && previous.payload.length === 160;
    assert.ok(
      isAudio ? step >= 160 && step % 160 === 0 : step >= 0,
      `timestamp at packet ${index} went ${step} on`,
    );
  }
}

function rtp({ sequence, timestamp, octet }: { sequence: number; timestamp: number; octet: number }): Buffer {
  const packet = Buffer.alloc(172, octet);
  packet.writeUInt16BE(0x8000, 0);
  packet.writeUInt16BE(sequence, 2);
  packet.writeUInt32BE(timestamp, 4);
  packet.writeUInt32BE(0x1234_5678, 8);
  return packet;
}

function rtcpTypes(packet: Buffer): number[] {
  const types: number[] = [];
  for (let at = 0; at < packet.length; at += packet.readUInt16BE(at + 2) * 4 + 4)
    types.push(packet.readUInt8(at + 1));
  return types;
}

async function bindAndClose(port: number, address = "127.0.0.1"): Promise<number> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind({ port, address }, () => {
      const bound = socket.address().port;
      socket.close(() => resolve(bound));
    });
  });
}

/** An even port that is free, with its neighbour. */
async function freePair(): Promise<number> {
  for (;;) {
    const port = (await bindAndClose(0)) & ~1;
    const both = await Promise.allSettled([bindAndClose(port), bindAndClose(port + 1)]);
    if (both.every(({ status }) => status === "fulfilled")) return port;
  }
}

async function hasIPv6(): Promise<boolean> {
  return bindAndClose(0, "::1").then(
    () => true,
    () => false,
  );
}
