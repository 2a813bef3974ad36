import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { secureRandom } from "#base/random.ts";
import { silentLog } from "#base/log.ts";
import { stopCalls } from "#network/dial-permit.ts";
import { doctorsTelephone, exampleConfiguration, linesOf, patientIn } from "#rig/patient.ts";
import { freePort, ownRtpPorts } from "#rig/ports.ts";
import { temporaryFolder } from "#rig/processes.ts";
import { openDatabase } from "#store/database.ts";
import { sql } from "kysely";
import { checkCenter, ofAnswers } from "./center-check.ts";

const verdicts = /^(ok|warning|wrong): (DNIS|ANI|User-to-User|X-Tandem-Context|whisper|Keys)/;

/** A center whose only agent keys these digits as soon as the line is up, and what the doctor makes of it. */
async function called(keys: string, where: (port: number, folder: string) => string, environment = {}) {
  using folder = temporaryFolder("center");
  const phone = await doctorsTelephone();
  let dialled: typeof phone.call;
  phone.on((event) => {
    if (event.type === "rings") dialled = event.call;
    if (event.type === "answered") phone.press(keys);
  });
  try {
    const center = where(phone.sipPort, folder.path);
    const own = { TANDEM_SIP_PORT: String(await freePort()), TANDEM_RTP_PORTS: ownRtpPorts() };
    const settings = { ...own, TANDEM_CONFIG: join(folder.path, "tandem.config.json"), ...environment };
    const patient = patientIn(folder.path, settings);
    const found = await checkCenter({ ...patient, center, environment: {} });
    return { found, call: dialled };
  } finally {
    await phone.close();
  }
}

test("who answers says what has arrived, key by key; the INVITE is a visitor's call's", {
  timeout: 120_000,
}, async () => {
  const { found, call } = await called(
    "ww1" + "1" + "1" + "2" + "1" + "2",
    (port) => `sip:4711@127.0.0.1:${port}`,
  );
  const lines = linesOf(found).flatMap((line) => verdicts.exec(line)?.slice(1, 3).join(" ") ?? []);
  assert.deepEqual(lines, [
    "ok Keys",
    "ok whisper",
    "ok DNIS",
    "warning ANI",
    "ok User-to-User",
    "warning X-Tandem-Context",
  ]);
  const reference = found[0]?.figures?.["reference"];
  assert.match(String(reference), /^[0-9]{6}$/);
  assert.equal(call?.dialled, "4711");
  assert.equal(call?.from, "+12025550123");
  assert.equal(call?.userToUser, `1;r=${reference};s=test;c=TEST`);
  assert.equal(call?.xContext, `r=${reference};u=tandem;s=test`);
});

test("a route of the configuration is dialled as a visitor's call dials it", {
  timeout: 120_000,
}, async () => {
  const { found, call } = await called("ww111111", (port, folder) => {
    writeFileSync(join(folder, "tandem.config.json"), exampleConfiguration(port));
    return "bank/mortgages";
  });
  assert.deepEqual([...new Set(found.map(({ verdict }) => verdict))], ["ok"]);
  assert.equal(call?.dialled, "7001");
  assert.match(call?.xContext ?? "", /^r=[0-9]{6};u=bank;s=mortgages$/);
});

test("a brake that holds, a place that is none, and an emergency number: nobody is called", async () => {
  using folder = temporaryFolder("center");
  const patient = patientIn(folder.path);
  const check = async (center: string) => linesOf(await checkCenter({ ...patient, center, environment: {} }));
  for (const [center, why] of [
    ["mortgages", /neither SUBSCRIBER\/SUBJECT nor sip:/],
    ["bank/mortgages", /TANDEM_CONFIG names no configuration file/],
    ["sip:4711@127.0.0.1:99999", /99999 is no port/],
    ["sip:47 11@127.0.0.1", /is not sip:/],
    ["sip:4711@127.0.0.1\r\nX: y", /is not sip:/],
    ["sip:112@127.0.0.1", /112 reaches people who save lives/],
  ] as const)
    assert.match(
      (await check(center))[0] ?? "",
      new RegExp(`^wrong: Nobody is called: .*${why.source}`, "s"),
    );

  const url = `sqlite:${join(folder.path, "tandem.sqlite")}`;
  const database = await openDatabase({ url, clock: systemClock, log: silentLog });
  await database.transaction((tx) => stopCalls(tx, "platform", { atMs: systemClock.now(), why: "test" }));
  await database.close();
  assert.deepEqual(await check("sip:4711@127.0.0.1"), ["wrong: Nobody is called: `tandem stop` holds."]);

  const newer = await openDatabase({ url, clock: systemClock, log: silentLog });
  await sql`insert into tandem_migration (name, timestamp) values ('9999-later', '2030')`.execute(
    newer.tables(),
  );
  await newer.close();
  assert.match(
    (await check("sip:4711@127.0.0.1"))[0] ?? "",
    /^wrong: Nobody is called: .* another version's/,
  );
});

test("a center that is busy is told as such", { timeout: 60_000 }, async () => {
  using folder = temporaryFolder("center");
  const phone = await doctorsTelephone({ answers: false });
  phone.on((event) => void (event.type === "rings" && phone.busy()));
  const patient = patientIn(folder.path, {
    TANDEM_SIP_PORT: String(await freePort()),
    TANDEM_RTP_PORTS: ownRtpPorts(),
  });
  const found = await checkCenter({
    ...patient,
    center: `sip:4711@127.0.0.1:${phone.sipPort}`,
    environment: {},
    random: secureRandom,
  });
  await phone.close();
  assert.deepEqual(linesOf(found), ["wrong: The call came to nothing: the call ended: busy."]);
});

test("no key at all is wrong, and so is a number that did not arrive", () => {
  const none = ofAnswers({ answeredAfterMs: 900, keysVia: undefined, carriers: {} }, "482913");
  assert.deepEqual(
    none.map(({ verdict }) => verdict),
    ["ok", "wrong"],
  );
  const some = ofAnswers(
    { answeredAfterMs: 900, keysVia: "inband", carriers: { DNIS: "no", whisper: "unsaid", ANI: "no" } },
    "482913",
  );
  assert.deepEqual(
    some.map(({ verdict }) => verdict),
    ["ok", "ok", "wrong", "warning", "warning"],
  );
});
