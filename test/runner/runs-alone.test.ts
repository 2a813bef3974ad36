import assert from "node:assert/strict";
import test from "node:test";
import { runsAlone } from "./runs-alone.ts";
import { testFiles } from "./tree.ts";

test("a test that drives a browser, a telephone, a database or a process of ours has the machine to itself", () => {
  for (const file of [
    "src/presentation/visitor-in-chromium.test.ts",
    "src/presentation/snippet.test.ts",
    "src/store/database.test.ts",
    "src/telecom/switch/switch-with-sipp.test.ts",
    "test/conformance/sipp-transactions.test.ts",
    "test/conformance/rfc4475.test.ts",
    "test/stories/real-telephones.test.ts",
    "test/prove/demo.test.ts",
  ])
    assert.ok(testFiles().includes(file) && runsAlone(file), file);
});

test("a test that needs this process alone runs beside others, wherever it lies", () => {
  for (const file of [
    "src/network/number.test.ts",
    "src/telecom/media/embedded-engine.test.ts",
    "examples/softphones/softphone.test.ts",
    "test/crashes/web-call.test.ts",
  ])
    assert.ok(testFiles().includes(file) && !runsAlone(file), file);
});
