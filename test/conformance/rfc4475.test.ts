import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { proveRfc4475OnUnit } from "./rfc4475-unit.ts";
import { proveRfc4475 } from "./rfc4475.ts";

const dir = resolve(import.meta.dirname, "../../../shared/corpora/rfc4475");

test("every message of RFC 4475 means what the RFC says, and is answered so over UDP and TCP", async (t) => {
  if (!existsSync(dir)) return t.skip("no ../shared");
  let messages = 0;
  for await (const { name, passed, detail } of proveRfc4475(dir)) {
    messages++;
    await t.test(name, () => assert.ok(passed, detail));
  }
  assert.equal(messages, 49);
});

test("the running unit answers every message of RFC 4475 so, too", async (t) => {
  if (!existsSync(dir)) return t.skip("no ../shared");
  let messages = 0;
  for await (const { name, passed, detail } of proveRfc4475OnUnit(dir)) {
    messages++;
    assert.ok(passed, `${name}: ${detail}`);
  }
  assert.equal(messages, 49);
});
