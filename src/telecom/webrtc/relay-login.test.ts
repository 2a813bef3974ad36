import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { installed } from "#rig/processes.ts";
import { relayLogin } from "./relay-login.ts";

test("a login names its last second, and its password is what openssl makes of it", (t) => {
  const { username, password } = relayLogin("a shared secret", { user: "leg-7", untilMs: 1_700_000_000_001 });
  assert.equal(username, "1700000001:leg-7");
  if (!installed("openssl")) return t.skip("no openssl");
  const words = ["dgst", "-sha1", "-hmac", "a shared secret", "-binary"];
  assert.equal(password, execFileSync("openssl", words, { input: username }).toString("base64"));
});
