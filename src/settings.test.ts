import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { TandemError } from "#base/errors.ts";
import { readSettings } from "./settings.ts";

const folder = mkdtempSync(join(tmpdir(), "tandem-settings-"));
after(() => rmSync(folder, { recursive: true }));
const key = Buffer.alloc(32, 7).toString("base64url");

test("everything but the secret key has a default", () => {
  const settings = readSettings({ TANDEM_SECRET_KEYS: key, TANDEM_DATA: folder });
  assert.equal(settings.http.host, "127.0.0.1");
  assert.equal(settings.http.port, 8080);
  assert.equal(settings.databaseUrl, `sqlite:${folder}/tandem.sqlite`);
  assert.deepEqual(settings.unit.rtpPorts, { first: 20000, last: 29999 });
  assert.equal(settings.secretKeys[0]?.length, 32);
  assert.equal(settings.development, false);
});

test("outside development a missing secret key is an error that says what is needed", () => {
  assert.throws(() => readSettings({ TANDEM_DATA: folder }), wrong("TANDEM_SECRET_KEYS"));
});

test("in development a key is made once and kept", () => {
  const environment = { TANDEM_DEVELOPMENT: "true", TANDEM_DATA: folder };
  assert.deepEqual(readSettings(environment).secretKeys, readSettings(environment).secretKeys);
});

test("keys are rotated by putting the new one first", () => {
  const newer = Buffer.alloc(32, 9).toString("base64url");
  const settings = readSettings({ TANDEM_SECRET_KEYS: `${newer},${key}`, TANDEM_DATA: folder });
  assert.deepEqual(
    settings.secretKeys.map((each) => each[0]),
    [9, 7],
  );
});

for (const [name, value] of [
  ["TANDEM_HTTP_PORT", "eighty"],
  ["TANDEM_HTTP_PORT", "70000"],
  ["TANDEM_RTP_PORTS", "30000-20000"],
  ["TANDEM_RTP_PORTS", "all"],
  ["TANDEM_DATABASE", "mysql://somewhere"],
  ["TANDEM_PUBLIC_URL", "tandem.example"],
  ["TANDEM_SECRET_KEYS", "A".repeat(50)],
  ["TANDEM_LOG", "loud"],
  ["TANDEM_OPERATOR_TOKEN", "short"],
  ["TANDEM_HTPP_PORT", "8080"],
] as const) {
  test(`${name}=${value} is refused by name`, () => {
    assert.throws(
      () => readSettings({ TANDEM_SECRET_KEYS: key, TANDEM_DATA: folder, [name]: value }),
      wrong(name),
    );
  });
}

function wrong(name: string): (error: unknown) => boolean {
  return (error) =>
    error instanceof TandemError && error.code === "SETTINGS_INVALID" && name in error.details;
}
