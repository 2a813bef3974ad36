import assert from "node:assert/strict";
import { once } from "node:events";
import { utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { linesOf, patientIn } from "#rig/patient.ts";
import { temporaryFolder } from "#rig/processes.ts";
import { checkClock, ofClock } from "./clock-check.ts";

async function webServerWhoseClockIs(aheadMs: number): Promise<{ url: string } & Disposable> {
  const server = createServer((_request, response) => {
    response.setHeader("date", new Date(Date.now() + aheadMs).toUTCString());
    response.end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
    [Symbol.dispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

for (const [what, aheadMs, line] of [
  ["the same", 0, /^ok: It runs steadily, as the web server's/],
  ["20 s ahead", 20_000, /^warning: It is (19|20|21) s behind the clock of the web server/],
  ["an hour behind", -3_600_000, /^wrong: It is 36\d\d s ahead of the clock of the web server/],
] as const) {
  test(`a web server whose clock is ${what}`, async () => {
    using folder = temporaryFolder("doctor");
    using server = await webServerWhoseClockIs(aheadMs);
    const found = linesOf(await checkClock(patientIn(folder.path, { TANDEM_PUBLIC_URL: server.url })));
    assert.match(found[0] ?? "", line);
  });
}

test("a file from tomorrow is a warning that names it", async () => {
  using folder = temporaryFolder("doctor");
  const file = join(folder.path, "tandem.sqlite");
  writeFileSync(file, "");
  const patient = patientIn(folder.path);
  assert.match(linesOf(await checkClock(patient))[0] ?? "", /^ok: .*nothing to compare it with/);
  const tomorrow = Date.now() / 1000 + 86_400;
  utimesSync(file, tomorrow, tomorrow);
  assert.match(linesOf(await checkClock(patient))[0] ?? "", /^warning: .*from the future: tandem\.sqlite\.$/);
});

test("a clock that was set while the doctor looked", () => {
  const [found] = ofClock({ aheadMs: undefined, steppedByMs: -2_000, fromTheFuture: [] });
  assert.match(found?.says ?? "", /^It was set by -2000 ms/);
});
