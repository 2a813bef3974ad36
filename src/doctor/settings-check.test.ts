import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { linesOf } from "#rig/patient.ts";
import { temporaryFolder } from "#rig/processes.ts";
import { checkSettings } from "./settings-check.ts";

const example = join(import.meta.dirname, "../../examples/tandem.config.jsonc");

test("settings and a file that can be used, with what stands in it", async () => {
  using folder = temporaryFolder("doctor");
  const { findings, read } = await checkSettings({
    TANDEM_DEVELOPMENT: "true",
    TANDEM_DATA: folder.path,
    TANDEM_CONFIG: example,
  });
  assert.deepEqual(linesOf(findings), [`ok: All can be used; ${example} too (subscribers: 2, trunks: 2).`]);
  assert.deepEqual(
    read?.trunks?.map(({ id }) => id),
    ["visitors", "center"],
  );
});

test("each variable that is wrong is named, and nothing is read then", async () => {
  const { findings, read } = await checkSettings({ TANDEM_SIP_PORT: "many", TANDEM_SIPPORT: "5060" });
  assert.equal(read, undefined);
  assert.deepEqual(
    linesOf(findings)
      .map((line) => line.split(" ").slice(0, 2).join(" "))
      .toSorted(),
    ["wrong: TANDEM_SIPPORT", "wrong: TANDEM_SIP_PORT"],
  );
});

test("a spoiled configuration file is wrong by its line, one that is not named is a warning", async () => {
  using folder = temporaryFolder("doctor");
  const config = join(folder.path, "tandem.config.json");
  writeFileSync(config, '{ "trunks": {');
  const settings = { TANDEM_DEVELOPMENT: "true", TANDEM_DATA: folder.path };
  const spoiled = await checkSettings({ ...settings, TANDEM_CONFIG: config });
  assert.ok(linesOf(spoiled.findings)[0]?.startsWith(`wrong: ${config}:1:`), linesOf(spoiled.findings)[0]);
  assert.equal(spoiled.read?.trunks, undefined);
  const none = await checkSettings(settings);
  assert.deepEqual(
    none.findings.map(({ verdict }) => verdict),
    ["warning"],
  );
});

test("a development key in front of the world is a warning", async () => {
  using folder = temporaryFolder("doctor");
  const settings = { TANDEM_DEVELOPMENT: "true", TANDEM_DATA: folder.path, TANDEM_CONFIG: example };
  const verdicts = async (url: string) =>
    (await checkSettings({ ...settings, TANDEM_PUBLIC_URL: url })).findings.map(({ verdict }) => verdict);
  assert.deepEqual(await verdicts("http://127.0.0.1:8080"), ["ok"]);
  assert.deepEqual(await verdicts("https://talk.example"), ["ok", "warning"]);
});
