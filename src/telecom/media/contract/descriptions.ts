import type { LegId } from "#base/ids.ts";
import type { MediaEvent } from "../media-engine.ts";
import { type Check, user, center, sounding } from "./rig.ts";
import assert from "node:assert/strict";

/** Offer and answer as the phones feel them: hold, re-offer, early and late answers, silence. */
export function checkDescriptions(check: Check): void {
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
    // The telephone at the other port has another SRTP key, and that one a source of its own.
    if (rig.transport === "rtp")
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
    final.callTo(rig.sdpOf(user));
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

  check(
    "a phone that sends comfort noise alone is not lost",
    async (rig) => {
      const [ann] = await rig.bridged();
      const lost = (leg: LegId): boolean =>
        rig.events.some((event) => event.type === "mediaTimeout" && event.termination === leg);
      // Bob, who sends nothing, tells when the time is over: Ann was there before him.
      while (!lost(center)) {
        ann.says({ octet: 0x40, frames: 1, payloadType: 13 });
        await ann.hearsMore(1);
      }
      assert.ok(!lost(user));
    },
    { mediaTimeoutMs: 1_000 },
  );
}
