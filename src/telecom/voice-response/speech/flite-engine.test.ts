import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { VirtualClock } from "#base/clock.ts";
import { FliteEngine } from "./flite-engine.ts";

/** An engine that has spoken its first word, its clock, and how many workers were started since the test began. */
async function warmEngine(t: TestContext) {
  let workers = 0;
  const count = (): void => void (workers += 1);
  process.on("worker", count);
  const clock = new VirtualClock();
  const engine = new FliteEngine(clock);
  t.after(async () => {
    await engine.close();
    process.off("worker", count);
    assert.equal(clock.waiting, 0, "a timer is left");
  });
  await engine.warmUp();
  return { engine, clock, workers: () => workers };
}

const hello = { text: "Hello there, customer.", language: "en" } as const;
const story = { text: "A long story that is told slowly. ".repeat(5), language: "en", speed: 0.5 } as const;
const wanted = (): AbortSignal => new AbortController().signal;

test("a job that is given up ends for who asked, and the next one is spoken by the same worker", async (t) => {
  const { engine, workers } = await warmEngine(t);
  for (let n = 0; n < 3; n += 1) {
    const hangUp = new AbortController();
    const unheard = engine.synthesize(story, hangUp.signal);
    const waiting = engine.synthesize(story, hangUp.signal);
    hangUp.abort(new Error("hung up"));
    await assert.rejects(unheard, /hung up/);
    await assert.rejects(waiting, /hung up/);
    assert.ok((await engine.synthesize(hello, wanted())).length > 0);
  }
  assert.equal(workers(), 1);
});

test("a job that takes too long ends the worker, given up or not, and those that wait get another", async (t) => {
  const { engine, clock, workers } = await warmEngine(t);
  for (const givenUp of [false, true]) {
    const hangUp = new AbortController();
    const endless = engine.synthesize(story, hangUp.signal);
    const next = engine.synthesize(hello, wanted());
    if (givenUp) hangUp.abort(new Error("hung up"));
    const ended = assert.rejects(endless);
    await clock.advance(2_300);
    await ended;
    assert.ok((await next).length > 0);
  }
  assert.equal(workers(), 3);
});
