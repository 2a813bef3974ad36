import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import type { CallEvent } from "./dialog/call-state.ts";
import { ourSdp, theirSdp, usualWish } from "./dialog/scripted-peer.ts";
import type { SipTarget } from "./locate.ts";
import { makeResponse } from "./message/build.ts";
import type { HeaderLine, SipRequest } from "./message/message.ts";
import { type RequestListener, RunningCall } from "./placed-call.ts";

const target: SipTarget = { transport: "udp", address: "192.0.2.1", port: 5060 };

/** A call above layers that do what the test says. */
function running(whereIs: (lookUp: number) => Promise<SipTarget | undefined> = async () => target) {
  const clock = new VirtualClock();
  const sent: { request: SipRequest; on: RequestListener | undefined; cancelled: number }[] = [];
  const told: CallEvent[] = [];
  let lookUps = 0;
  let forgotten = false;
  const call = new RunningCall(
    {
      clock,
      random: seededRandom("placed call"),
      log: silentLog,
      request: ({ request, target: { transport, address, port } }, { branch }, on) => {
        const entry = { request, on, cancelled: 0 };
        sent.push(entry);
        const local = { localAddress: "192.0.2.9", localPort: 5060 };
        const flow = { transport, ...local, remoteAddress: address, remotePort: port };
        return { cancel: () => void (entry.cancelled += 1), flow, branch };
      },
      makeBranch: () => "z9hG4bK-branch",
      noted: () => {},
      sendAck: (request) => void sent.push({ request, on: undefined, cancelled: 0 }),
      whereIs: () => whereIs(++lookUps),
      targetIs: () => {},
      tell: (event) => void told.push(event),
      forgotten: () => {
        forgotten = true;
      },
    },
    { transport: "udp" },
  );
  call.begin(usualWish);
  return {
    clock,
    call,
    sent,
    told,
    isForgotten: () => forgotten,
    methods: () => sent.map(({ request }) => request.method).join(" "),
    answers(status: number, headers: HeaderLine[] = []): void {
      const last = sent.findLast(({ on }) => on !== undefined);
      assert.ok(last?.on);
      const body = { contentType: "application/sdp", content: theirSdp };
      const contact = "sip:far@far.example";
      last.on.response(
        makeResponse(last.request, status, { toTag: "far", contact, headers, body }),
        "192.0.2.1",
      );
    },
  };
}

test("what is said in a dialog leaves in its order, however long a name takes to look up", async () => {
  const slow = Promise.withResolvers<SipTarget>();
  const { call, clock, methods, answers } = running((lookUp) =>
    lookUp === 1 ? slow.promise : Promise.resolve(target),
  );
  answers(200);
  call.input({ type: "hang-up", headers: [] });
  await clock.advance(0);
  assert.equal(methods(), "INVITE");
  slow.resolve(target);
  await clock.advance(0);
  assert.equal(methods(), "INVITE ACK BYE");
});

test("a look-up that fails is a request that found no way", async () => {
  const { call, clock, methods, isForgotten, answers } = running(() => Promise.reject(new Error("no DNS")));
  answers(200);
  call.input({ type: "hang-up", headers: [] });
  await clock.advance(32_000);
  assert.equal(methods(), "INVITE");
  assert.equal(isForgotten(), true);
});

test("a re-INVITE that the far end never answers for good is given up with its call", async () => {
  const { call, clock, sent, told, methods, isForgotten, answers } = running();
  answers(200, [{ name: "Session-Expires", value: "90;refresher=uac" }]);
  await clock.advance(45_000);
  assert.equal(told.at(-1)?.type, "offer-wanted");
  call.input({ type: "offer-made", sdp: ourSdp });
  await clock.advance(0);
  answers(100);
  await clock.advance(45_000);
  assert.equal(methods(), "INVITE ACK INVITE BYE");
  await clock.advance(32_000);
  assert.equal(isForgotten(), true);
  assert.deepEqual(
    sent.map(({ cancelled }) => cancelled),
    [0, 0, 1, 1],
  );
  assert.equal(clock.waiting, 0);
});
