import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "#base/random.ts";
import { Nonces } from "./nonces.ts";

const startMs = 1_800_000_000_000;
const address = "192.0.2.7";

test("a nonce is good for rising counts, each once", () => {
  const nonces = new Nonces(seededRandom("counts"));
  const nonce = nonces.issue(address, startMs);
  assert.equal(nonces.judge({ nonce, nc: 1, address }, startMs), "good");
  // A wrong password came with it: nothing is used up.
  assert.equal(nonces.judge({ nonce, nc: 1, address }, startMs), "good");
  nonces.spend({ nonce, nc: 1, address }, startMs);
  assert.equal(nonces.judge({ nonce, nc: 1, address }, startMs), "stale");
  assert.equal(nonces.judge({ nonce, nc: 5, address }, startMs), "good");
  nonces.spend({ nonce, nc: 5, address }, startMs);
  assert.equal(nonces.judge({ nonce, nc: 4, address }, startMs), "stale");
  assert.equal(nonces.judge({ nonce, nc: 6, address }, startMs), "good");
});

test("a nonce that is old, of the time to come, altered, or somebody else's is stale", () => {
  const nonces = new Nonces(seededRandom("stale"));
  const nonce = nonces.issue(address, startMs);
  assert.equal(nonces.judge({ nonce, nc: 1, address }, startMs + 5 * 60_000), "good");
  assert.equal(nonces.judge({ nonce, nc: 1, address }, startMs + 5 * 60_000 + 1), "stale");
  assert.equal(nonces.judge({ nonce, nc: 1, address }, startMs - 1), "stale");
  const altered = (nonce.startsWith("A") ? "B" : "A") + nonce.slice(1);
  for (const other of [
    altered,
    "",
    "x".repeat(10_000),
    new Nonces(seededRandom("other")).issue(address, startMs),
  ])
    assert.equal(nonces.judge({ nonce: other, nc: 1, address }, startMs), "stale");
});

test("a nonce is for the address that it was given to", () => {
  const nonces = new Nonces(seededRandom("address"));
  const nonce = nonces.issue(address, startMs);
  assert.equal(nonces.judge({ nonce, nc: 1, address: "192.0.2.8" }, startMs), "stale");
  assert.equal(nonces.judge({ nonce, nc: 1, address }, startMs), "good");
});

test("a nonce that was forgotten is not taken for a new one", () => {
  const nonces = new Nonces(seededRandom("forgotten"));
  const first = nonces.issue(address, startMs);
  nonces.spend({ nonce: first, nc: 1, address }, startMs);
  for (let n = 1; n <= 20_000; n++) {
    const nonce = nonces.issue(address, startMs + n);
    nonces.spend({ nonce, nc: 1, address }, startMs + n);
  }
  assert.equal(nonces.judge({ nonce: first, nc: 1, address }, startMs + 20_000), "stale");
  assert.equal(
    nonces.judge({ nonce: nonces.issue(address, startMs + 20_001), nc: 1, address }, startMs + 20_001),
    "good",
  );
});
