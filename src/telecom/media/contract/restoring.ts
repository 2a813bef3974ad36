import type { LegId } from "#base/ids.ts";
import type { MediaTransport, TerminationStanding } from "../media-engine.ts";
import { sequenceDistance, timestampDistance } from "../rtp.ts";
import { bridge, center, type Check, never, type Rig, user } from "./rig.ts";
import assert from "node:assert/strict";

/** What another process has left, as a phone notices it. */
export function checkRestoring(check: Check, transport: MediaTransport): void {
  check("a termination is taken up where it was left: the same port, the same stream", async (rig) => {
    const ann = await rig.phone(user);
    await ann.until(() => ann.heard.length >= 5);
    const port = (await rig.engine.stats(user))?.localPort;
    const standing = standingOf(rig, user);
    await rig.engine.release(user);
    const heard = ann.heard.length;
    await rig.engine.restoreTermination(JSON.parse(JSON.stringify(standing)) as TerminationStanding);
    assert.equal((await rig.engine.stats(user))?.localPort, port);
    await ann.until(() => ann.heard.length >= heard + 5);

    const sources = new Set(ann.heard.map(({ ssrc }) => ssrc)).size;
    // RFC 3711 9.1: under one key no index may be used twice, so another source goes on.
    if (transport === "srtp") return assert.equal(sources, 2);
    assert.equal(sources, 1);
    const [last, next] = [ann.heard[heard - 1], ann.heard[heard]];
    assert.ok(last !== undefined && next !== undefined);
    const lost = sequenceDistance(next.sequence, last.sequence);
    assert.ok(lost > 0 && lost < 3_000, `${lost} numbers further on: RFC 3550 A.1 takes that for loss`);
    assert.ok(timestampDistance(next.timestamp, last.timestamp) > 0, "time goes on");
  });

  check("two that were joined hear each other again when they are joined again", async (rig) => {
    const [ann, bob] = await rig.bridged();
    const left = [standingOf(rig, user), standingOf(rig, center)];
    for (const leg of [user, center]) await rig.engine.release(leg);
    for (const standing of left) await rig.engine.restoreTermination(standing);
    await rig.engine.join({ bridge, terminations: [user, center], blockDigitsFrom: never });
    bob.says({ octet: 0x43, frames: 5 });
    await ann.until(() => ann.heard.filter(({ payload }) => payload[0] === 0x43).length === 5);
  });

  check("a termination is not taken up where its port is another's", async (rig) => {
    await rig.phone(user);
    const standing = standingOf(rig, user);
    const other = { ...standing, wish: { ...standing.wish, termination: center } };
    await assert.rejects(rig.engine.restoreTermination(other));
    assert.deepEqual((await rig.engine.audit()).terminations, [user]);
  });
}

function standingOf(rig: Rig, leg: LegId): TerminationStanding {
  const event = rig.events.findLast((told) => told.type === "standing" && told.termination === leg);
  assert.ok(event?.type === "standing");
  return event.standing;
}
