import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { silentLog } from "#base/log.ts";
import { type LineAudio, restored } from "./line-audio.ts";
import { SegmentCache } from "./segment-cache.ts";

const sound = (samples: number): LineAudio => restored(new Uint8Array(samples).fill(7));

test("two who ask at once wait for one making, and a third finds it", async () => {
  const cache = new SegmentCache({ bytes: 10_000, folder: undefined, log: silentLog });
  let made = 0;
  const make = async (): Promise<LineAudio> => {
    made += 1;
    return sound(10);
  };
  const both = await Promise.all([cache.sound("hello", make), cache.sound("hello", make)]);
  assert.equal(await cache.sound("hello", make), both[0]);
  assert.equal(made, 1);
});

test("the least recently heard goes first, and the bytes stay within the bound", async () => {
  const cache = new SegmentCache({ bytes: 1000, folder: undefined, log: silentLog });
  const made: string[] = [];
  const ask = (key: string): Promise<LineAudio> =>
    cache.sound(key, async () => {
      made.push(key);
      return sound(200);
    });
  for (const key of ["one", "two", "three", "four", "five", "one", "six"]) await ask(key);
  assert.ok(cache.heldBytes <= 1000);
  await ask("one");
  await ask("two");
  assert.deepEqual(made, ["one", "two", "three", "four", "five", "six", "two"]);
});

test("a making that failed is tried again", async () => {
  const cache = new SegmentCache({ bytes: 1000, folder: undefined, log: silentLog });
  await assert.rejects(cache.sound("hello", () => Promise.reject(new Error("no voice"))));
  assert.equal((await cache.sound("hello", async () => sound(3))).length, 3);
});

test("a folder keeps sounds for the next start, and no more than the bound", async () => {
  const folder = await mkdtemp(join(tmpdir(), "segment-cache-"));
  try {
    const first = new SegmentCache({ bytes: 1000, folder, log: silentLog });
    await first.prepareFolder();
    for (const key of ["one", "two", "three", "four", "five", "six"])
      await first.sound(key, async () => sound(200));
    assert.equal((await readdir(folder)).length, 5);
    const second = new SegmentCache({ bytes: 1000, folder, log: silentLog });
    await second.prepareFolder();
    const never = (): Promise<LineAudio> => Promise.reject(new Error("made again"));
    assert.deepEqual(await second.sound("one", never), sound(200));
    const smaller = new SegmentCache({ bytes: 300, folder, log: silentLog });
    await smaller.prepareFolder();
    assert.equal((await readdir(folder)).length, 1);
  } finally {
    await rm(folder, { recursive: true });
  }
});
