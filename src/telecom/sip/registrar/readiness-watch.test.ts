import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import type { Binding } from "./bindings.ts";
import type { ReadinessInput } from "./readiness.ts";
import { ReadinessWatch } from "./readiness-watch.ts";

function binding(remotePort: number, transport: "wss" | "udp" = "wss"): Binding {
  return {
    uri: `sip:page${remotePort}@a.invalid`,
    ...{ instance: undefined, regId: undefined, callId: "one", cseq: 1, path: [] },
    flow: {
      ...{ transport, localAddress: "192.0.2.1", localPort: 443 },
      ...{ remoteAddress: "198.51.100.7", remotePort },
    },
    untilMs: Number.MAX_SAFE_INTEGER,
  };
}

/** A watch whose pages answer as told: a status, or nothing at all. */
function world(answer: (place: Binding) => number | undefined) {
  const clock = new VirtualClock(0);
  const asked: { readonly place: Binding; readonly atMs: number }[] = [];
  const pending: ((input: ReadinessInput) => void)[] = [];
  const watch = new ReadinessWatch({
    clock,
    log: silentLog,
    ask(_phone, place, heard) {
      asked.push({ place, atMs: clock.now() });
      const status = answer(place);
      if (status === undefined) pending.push(heard);
      else heard({ type: "answered", status });
    },
  });
  return { clock, watch, asked, pending };
}

test("a page that falls silent is ready no longer after eight seconds, and is ready again when it wakes", async () => {
  let answer: number | undefined = 200;
  const { clock, watch, asked, pending } = world(() => answer);
  const page = binding(1);
  const news: boolean[] = [];
  const unwatch = watch.watch("bob", () => news.push(watch.isReady("bob", page)));
  watch.follow("bob", [page]);
  assert.deepEqual([watch.isReady("bob", page), watch.isAwaited("bob"), asked.length], [false, true, 0]);
  await clock.advance(0);
  assert.deepEqual([watch.isReady("bob", page), watch.isAwaited("bob"), asked.length], [true, false, 1]);
  await clock.advance(3_999);
  answer = undefined;
  await clock.advance(4_000);
  assert.equal(watch.isReady("bob", page), true);
  await clock.advance(1);
  assert.equal(watch.isReady("bob", page), false);
  await clock.advance(20_000);
  assert.equal(pending.length, 1, "one OPTIONS at a time");
  answer = 200;
  for (const heard of pending.splice(0)) heard({ type: "answered", status: 200 });
  assert.deepEqual(news, [true, false, true]);
  unwatch();
  watch.dispose();
  assert.equal(clock.waiting, 0);
});

test("a page with another connection is asked anew; what the old one says late counts for nothing", async () => {
  let answer: number | undefined;
  const { clock, watch, pending } = world(() => answer);
  watch.follow("bob", [binding(1)]);
  await clock.advance(0);
  const again = { ...binding(2), uri: binding(1).uri };
  watch.follow("bob", [again]);
  for (const heard of pending.splice(0)) heard({ type: "answered", status: 200 });
  assert.equal(watch.isReady("bob", again), false);
  answer = 200;
  await clock.advance(100);
  assert.equal(watch.isReady("bob", again), true);
  watch.follow("bob", [{ ...again, cseq: 2 }]);
  assert.equal(watch.isReady("bob", again), true, "refreshed");
  watch.follow("bob", []);
  await clock.advance(10_000);
  assert.equal(clock.waiting, 0, "nobody is asked");
});

test("a desk phone is never asked, and counts as ready", async () => {
  const { clock, watch, asked } = world(() => undefined);
  const desk = binding(1, "udp");
  watch.follow("bob", [desk]);
  await clock.advance(10_000);
  assert.deepEqual([watch.isReady("bob", desk), watch.isAwaited("bob"), asked.length], [true, false, 0]);
});

test("twenty thousand pages make no burst, and each has its turn", async () => {
  const { clock, watch, asked } = world(() => 200);
  const pages = Array.from({ length: 20_000 }, (_, at) => binding(at + 1));
  for (const page of pages) watch.follow(page.uri, [page]);
  await clock.advance(0);
  assert.equal(asked.splice(0).length, 20_000, "each once, for its REGISTER");
  await clock.advance(24_000);
  const inOneMoment = new Map<number, number>();
  for (const { atMs } of asked) inOneMoment.set(atMs, (inOneMoment.get(atMs) ?? 0) + 1);
  assert.equal(Math.max(...inOneMoment.values()), 100);
  assert.equal(new Set(asked.map(({ place }) => place.uri)).size, 20_000);
  // That we are slow to ask is no silence of theirs.
  assert.ok(pages.every((page) => watch.isReady(page.uri, page)));
  watch.dispose();
});
