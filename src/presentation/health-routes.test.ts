import assert from "node:assert/strict";
import test from "node:test";
import { presentationWithoutSocket } from "#rig/open-test-presentation.ts";
import { VirtualCallManager } from "#rig/virtual-call-manager.ts";
import type { ReadinessAnswer } from "./health-routes.ts";

const well: ReadinessAnswer = {
  ready: true,
  database: "ok",
  unit: "ok",
  configuration: "ok",
  calls: "placed",
};

test("who can serve says 200, who cannot 503 and when to ask again; no cache keeps either", async () => {
  let answer = well;
  await using scene = await presentationWithoutSocket({}, new VirtualCallManager(), async () => answer);
  const ready = await scene.app.inject("/readyz");
  assert.deepEqual([ready.statusCode, ready.json()], [200, well]);
  answer = { ...well, ready: false, unit: "unreachable" };
  const not = await scene.app.inject("/readyz");
  assert.deepEqual([not.statusCode, not.json()], [503, answer]);
  assert.equal(not.headers["retry-after"], "5");
  for (const url of ["/livez", "/healthz"]) {
    const alive = await scene.app.inject(url);
    assert.deepEqual([alive.statusCode, alive.json()], [200, { status: "ok" }], "alive, though not ready");
    assert.equal(alive.headers["cache-control"], "no-store");
  }
  assert.equal(not.headers["cache-control"], "no-store");
  assert.equal(not.headers["set-cookie"], undefined);
});

test("who asks too often is told so as a program is", async () => {
  await using scene = await presentationWithoutSocket({ limits: { pagesPerMinute: 1 } });
  assert.equal((await scene.app.inject("/livez")).statusCode, 200);
  const tooOften = await scene.app.inject("/readyz");
  assert.equal(tooOften.statusCode, 429);
  assert.match(String(tooOften.headers["content-type"]), /^application\/problem\+json/);
  assert.ok(Number(tooOften.headers["retry-after"]) > 0);
});
