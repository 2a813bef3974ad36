import assert from "node:assert/strict";
import { test } from "node:test";
import { checkNode, ofBrowsers, ofFastPath, ofVersion } from "./node-check.ts";

test("the Node.js that runs this test is new enough; an old one is not", async () => {
  assert.equal((await checkNode())[0]?.verdict, "ok");
  assert.equal(ofVersion("22.18.0").verdict, "ok");
  assert.equal(ofVersion("22.17.9").verdict, "wrong");
  assert.equal(ofVersion("20.20.2").verdict, "wrong");
});

test("without the fast path calls work, and a warning tells why it is not there", () => {
  assert.equal(ofFastPath(undefined).verdict, "ok");
  const without = ofFastPath("Not on riscv64.");
  assert.equal(without.verdict, "warning");
  assert.match(without.says, /Not on riscv64\./);
});

test("without the WebRTC library all but browsers can be rung, and a warning tells why", () => {
  assert.equal(ofBrowsers(undefined).verdict, "ok");
  const without = ofBrowsers("Not on riscv64.");
  assert.equal(without.verdict, "warning");
  assert.match(without.says, /Not on riscv64\./);
});
