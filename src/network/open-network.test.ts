import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#base/clock.ts";
import type { CallId, PhoneName, SubjectId, SubscriberId } from "#base/ids.ts";
import { forEachDatabase } from "#rig/databases.ts";
import { readConfig } from "./config-file.ts";
import { openNetwork } from "./open-network.ts";
import { replaceConfiguration } from "./replace-configuration.ts";

/** Two subscribers with the same ids for everything, and a canary in each text. */
const subscriber = (canary: string) => ({
  name: `Bank ${canary}`,
  country: "US",
  allowedCountries: ["US", "GB"],
  trunk: "carrier",
  centers: { main: { name: `Main ${canary}`, timeZone: "UTC", hours: "always" } },
  subjects: {
    mortgages: {
      name: `Mortgages ${canary}`,
      routes: [
        {
          center: "main",
          number: "+18005550100",
          dnis: `dnis-${canary}`,
          allowedCountries: ["US"],
          allowedAddresses: ["192.0.2.0/24"],
          postDialDigits: "ww12#",
          showAni: false,
          weight: 7,
        },
        {
          center: "main",
          phone: "bob",
          order: 2,
          allowedCountries: ["US"],
          allowedAddresses: ["192.0.2.0/24"],
        },
      ],
    },
  },
  phones: { bob: { password: "correct horse", media: canary === "blue" ? "srtp" : "rtp" } },
  pages: { rates: { title: `Rates ${canary}`, text: { en: `Text ${canary}`, es: "Texto" } } },
  digits: { "12": "rates" },
});
const config = {
  trunks: { carrier: { host: "127.0.0.1", port: 5070, transport: "tcp", callerId: "+14155550100" } },
  subscribers: { red: subscriber("red"), blue: subscriber("blue") },
};

forEachDatabase((_make, open) => {
  const opened = async () => {
    const database = await open();
    const read = readConfig(JSON.stringify(config), { environment: {}, promptExists: () => true });
    if ("complaints" in read) throw new Error(JSON.stringify(read.complaints));
    await database.transaction((tx) => replaceConfiguration(tx, read));
    return { network: openNetwork({ database, clock: new VirtualClock() }), read };
  };
  const red = "red" as SubscriberId;
  const mortgages = "mortgages" as SubjectId;
  const wish = {
    subscriber: red,
    subject: mortgages,
    atMs: Date.UTC(2026, 0, 5),
    ipAddress: "192.0.2.1",
    draw: "call_1" as CallId,
  };

  test("what was stored comes back as it was, and nothing crosses subscribers", async () => {
    const { network, read } = await opened();
    assert.deepEqual(
      await network.subscriber(red),
      read.subscribers.find(({ id }) => id === red),
    );
    const found = [
      await network.subject(red, mortgages),
      await network.subjects(red),
      await network.center(red, "main"),
      await network.pageForDigits(red, "12"),
      await network.routes(wish),
    ];
    const text = JSON.stringify(found);
    assert.ok(text.includes("red"));
    assert.ok(!text.includes("blue"), text);
    const routes = await network.routes(wish);
    assert.deepEqual(
      routes.type === "routes" && routes.routes,
      read.routes.filter((route) => route.subscriber === red),
    );
    assert.deepEqual(await network.phones(), [...read.phones].reverse());
    for (const phone of read.phones) assert.deepEqual(await network.phone(phone.name), phone);
    assert.equal(read.phones.find(({ subscriber }) => subscriber === "blue")?.media, "srtp");
    assert.equal(await network.phone("nobody.blue" as PhoneName), undefined);
    assert.deepEqual(await network.trunk(read.trunks[0]?.id ?? ("" as never)), read.trunks[0]);
    assert.deepEqual(
      await network.page(red, read.pages[0]?.id ?? ("" as never)),
      read.pages.find((page) => page.subscriber === red),
    );
  });

  test("what is not there is undefined, or an unknown subject", async () => {
    const { network } = await opened();
    assert.equal(await network.subscriber("green" as SubscriberId), undefined);
    assert.equal(await network.pageForDigits(red, "99"), undefined);
    assert.deepEqual(await network.routes({ ...wish, subject: "x" as SubjectId }), {
      type: "unknown-subject",
    });
  });

  test("the number's country counts once it is known, the address always", async () => {
    const { network } = await opened();
    assert.equal((await network.routes({ ...wish, number: "+14155552671" })).type, "routes");
    assert.equal((await network.routes({ ...wish, number: "+442079460018" })).type, "outside-region");
    assert.equal((await network.routes({ ...wish, ipAddress: "198.51.100.1" })).type, "outside-region");
  });
});
