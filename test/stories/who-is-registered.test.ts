/** The operator asks who is registered, by the command, of the real platform; the telephone is baresip, which nobody here wrote. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { bankConfig } from "#rig/bank.ts";
import { startBaresip } from "#rig/baresip.ts";
import { openPlatform } from "#rig/platform.ts";
import { installed } from "#rig/processes.ts";

const skip = installed("baresip") ? false : "needs baresip: bin/test --setup";
const token = "the-operator's-own-token";
const password = "correct-horse-battery";

test("a telephone that registered is shown, also by the next web process", {
  skip,
  timeout: 60_000,
}, async () => {
  const config = bankConfig({ user: 9, center: 9 });
  const { bank } = config.subscribers;
  assert.ok(bank !== undefined);
  await using platform = await openPlatform({
    config: {
      ...config,
      subscribers: { bank: { ...bank, phones: { bob: { password }, carol: { password } } } },
    },
    // baresip 1.0 knows no other hash.
    environment: { TANDEM_OPERATOR_TOKEN: token, TANDEM_PHONE_HASHES: "MD5" },
  });
  const { port } = new URL(platform.url);
  assert.equal(await phones(port), "No phone is registered.\n");
  await using bob = await startBaresip({
    user: "bob",
    registers: { sipPort: platform.sipPort, user: "bob.bank", password, transport: "tcp" },
  });
  await bob.event("REGISTER_OK");
  const shown = await phones(port);
  const [head, line, ...more] = shown.trimEnd().split("\n");
  assert.match(head ?? "", /^phone +transport +address +ready/);
  assert.match(line ?? "", /^bob\.bank +tcp +127\.0\.0\.1:\d+ +- +\d{4}-.+ {2}\d{4}-.+ {2}baresip/);
  assert.deepEqual(more, [], shown);
  await platform.killWeb();
  await platform.startWeb();
  assert.equal(await phones(port), shown);
});

function phones(port: string): Promise<string> {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("TANDEM_"));
  const env = { ...Object.fromEntries(own), TANDEM_HTTP_PORT: port, TANDEM_OPERATOR_TOKEN: token };
  const script = join(import.meta.dirname, "../../src/cli.ts");
  return new Promise((resolve) => {
    execFile(process.execPath, [script, "phones"], { env }, (_, stdout, stderr) => resolve(stdout + stderr));
  });
}
