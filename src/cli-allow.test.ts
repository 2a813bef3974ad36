import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "#base/clock.ts";
import type { SubscriberId } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { loadConfigFile } from "#network/config-file.ts";
import { refuseCalls } from "#network/dial-permit.ts";
import { startPeer, temporaryFolder } from "#rig/processes.ts";
import { openDatabase } from "#store/database.ts";

const root = join(import.meta.dirname, "..");

const config = `{
  "trunks": { "pbx": { "host": "127.0.0.1" } },
  "subscribers": {
    "mill": {
      "name": "The Mill", "country": "US", "trunk": "pbx", "privateNumbers": "2xx",
      "centers": { "desk": { "name": "Desk", "timeZone": "UTC", "hours": "always" } },
      "subjects": { "flour": { "name": "Flour", "routes": [{ "center": "desk", "number": "200" }] } },
    },
  },
}`;

test("tandem allow takes a refusal back, of a person's number and of a private one, and says what it did", async () => {
  using folder = temporaryFolder("allow");
  const path = join(folder.path, "tandem.config.jsonc");
  writeFileSync(path, config);
  const url = `sqlite:${join(folder.path, "tandem.sqlite")}`;
  const database = await openDatabase({ url, clock: systemClock, log: silentLog });
  await loadConfigFile({ path, database, log: silentLog });
  await database.transaction(async (tx) => {
    for (const number of ["+14155552671", "+14155552672"]) await refuseCalls(tx, number, 1);
    await refuseCalls(tx, "234", 1, "mill" as SubscriberId);
  });
  await database.close();

  const allow = (...words: readonly string[]) => tandem(folder.path, "allow", ...words);
  const mill = ["--subscriber", "mill"];
  assert.deepEqual(await allow("+1 415 555 2671"), [0, "+14155552671 may be called again.\n"]);
  assert.deepEqual(await allow("+14155552671"), [1, "+14155552671 has not refused calls.\n"]);
  assert.deepEqual(await allow("(415) 555-2672", ...mill), [0, "+14155552672 may be called again.\n"]);
  assert.deepEqual(await allow("234", ...mill), [0, "234 may be called again.\n"]);
  assert.deepEqual(await allow("345", ...mill), [1, "345 is no number as mill would read it.\n"]);
  assert.deepEqual(await allow("234", "--subscriber", "shop"), [1, "There is no subscriber shop.\n"]);
  const [code, output] = await allow("(415) 555-2672");
  assert.equal(code, 1);
  assert.match(output, /is no international number such as \+14155550100; with --subscriber/);
  for (const words of [[], ["+14155552671", "mill"]]) assert.equal((await allow(...words))[0], 2);
});

async function tandem(
  data: string,
  ...words: readonly string[]
): Promise<readonly [number | string, string]> {
  const environment = { TANDEM_DATA: data, TANDEM_DEVELOPMENT: "true" };
  await using peer = await startPeer({ program: join(root, "bin/tandem"), words, folder: root, environment });
  return [await peer.ended, peer.output()];
}
