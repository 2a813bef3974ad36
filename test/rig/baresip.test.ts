import assert from "node:assert/strict";
import test from "node:test";
import { startBaresip } from "./baresip.ts";
import { mayCapture, startCapture, telephoneEvents, telephoneEventType } from "./capture.ts";
import { installed } from "./processes.ts";
import { heardTone, heardTouchTones, lengthOf, sequence } from "./sound.ts";

const annsTone = 700;
const bobsTone = 1000;

test("one telephone rings and answers when told, each hears the other's tone, and digits stay out of the sound", async (t) => {
  if (!installed("baresip")) return t.skip("no baresip");
  await using ann = await startBaresip({
    user: "ann",
    answers: "when-told",
    says: sequence([{ hz: [annsTone], seconds: 1 }]),
  });
  await using bob = await startBaresip({ user: "bob", says: sequence([{ hz: [bobsTone], seconds: 1 }]) });
  await bob.dials(ann.address);
  await ann.event("CALL_INCOMING");
  assert.equal(bob.events.filter(({ type }) => type === "CALL_ESTABLISHED").length, 0);
  await ann.answers();
  await Promise.all([ann.event("CALL_ESTABLISHED"), bob.event("CALL_ESTABLISHED")]);
  await bob.presses("12#");
  await bob.hangsUp();
  await ann.event("CALL_CLOSED");

  const [heardByAnn] = ann.recordings("heard");
  const [heardByBob] = bob.recordings("heard");
  assert.ok(heardByAnn !== undefined && heardByBob !== undefined, "nothing was recorded");
  assert.ok(lengthOf(heardTone(heardByAnn, bobsTone)) > 0.3, "Ann hears Bob");
  assert.ok(lengthOf(heardTone(heardByBob, annsTone)) > 0.3, "Bob hears Ann");
  assert.equal(lengthOf(heardTone(heardByAnn, annsTone)), 0, "Ann does not hear herself");
  assert.equal(heardTouchTones(heardByAnn), "");
});

test("a capture shows the call's SIP, and its digits as telephone-events", async (t) => {
  if (!installed("baresip", "tcpdump") || !mayCapture()) return t.skip("no baresip, or no right to capture");
  await using ann = await startBaresip({ user: "ann" });
  await using bob = await startBaresip({ user: "bob", says: sequence([{ hz: [bobsTone], seconds: 1 }]) });
  await using capture = await startCapture([ann.port]);
  await bob.dials(ann.address);
  await bob.event("CALL_ESTABLISHED");
  await bob.presses("12#");
  await bob.hangsUp();
  await ann.event("CALL_CLOSED");
  await capture.stop();

  const kinds = capture.sip().map((message) => message.kind);
  assert.deepEqual(
    ["INVITE", "200", "ACK", "BYE"].map((kind) => kinds.includes(kind)),
    [true, true, true, true],
  );
  const invite = capture.sip().find(({ kind }) => kind === "INVITE");
  const answer = capture.sip().find(({ kind, body }) => kind === "200" && body !== "");
  assert.match(invite?.header("to") ?? "", /ann@/);
  const events = telephoneEventType(answer?.body ?? "");
  assert.ok(events !== undefined, "no telephone-event was negotiated");
  const digits = capture.rtp().map((stream) => telephoneEvents(stream, events));
  assert.deepEqual(
    digits.filter((keyed) => keyed !== ""),
    ["12#"],
  );
  const longest = capture.rtp().toSorted((x, y) => y.packets.length - x.packets.length)[0];
  assert.ok((longest?.packets.length ?? 0) > 20, "sound was captured");
});

test("a telephone calls over TCP, with A-law", async (t) => {
  if (!installed("baresip", "tcpdump") || !mayCapture()) return t.skip("no baresip, or no right to capture");
  await using ann = await startBaresip({ user: "ann", codec: "PCMA" });
  await using bob = await startBaresip({ user: "bob", codec: "PCMA" });
  await using capture = await startCapture([ann.port]);
  await bob.dials(`${ann.address};transport=tcp`);
  await bob.event("CALL_ESTABLISHED");
  await bob.hangsUp();
  await ann.event("CALL_CLOSED");
  await capture.stop();
  const messages = capture.sip();
  assert.ok(messages.length >= 5 && messages.every(({ transport }) => transport === "tcp"));
  assert.ok(capture.rtp().some((stream) => stream.packets.some(({ payloadType }) => payloadType === 8)));
});
