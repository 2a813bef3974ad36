import { VirtualClock } from "#base/clock.ts";
import { type ContractPhone, testUnitContract } from "./unit-contract.ts";
import type { Reaction, VirtualPhone } from "./virtual-phone.ts";
import { VirtualUnit } from "./virtual-unit.ts";

const reactions: Readonly<Record<"ring" | "be-busy" | "decline", Reaction>> = {
  ring: { type: "rings" },
  "be-busy": { type: "is-busy" },
  decline: { type: "declines", afterMs: 100 },
};

testUnitContract("virtual unit", async () => {
  const clock = new VirtualClock();
  const virtual = new VirtualUnit(clock);
  let client = virtual.connect();
  await clock.advance(0);
  const phone = (of: VirtualPhone): ContractPhone => ({
    target: { type: "trunk", host: "127.0.0.1", transport: "udp", user: of.user, codecs: ["PCMU"] },
    will: (reaction) => void (of.reaction = reactions[reaction]),
    answers: () => of.answers(),
    hangsUp: () => of.hangsUp(),
    presses: (digits) => of.presses(digits),
  });
  return {
    unit: client,
    ann: phone(virtual.phone("1001")),
    bob: phone(virtual.phone("1002")),
    now: () => clock.now(),
    pass: (ms) => clock.advance(ms),
    async reconnect() {
      await client.close();
      client = virtual.connect();
      await clock.advance(0);
      return client;
    },
    close: () => client.close(),
  };
});
