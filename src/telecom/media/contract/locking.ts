import { seededRandom } from "#base/random.ts";
import { type Check, user, sounding } from "./rig.ts";
import assert from "node:assert/strict";

/** Whose packets are heard. */
export function checkLocking(check: Check): void {
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
}
