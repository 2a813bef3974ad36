/** The part of `strangers.test.ts` that runs within the namespace: one line of JSON a check, then `done`. */
import { everywhereIsHere, proveStrangersTraffic } from "./strangers.ts";

await everywhereIsHere();
try {
  for await (const check of proveStrangersTraffic()) console.log(JSON.stringify(check));
} catch (error) {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  console.log(JSON.stringify({ name: "it came to its end", passed: false, detail }));
}
console.log("done");
