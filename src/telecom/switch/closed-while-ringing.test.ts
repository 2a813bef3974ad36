/** A telephone goes while it rings: its connection is the only way to it, so the leg does not ring on at nobody. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PhoneName } from "#base/ids.ts";
import { startBaresip } from "#rig/baresip.ts";
import { openBrowserUnit, phonePassword as password } from "#rig/browser-unit.ts";
import { childPid, installed } from "#rig/processes.ts";
import type { UserAgent } from "../sip/user-agent.ts";

const missing = ["chromium", "baresip"].filter((program) => !installed(program));
const limit = { timeout: 25_000, skip: missing.length === 0 ? false : `no ${missing.join(", no ")}` };
const ann = "ann.bank" as PhoneName;

const unit: Parameters<typeof openBrowserUnit>[1] = {
  ...{ transport: "ws", hum: 700, phones: [ann], phoneHashes: ["MD5"] },
  ports: { rtp: { first: 36_600, last: 36_699 }, browsers: { first: 30_300, last: 30_399 } },
};

test("a page that is closed while it rings ends its leg then, as unreachable", limit, async (t) => {
  const { agent, pages, socket, dial, until } = await openBrowserUnit(t, unit);
  const page = await pages.open({ socket, name: ann, password, answers: "when-told" });
  await registeredAt(agent, 1);
  const leg = dial(ann);
  await until(leg, "ringing");
  await page.close();
  const { endCause, answeredAtMs } = await until(leg, "ended");
  assert.deepEqual([endCause, answeredAtMs], ["unreachable", undefined]);
});

test("of two pages one is closed while they ring, and the other has the call", limit, async (t) => {
  const { agent, pages, socket, dial, until } = await openBrowserUnit(t, unit);
  const [gone, other] = [
    await pages.open({ socket, name: ann, password, answers: "when-told" }),
    await pages.open({ socket, name: ann, password, answers: "when-told" }),
  ];
  await registeredAt(agent, 2);
  const leg = dial(ann);
  for (const page of [gone, other]) await page.page.waitForFunction("phone.state.ringing !== undefined");
  await until(leg, "ringing");
  await gone.close();
  await registeredAt(agent, 1);
  await other.answers();
  await until(leg, "answered");
  await other.hangsUp();
  assert.equal((await until(leg, "ended")).endCause, "hung-up-by-far-end");
  await other.close();
});

test(
  "a desk telephone over TCP that dies while it rings ends its leg then, as unreachable",
  limit,
  async (t) => {
    const { agent, dial, until } = await openBrowserUnit(t, unit);
    const sipPort = agent.address.port;
    await using desk = await startBaresip({
      ...{ user: ann, answers: "when-told" },
      registers: { sipPort, user: ann, password, transport: "tcp" },
    });
    await desk.event("REGISTER_OK");
    const leg = dial(ann);
    await until(leg, "ringing");
    // Without a goodbye.
    process.kill(childPid("baresip"), "SIGKILL");
    const { endCause } = await until(leg, "ended");
    assert.equal(endCause, "unreachable");
  },
);

/** Resolves when Ann's telephones are so many, and each would ring. */
function registeredAt({ phones }: Pick<UserAgent, "phones">, count: number): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (phones.places(ann).length !== count) return;
      unwatch();
      resolve();
    };
    const unwatch = phones.watch(ann, look);
    look();
  });
}
