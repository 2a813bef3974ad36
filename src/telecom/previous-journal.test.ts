import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "#base/clock.ts";
import type { PermitId } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import { temporaryFolder } from "#rig/processes.ts";
import { connectTelecomUnit } from "./client.ts";
import { openJournal } from "./journal/unit-journal.ts";
import { openEmbeddedEngine } from "./media/embedded-engine.ts";
import { openTelecomUnit } from "./unit.ts";
import { openVoiceResponse } from "./voice-response/voice-response.ts";

/**
 * What the unit of the release before (ba61d3a) left when it was killed: two legs that talk, of which one had keyed a 7, and one that rang.
 * Whoever raises a version of `row-format.ts` keeps this one, and records another beside it.
 */
const recorded = join(import.meta.dirname, "../../test/rig/previous-journal");
const recordedAs = { machineBoot: "be5776aa-f12c-4544-8925-ed802d3fdd07", sipPort: 38_290 };

test("the journal of the release before is taken up by this one's unit", { timeout: 60_000 }, async () => {
  await using parts = new AsyncDisposableStack();
  const folder = parts.use(temporaryFolder("previous-journal"));
  copyFileSync(join(recorded, "unit-journal.sealed"), join(folder.path, "unit-journal.log"));
  copyFileSync(join(recorded, "unit-journal.key"), join(folder.path, "unit-journal.key"));
  const common = { clock: systemClock, random: secureRandom, log: silentLog };
  const { machineBoot, sipPort } = recordedAs;
  const journal = openJournal({ folder: folder.path, machineBoot, ...common });
  const rows = (["leg", "call", "bridge", "termination"] as const).map((kind) => journal.found(kind).length);
  assert.deepEqual(rows, [3, 3, 1, 3]);
  assert.equal(journal.legOf("permit_2" as PermitId), "call_1.leg.2");

  const portRange = { first: 38_300, last: 38_319 };
  const mediaEngine = await openEmbeddedEngine({ portRange, log: silentLog });
  parts.defer(() => mediaEngine.close());
  const voiceResponse = await openVoiceResponse({ ...common, promptFolder: folder.path });
  parts.defer(() => voiceResponse.close());
  const socketPath = join(folder.path, "unit.sock");
  const sip = { address: "127.0.0.1", port: sipPort };
  const settings = { socketPath, sip, maxLegs: 10 };
  const running = await openTelecomUnit({ settings, journal, mediaEngine, voiceResponse, ...common });
  parts.defer(() => running.close());
  const unit = connectTelecomUnit({ socketPath, clock: systemClock, log: silentLog });
  parts.defer(() => unit.close());
  await unit.ready();
  assert.deepEqual(
    unit.legs().map(({ leg, state, bridge, digits }) => ({
      ...{ leg, state, bridge },
      keyed: digits.map(({ digit }) => digit).join(""),
    })),
    [
      { leg: "call_1.leg.0", state: "answered", bridge: "call_1.bridge", keyed: "" },
      { leg: "call_1.leg.1", state: "answered", bridge: "call_1.bridge", keyed: "7" },
      { leg: "call_1.leg.2", state: "ringing", bridge: undefined, keyed: "" },
    ],
  );
});
