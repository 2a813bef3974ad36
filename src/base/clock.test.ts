import assert from "node:assert/strict";
import { test } from "node:test";
import { steadyClock, systemClock } from "./clock.ts";

for (const [name, clock] of Object.entries({ systemClock, steadyClock })) {
  test(`when a timer of ${name} fires, its moment has come`, async () => {
    const early = await Promise.all(
      Array.from({ length: 2_000 }, (_, n) => {
        const atMs = clock.now() + 5 + (n % 40);
        return new Promise<boolean>((resolve) => {
          clock.at(atMs, () => resolve(clock.now() < atMs));
        });
      }),
    );
    assert.equal(early.filter(Boolean).length, 0);
  });

  test(`${name} tells whole milliseconds since 1970`, () => {
    assert.ok(Number.isInteger(clock.now()));
    assert.ok(clock.now() > Date.UTC(2020, 0));
  });
}

test("the steady clock goes on when the wall clock is set, either way", ({ mock }) => {
  const wallMs = Date.now();
  const before = steadyClock.now();
  for (const stepMs of [-5_000, 61_000]) {
    mock.method(Date, "now", () => wallMs + stepMs);
    const after = steadyClock.now();
    assert.ok(after >= before && after < before + 60_000);
  }
});

test("a moment that has passed comes on a later turn", async () => {
  let turn = "this";
  const fired = new Promise<string>((resolve) => {
    systemClock.at(systemClock.now() - 1_000, () => resolve(turn));
  });
  turn = "later";
  assert.equal(await fired, "later");
});

test("the wall clock is set back under a timer: it waits for its moment", ({ mock }) => {
  let nowMs = 10_000;
  mock.method(Date, "now", () => nowMs);
  mock.timers.enable({ apis: ["setTimeout"] });
  const fired: number[] = [];
  systemClock.at(10_050, () => fired.push(nowMs));
  nowMs = 9_950;
  mock.timers.tick(50);
  assert.deepEqual(fired, []);
  nowMs = 10_050;
  mock.timers.tick(100);
  assert.deepEqual(fired, [10_050]);
});

test("what was cancelled does not fire, also when it was armed again; and cancelling twice is safe", ({
  mock,
}) => {
  let nowMs = 10_000;
  mock.method(Date, "now", () => nowMs);
  mock.timers.enable({ apis: ["setTimeout"] });
  const fired: number[] = [];
  const cancel = systemClock.at(10_050, () => fired.push(nowMs));
  nowMs = 9_950;
  mock.timers.tick(50);
  cancel();
  cancel();
  nowMs = 20_000;
  mock.timers.tick(1_000);
  assert.deepEqual(fired, []);
});
