/**
 * `npm run simulate -- --seed N --hours H [--calls 40] [--all]`: one world of that seed. Prints what went wrong and what it came to, every violation with the
 * history around it, and the hash of the history; ends with 1 when an invariant was violated.
 */
import { parseArgs } from "node:util";
import { simulate } from "./run-world.ts";
import { tell } from "./tell.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    hours: { type: "string", default: "10" },
    /** An hour, on average. */
    calls: { type: "string", default: "40" },
    /** Of every line of the history. */
    all: { type: "boolean", default: false },
  },
});

const outcome = await simulate({
  seed: Number(values.seed),
  hours: Number(values.hours),
  callsAnHour: Number(values.calls),
});
console.log(tell(outcome, { all: values.all }));
process.exitCode = outcome.history.violations.length === 0 ? 0 : 1;
