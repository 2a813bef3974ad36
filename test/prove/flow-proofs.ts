import assert from "node:assert/strict";
import { type Ear, keysOf, secondsWithin, type Span, span } from "#rig/ear.ts";
import type { Measures } from "#rig/measured-call.ts";
import type { StoredPermit } from "#rig/stored-permits.ts";
import type { WireMessage } from "#rig/capture.ts";
import { heardTouchTones } from "#rig/sound.ts";
import { annsNumber } from "#rig/story.ts";
import { voiceHz, voiceSeconds } from "#rig/tone-voice.ts";
import {
  annAloneHears,
  bobHearsTheWhisper,
  eachHearsTheOther,
  hearsNoKey,
  near,
  oneSourceEach,
  strangersBeforeTheBridge,
} from "#rig/who-hears-what.ts";
import { bareCode, type Seen, signedCode } from "./flow-call.ts";

/** All that is known of the call once it is over. */
export interface Proof extends Measures {
  readonly seen: Seen;
  readonly permits: readonly StoredPermit[];
}

interface StepProof {
  readonly promise: string;
  /** Throws when the promise was not kept; gives what was measured. */
  readonly prove: (proof: Proof) => string;
}

const dnis = "7001";

export const proofs: Readonly<Record<number, StepProof>> = {
  201: {
    promise: "the bank's page carries a link that says who, what about, and what the bank signs",
    prove({ seen }) {
      const { pathname, searchParams } = new URL(seen.bank.link);
      assert.equal(pathname, "/talk/bank/mortgages");
      return `${pathname}, a token of ${searchParams.get("token")?.length} characters`;
    },
  },
  202: {
    promise: "Ann clicks: what the token says counts, what stands bare beside it does not",
    prove(proof) {
      assert.match(userToUser(proof), new RegExp(`;c=${signedCode}\\b`));
      for (const { text } of proof.messages) assert.ok(!text.includes(bareCode));
      assert.ok(!userToUser(proof).includes(bareCode));
      return `${signedCode}, and ${bareCode} nowhere`;
    },
  },
  203: {
    promise: "the welcome page",
    prove({ seen }) {
      assert.ok(seen.pageOctets > 1000 && seen.pageOctets < 15_000);
      return `${seen.pageOctets} octets`;
    },
  },
  204: {
    promise: "Ann types (202) 555-0123, and it is read",
    prove({ record }) {
      assert.equal(record.visitorNumber, annsNumber);
      return record.visitorNumber;
    },
  },
  205: {
    promise: "subscriber and subject become a route and a reference",
    prove({ record }) {
      assert.deepEqual(
        record.routesTried.map((route) => [route.dnis, route.number]),
        [[dnis, "+12025550142"]],
      );
      assert.match(record.reference, /^\d{6}$/);
      return `DNIS ${dnis}, reference ${record.reference}`;
    },
  },
  206: {
    promise: "a permit is in the database before each INVITE; Ann's is the first",
    prove(proof) {
      assert.deepEqual(
        proof.permits.map(({ kind, number }) => [kind, number]),
        [
          ["user", annsNumber],
          ["center", "+12025550142"],
        ],
      );
      const before = [toAnn(proof), toBob(proof)].map(
        ({ atMs }, at) => atMs - (proof.permits[at]?.grantedAtMs ?? Infinity),
      );
      assert.ok(before.every((ms) => ms >= 0));
      assert.ok(toAnn(proof).atMs < toBob(proof).atMs);
      return `${before.map((ms) => ms.toFixed(0)).join(" and ")} ms before`;
    },
  },
  207: {
    promise: "Ann's telephone rings, called once",
    prove(proof) {
      const invite = toAnn(proof);
      assert.equal(invite.header("user-to-user"), undefined, "her INVITE says nothing of her context");
      assert.equal(invite.header("x-tandem-context"), undefined);
      return `180 after ${(answer(proof, invite, "180").atMs - invite.atMs).toFixed(0)} ms`;
    },
  },
  208: {
    promise: "Ann picks up",
    prove(proof) {
      const invite = toAnn(proof);
      const pickedUp = answer(proof, invite, "200");
      const acknowledged = proof.messages.find(
        ({ kind, header }) => kind === "ACK" && header("call-id") === invite.header("call-id"),
      );
      assert.ok(acknowledged !== undefined);
      return `ACK after ${(acknowledged.atMs - pickedUp.atMs).toFixed(0)} ms`;
    },
  },
  209: {
    promise:
      "Ann alone is asked, keys 1, is told that the center is called, and hears ringback; Bob is called no sooner",
    prove(proof) {
      const { record, toAnn: ear } = proof;
      annAloneHears(proof, "user-confirms", voiceHz.question);
      annAloneHears(proof, "announce", voiceHz.callingCenter);
      const [agreed, ...others] = keysOf(proof, proof.seen.ann.port);
      assert.ok(agreed?.key === "1" && others.length === 0);
      assert.ok(toBob(proof).atMs > agreed.atMs, "the center was called before Ann agreed");
      // North America's, 2 s in every 6; Bob lets it ring for four.
      const waits = { fromMs: span(record, "announce").toMs, toMs: span(record, "bridge").fromMs };
      const rings = secondsWithin(ear.hears(440, { share: 0.3, joinSeconds: 0.2 }), waits);
      assert.ok(rings > 1.8, `ringback for ${rings.toFixed(1)} s`);
      const pacing = evenly(ear, { fromMs: span(record, "user-confirms").fromMs, toMs: waits.toMs });
      return `asked for ${voiceSeconds} s, ringback ${rings.toFixed(1)} s, ${pacing}`;
    },
  },
  210: {
    promise: "the center is called by the DNIS, once",
    prove(proof) {
      const invite = toBob(proof);
      assert.match(invite.startLine, new RegExp(`^INVITE sip:${dnis}@`));
      assert.match(invite.header("to") ?? "", new RegExp(`sip:${dnis}@`));
      return invite.startLine;
    },
  },
  211: {
    promise: "its INVITE says who calls, and what about",
    prove(proof) {
      const invite = toBob(proof);
      const number = annsNumber.replace("+", "\\+");
      assert.match(invite.header("from") ?? "", new RegExp(`sip:${number}@`));
      assert.match(invite.header("p-asserted-identity") ?? "", new RegExp(number));
      const { reference } = proof.record;
      assert.match(userToUser(proof), new RegExp(`^1;r=${reference};s=mortgages;c=${signedCode}`));
      assert.deepEqual(invite.headers("x-tandem-context"), [`r=${reference};u=bank;s=mortgages`]);
      return userToUser(proof);
    },
  },
  212: {
    promise: "Bob's telephone rings with Ann's number, and he picks up",
    prove(proof) {
      const invite = toBob(proof);
      const [ringing, pickedUp] = [answer(proof, invite, "180"), answer(proof, invite, "200")];
      const shown = proof.seen.bob.events.find(({ type }) => type === "CALL_INCOMING")?.peeruri ?? "";
      assert.ok(shown.includes(annsNumber), `his telephone shows ${shown}`);
      return `after ${((pickedUp.atMs - ringing.atMs) / 1000).toFixed(1)} s; it shows ${shown}`;
    },
  },
  213: {
    promise: "Bob alone is asked to press pound, and does; nothing goes on before",
    prove(proof) {
      const { record, toAnn: annsEar, toBob: bobsEar } = proof;
      const asked = secondsWithin(bobsEar.hears(voiceHz.signOn), span(record, "agent-signs-on"));
      near(asked, voiceSeconds, 0.06);
      assert.equal(annsEar.hears(voiceHz.signOn).length, 0, "Ann hears it");
      const [signOn] = keysOf(proof, proof.seen.bob.port);
      assert.ok(signOn?.key === "#" && signOn.atMs <= span(record, "whisper").fromMs);
      return `${asked.toFixed(2)} s of prompt`;
    },
  },
  214: {
    promise: "Bob alone hears the whisper, each word in its order",
    prove(proof) {
      bobHearsTheWhisper(proof);
      const { fromMs, toMs } = span(proof.record, "whisper");
      return `subject, code, and ${[...signedCode].join(" ")}, in ${((toMs - fromMs) / 1000).toFixed(1)} s`;
    },
  },
  215: {
    promise: "the two are joined: before it neither hears the other, then each does",
    prove(proof) {
      oneSourceEach(proof);
      strangersBeforeTheBridge(proof);
      const heard = eachHearsTheOther(proof);
      return `Ann ${heard.ann.toFixed(1)} s, Bob ${heard.bob.toFixed(1)} s`;
    },
  },
  216: {
    promise: "Bob keys 1 2 #: none of it reaches Ann, nor her telephone's own recording",
    prove(proof) {
      const { ann, bob } = proof.seen;
      const keyed = keysOf(proof, bob.port).map(({ key }) => key);
      assert.equal(keyed.join(""), "#12#99#");
      hearsNoKey(proof.toAnn);
      const [recorded] = ann.recordings("heard");
      assert.ok(recorded !== undefined && recorded.samples.length > 8000, "her telephone recorded nothing");
      assert.equal(heardTouchTones(recorded), "");
      return `${keyed.length} keys left Bob's telephone`;
    },
  },
  217: {
    promise:
      "Ann's browser shows page 12; Bob hears the tone for yes, and for 99 the one for no; Ann neither",
    prove(proof) {
      const { record, seen, toAnn: annsEar, toBob: bobsEar } = proof;
      assert.deepEqual(
        record.pagesPushed.map((push) => [push.digits, push.page]),
        [["12", "rates"]],
      );
      const [, , , entered, , , unknown] = keysOf(proof, seen.bob.port);
      assert.ok(entered !== undefined && unknown !== undefined);
      // Two tones for yes, one after the other; one tone twice for no.
      for (const [hz, seconds] of [
        [600, 0.09],
        [1050, 0.11],
      ] as const)
        near(secondsWithin(bobsEar.hears(hz), { fromMs: entered.atMs, toMs: unknown.atMs }), seconds, 0.03);
      near(secondsWithin(bobsEar.hears(330), { fromMs: unknown.atMs, toMs: Infinity }), 0.32, 0.05);
      const talked = span(record, "converse");
      for (const hz of [600, 1050, 330])
        assert.equal(secondsWithin(annsEar.hears(hz, { share: 0.8 }), talked), 0);
      return `${(seen.pageShownAtMs - entered.atMs).toFixed(0)} ms after the key`;
    },
  },
  218: {
    promise: "Bob hangs up, and Ann's line ends: one BYE a line, answered",
    prove(proof) {
      const [bobs, anns] = [toBob(proof), toAnn(proof)].map((invite) => byeOf(proof, invite));
      assert.ok(bobs !== undefined && anns !== undefined && anns.atMs >= bobs.atMs);
      return `${(anns.atMs - bobs.atMs).toFixed(0)} ms later`;
    },
  },
  219: {
    promise: "Ann sees the goodbye page, and the record is complete",
    prove({ record, ...proof }) {
      assert.equal(record.outcome, "completed");
      assert.equal(record.state, "ended");
      const bridgedSeconds = (span(record, "converse").toMs - span(record, "bridge").toMs) / 1000;
      near(record.bridgedSeconds, bridgedSeconds, 1);
      assert.ok(record.steps.every(({ endedAtMs }) => endedAtMs !== undefined));
      assert.ok((proof.seen.bob.recordings("heard")[0]?.samples.length ?? 0) > 8000);
      return `${record.steps.length} steps, bridged ${record.bridgedSeconds} s`;
    },
  },
};

function toAnn({ messages, seen }: Proof): WireMessage {
  return onlyInvite(messages, seen.ann.port);
}

function toBob({ messages, seen }: Proof): WireMessage {
  return onlyInvite(messages, seen.bob.port);
}

/** One call came to this telephone, however often its INVITE was said. */
function onlyInvite(messages: readonly WireMessage[], port: number): WireMessage {
  const invites = messages.filter(({ kind, to }) => kind === "INVITE" && to.endsWith(`:${port}`));
  assert.equal(new Set(invites.map(({ header }) => header("call-id"))).size, 1, "calls to it");
  const [first] = invites;
  assert.ok(first !== undefined);
  return first;
}

function answer({ messages }: Proof, invite: WireMessage, status: string): WireMessage {
  const found = messages.find(
    ({ kind, header }) =>
      kind === status &&
      header("call-id") === invite.header("call-id") &&
      header("cseq") === invite.header("cseq"),
  );
  assert.ok(found !== undefined, `no ${status} to the INVITE`);
  return found;
}

function byeOf({ messages }: Proof, invite: WireMessage): WireMessage | undefined {
  const own = messages.filter(({ header }) => header("call-id") === invite.header("call-id"));
  const byes = own.filter(({ kind }) => kind === "BYE");
  assert.equal(new Set(byes.map(({ header }) => header("cseq"))).size, 1);
  assert.ok(own.some(({ kind, header }) => kind === "200" && header("cseq")?.endsWith("BYE") === true));
  return byes[0];
}

/** RFC 7433, in the form of docs/wire.md. */
function userToUser(proof: Proof): string {
  const value = toBob(proof).header("user-to-user") ?? "";
  assert.match(value, /^[0-9a-fA-F]{2,256};encoding=hex$/);
  return Buffer.from(value.split(";")[0] ?? "", "hex").toString("utf8");
}

/** Frames of 20 ms, and no drift. */
function evenly(ear: Ear, within: Span): string {
  const { packets, uneven, driftMs } = ear.pacing(within);
  assert.ok(packets > 150, `only ${packets} packets`);
  assert.equal(uneven, 0, "packets that hold, or follow, another length than 20 ms");
  assert.ok(Math.abs(driftMs) < 10, `drift of ${driftMs.toFixed(1)} ms`);
  return `drift ${driftMs.toFixed(1)} ms over ${(packets / 50).toFixed(1)} s`;
}
