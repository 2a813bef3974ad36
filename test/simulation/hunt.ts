/** One world after the other, stormy and busy, until an invariant is violated. For the mutation gate; ends with 0 when one was. */
import { simulate } from "./run-world.ts";

const mostWorlds = 10;
for (let seed = 1; seed <= mostWorlds; seed++) {
  const { history } = await simulate({ seed, hours: 0.5, callsAnHour: 150, storm: 3 });
  const [first] = history.violations;
  if (first === undefined) continue;
  console.log(`${first.invariant}: ${first.what.split("\n")[0]} (seed ${seed})`);
  process.exit(0);
}
console.log("nothing was found");
process.exit(1);
