/** The part of a hostile test that runs within the namespace, `inside.ts NAME`: one line of JSON a check, then `done`. */
import type { Check } from "../prove/checks.ts";
import { proveRegistrations } from "./registrations.ts";
import { everywhereIsHere, proveStrangersTraffic } from "./strangers.ts";

const proofs: Readonly<Record<string, () => AsyncGenerator<Check>>> = {
  strangers: proveStrangersTraffic,
  registrations: proveRegistrations,
};
const [, , name = ""] = process.argv;

await everywhereIsHere();
try {
  for await (const check of proofs[name]?.() ?? []) console.log(JSON.stringify(check));
} catch (error) {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  console.log(JSON.stringify({ name: "it came to its end", passed: false, detail }));
}
console.log("done");
