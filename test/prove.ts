/**
 * `npm run prove -- ROW`: proves one promise, one line a check, and ends with `N passed, N failed`.
 *
 *     npm run prove -- flow              one call from the click to the goodbye, with a real telephone on both sides
 *     npm run prove -- pairs             telephone and browser in all four pairs, with the tones that each hears measured
 *     npm run prove -- scenarios         the first run's page in Chromium, each of its scenarios done and seen
 *     npm run prove -- first-run         seconds from bin/start to the first bridged call
 *     npm run prove -- S1 [--minutes N] [--seed S]   10 calls a second for 30 minutes unless told, with 50 deaths: all that was used is given back
 *     npm run prove -- S2                1,000 hours in the simulator, and the faults planted there
 *     npm run prove -- mutations         the planted faults alone
 *     npm run prove -- C1 [--calls N]    N bridged calls (200 unless told) over the death of each process, and their proper ends (C2);
 *                                        up to 50 with ten of real telephones and browsers beside them
 *     npm run prove -- C3 [--calls N]    N calls' pages (200 unless told), and five in Chromium, are pushed over the death of each process
 *     npm run prove -- M5 [--pushes N]   N pages are pushed (100,000 unless told) over connections that break: each is shown once, or the agent hears that it is not
 *     npm run prove -- C4                one call, again and again, with the unit's death at every fifth instant that the world can see
 *     npm run prove -- C9                200 calls are begun, and the power goes in every state that the disk can be in
 *     npm run prove -- upgrade           the previous release's calls are taken up by this one, and given back
 *     npm run prove -- M3                the visitor's page behind proxies that let no event stream through, or only at times
 *     npm run prove -- K1 [--calls N]    what N bridged calls (200 unless told) take and add, beside telephones with nobody between them
 *     npm run prove -- K2                calls set up at a rate: the promise, or the highest rate that is held; some minutes
 *     npm run prove -- H1 [--dir DIR]    RFC 4475's 49 messages, read by our layers and sent to the running unit; DIR holds them as *.dat
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Check } from "./prove/checks.ts";

interface Options {
  readonly dir: string | undefined;
  readonly calls: number;
  readonly pushes: number;
  readonly minutes: number;
  readonly seed: string;
}

interface Row {
  readonly promise: string;
  prove(options: Options): AsyncIterable<Check>;
}

const corpora = resolve(import.meta.dirname, "../../shared/corpora");

const rows: Readonly<Record<string, Row>> = {
  flow: {
    promise: "From a click to a bridged call, steps 201 to 219",
    async *prove() {
      const { proveFlow } = await import("./prove/flow.ts");
      yield* proveFlow();
    },
  },
  pairs: {
    promise: "Telephone and browser, in all four pairs (P62)",
    async *prove() {
      const { provePairs } = await import("./prove/pairs.ts");
      yield* provePairs();
    },
  },
  scenarios: {
    promise: "The first run's scenarios, done on its page in Chromium",
    async *prove() {
      const { proveScenarios } = await import("./prove/scenarios.ts");
      yield* proveScenarios();
    },
  },
  "first-run": {
    promise: "bin/start, timed from the command to the first bridged call",
    async *prove() {
      const { proveFirstRun } = await import("./prove/scenarios.ts");
      yield* proveFirstRun();
    },
  },
  S1: {
    promise:
      "Half an hour of calls and deaths: memory, sockets and timers go back, and every call has its end",
    async *prove({ minutes, seed }) {
      const { proveSoak } = await import("./prove/soak.ts");
      console.log(`seed ${seed}`);
      yield* proveSoak({ minutes, seed, rate: 10 });
    },
  },
  S2: {
    promise: "1,000 simulated hours break no invariant, a seed has one history, and planted faults are found",
    async *prove() {
      const { proveSimulation, proveMutations } = await import("./prove/simulation.ts");
      yield* proveSimulation();
      yield* proveMutations();
    },
  },
  mutations: {
    promise: "Faults planted in the product are found by the simulator, within five minutes in all",
    async *prove() {
      const { proveMutations } = await import("./prove/simulation.ts");
      yield* proveMutations();
    },
  },
  C1: {
    promise: "A crash of a process drops no call, and calls still end properly",
    async *prove({ calls }) {
      const { proveCallsOutlive } = await import("./prove/calls-outlive.ts");
      yield* proveCallsOutlive(calls);
    },
  },
  C3: {
    promise: "Page push works again after a crash: the first page within two seconds, and none twice",
    async *prove({ calls }) {
      const { provePushesOutlive } = await import("./prove/pushes-outlive.ts");
      yield* provePushesOutlive(calls);
    },
  },
  M5: {
    promise: "A pushed page is shown once, or the agent hears in time that it is not",
    async *prove({ pushes }) {
      const { proveShownOnce } = await import("./prove/shown-once.ts");
      yield* proveShownOnce(pushes);
    },
  },
  C4: {
    promise: "A crash in any phase is clean: the call goes on, or both lines end and the page says so",
    async *prove() {
      const { proveAnyInstant } = await import("./prove/any-instant.ts");
      yield* proveAnyInstant();
    },
  },
  C9: {
    promise: "A power loss forgets nothing that was acknowledged",
    async *prove() {
      const { provePowerLoss } = await import("./prove/power-loss.ts");
      yield* provePowerLoss();
    },
  },
  upgrade: {
    promise: "Another version takes the calls up without notice, and gives them back",
    async *prove() {
      const { proveUpgrade } = await import("./prove/upgrade.ts");
      yield* proveUpgrade(1_000);
    },
  },
  M3: {
    promise: "Where event streams are blocked the page goes on by long polls, and loses nothing",
    async *prove() {
      const { proveStreamsBlocked } = await import("./prove/streams-blocked.ts");
      yield* proveStreamsBlocked();
    },
  },
  K1: {
    promise: "200 bridged calls in 60 % of a core, no frame lost, 10 ms added at most",
    async *prove({ calls }) {
      const { proveCapacity } = await import("./prove/capacity.ts");
      yield* proveCapacity(calls);
    },
  },
  K2: {
    promise: "50 two-leg calls a second a core are set up for a minute, none fails, 30 ms added at most",
    async *prove() {
      const { proveSetUpRate } = await import("./prove/set-up-rate.ts");
      yield* proveSetUpRate();
    },
  },
  H1: {
    promise: "RFC 4475: every torture message gets the verdict that the RFC gives it",
    async *prove({ dir = resolve(corpora, "rfc4475") }) {
      if (!existsSync(dir)) {
        yield { name: "corpus", passed: false, detail: `${dir} is not there; name it with --dir` };
        return;
      }
      const { proveRfc4475OnUnit } = await import("./conformance/rfc4475-unit.ts");
      yield* proveRfc4475OnUnit(dir);
    },
  },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dir: { type: "string" },
    calls: { type: "string", default: "200" },
    pushes: { type: "string", default: "100000" },
    minutes: { type: "string", default: "30" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const [id = ""] = positionals;
const row = rows[id];
if (row === undefined) {
  console.error(`prove: no row ${id || "was named"}. There are: ${Object.keys(rows).join(", ")}`);
  console.log("0 passed, 1 failed");
  process.exitCode = 2;
} else {
  await prove(row);
}

async function prove(row: Row): Promise<void> {
  console.log(`${id}: ${row.promise}`);
  let passed = 0;
  let failed = 0;
  try {
    const { dir, calls, pushes, minutes, seed } = values;
    const options = { dir, calls: Number(calls), pushes: Number(pushes), minutes: Number(minutes), seed };
    for await (const check of row.prove(options)) {
      if (check.passed) passed++;
      else failed++;
      console.log(
        `${check.passed ? "ok    " : "FAILED"}  ${check.name}${check.detail === "" ? "" : `  ${check.detail}`}`,
      );
    }
  } catch (error) {
    failed++;
    console.log(`FAILED  it came to no end\n${error instanceof Error ? error.stack : String(error)}`);
  }
  if (passed + failed === 0) failed = 1;
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
