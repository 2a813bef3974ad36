import type { PlayId } from "#base/ids.ts";
import { muLawToALaw } from "../g711.ts";
import { type Check, user, center, bridge, sounding, assertContinuous, rtp } from "./rig.ts";
import assert from "node:assert/strict";

/** What two joined phones hear of each other. */
export function checkBridging(check: Check): void {
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
      ann.sends(rtp({ sequence: 1_001 + step, timestamp: 50_160 + step * 160, octet: step }));
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
}
