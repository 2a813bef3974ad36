import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { openLossRelay } from "./loss-relay.ts";
import { freePort } from "./ports.ts";

/** Says every word once, one after the other; gives those that arrived, and what the relay counted. */
async function said(words: readonly string[], wish: { seed: string; percent: number }) {
  const heard: string[] = [];
  const far = createSocket("udp4").on("message", (datagram) => void heard.push(datagram.toString()));
  far.bind(0, "127.0.0.1");
  await once(far, "listening");
  const port = await freePort();
  const nameOf = String;
  const relay = await openLossRelay({ port, toPort: far.address().port, nameOf, ...wish });
  const near = createSocket("udp4");
  try {
    for (const [index, word] of words.entries()) {
      near.send(word, port, "127.0.0.1");
      while (relay.lost.length + relay.passed <= index) await new Promise(setImmediate);
    }
    while (heard.length < relay.passed) await new Promise(setImmediate);
    return { heard, lost: relay.lost };
  } finally {
    near.close();
    far.close();
    await relay[Symbol.asyncDispose]();
  }
}

const thousand = Array.from({ length: 1000 }, (_, index) => `word ${index}`);

test("about as many are lost as were asked for, and the same ones by the same seed", async () => {
  const first = await said(thousand, { seed: "one", percent: 10 });
  assert.ok(first.lost.length > 60 && first.lost.length < 140, `${first.lost.length} of 1000`);
  assert.deepEqual(await said(thousand, { seed: "one", percent: 10 }), first);
  assert.notDeepEqual(await said(thousand, { seed: "two", percent: 10 }), first);
});

test("what else comes does not move what is lost", async () => {
  const { lost } = await said(thousand, { seed: "one", percent: 10 });
  const otherwise = thousand.toReversed().flatMap((word) => [word, `an answer to ${word}`]);
  const { lost: lostOtherwise } = await said(otherwise, { seed: "one", percent: 10 });
  assert.deepEqual(new Set(lostOtherwise.filter((word) => word.startsWith("word"))), new Set(lost));
});

test("nothing is lost for ever", async () => {
  const { heard, lost } = await said(["again", "again", "again", "again", "again"], {
    seed: "one",
    percent: 100,
  });
  assert.deepEqual(lost, ["again", "again", "again"]);
  assert.deepEqual(heard, ["again", "again"]);
});
