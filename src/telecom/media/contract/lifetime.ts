import {
  type Check,
  user,
  center,
  bridge,
  never,
  sounding,
  rtcpTypes,
  bindAndClose,
  freePair,
  hasIPv6,
} from "./rig.ts";
import assert from "node:assert/strict";

/** What begins and ends, and what is left. */
export function checkLifetime(check: Check): void {
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
    const wish = { termination: user, ...rig.end() };
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

  check(
    "a range without a free pair refuses, and takes the next one after a release",
    async (rig) => {
      const wish = rig.end();
      await rig.engine.createTermination({ ...wish, termination: user });
      const another = rig.engine.createTermination({ ...wish, termination: center });
      await assert.rejects(another, { code: "MEDIA_EXHAUSTED" });
      await rig.engine.release(user);
      await rig.engine.createTermination({ ...wish, termination: center });
    },
    { portRange: freePair },
  );

  check("two phones talk over IPv6", async (rig) => {
    // A machine without ::1 has nothing to test here.
    if (!(await hasIPv6())) return;
    const [ann, bob] = await rig.bridged({ address: "::1" });
    ann.says({ octet: 0x21, frames: 3 });
    await bob.until(() => sounding(bob).length === 3);
    assert.match(rig.sdpOf(user), /c=IN IP6 ::1/);
  });
}
