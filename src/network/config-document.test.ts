import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "jsonc-parser";
import { readConfig } from "./config-file.ts";
import { policyDefaults } from "./defaults.ts";

const document = readFileSync(join(import.meta.dirname, "..", "..", "docs", "configuration.md"), "utf8");
const [example = "", defaults = ""] = [...document.matchAll(/```jsonc\n(.*?)```/gs)].map(
  (block) => block[1] ?? "",
);

test("the document's example is a configuration without errors", () => {
  const environment = {
    CARRIER_PASSWORD: "pass",
    BANK_TOKEN_SECRET: "0123456789abcdef0123456789abcdef",
    BANK_SIGN_ON_PIN: "4711",
    BOBS_PASSWORD: "correct-horse-battery",
  };
  const read = readConfig(example, { environment, promptExists: () => false });
  assert.ok(!("complaints" in read), JSON.stringify(read));
  assert.equal(read.routes.length, 4);
  assert.equal(read.phones.length, 2);
});

test("the document's defaults are the code's", () => {
  assert.deepEqual(parse(defaults), policyDefaults);
});
