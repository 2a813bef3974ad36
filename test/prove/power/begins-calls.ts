/** Begins so many calls in a database file, and says each once it may be told to a visitor: `acknowledged CALL PERMIT`. For C9, under strace. */
import { writeSync } from "node:fs";
import { systemClock } from "#base/clock.ts";
import type { SessionId } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import { beginCall } from "#call-manager/begin-call.ts";
import { storyBank } from "#rig/story-bank.ts";
import { openDatabase } from "#store/database.ts";

const [file = "", calls = "0"] = process.argv.slice(2);
const parts = { clock: systemClock, random: secureRandom, log: silentLog };
const database = await openDatabase({ url: `sqlite:${file}`, ...parts });
const { network, subscriber, subject } = storyBank();

for (let at = 0; at < Number(calls); at += 1) {
  const { answer } = await beginCall(
    {
      session: `session-${at}` as SessionId,
      ticket: `ticket-${at}`,
      context: { version: 1, subscriber: subscriber.id, subject: subject.id, verified: {}, unverified: {} },
      phone: `+1415555${String(2000 + at)}`,
      phoneSigned: true,
      ipAddress: `192.0.2.${at % 250}`,
      language: "en",
    },
    {
      ...{ ...parts, database, network },
      secretKeys: [new Uint8Array(32)],
      reachUnit: async () => "boot",
    },
  );
  if (answer.type !== "begun") throw new Error(`no call began: ${JSON.stringify(answer)}`);
  // One system call, in its place among those of the database.
  writeSync(1, `acknowledged ${answer.call}\n`);
}
// Whoever is killed closes nothing, and neither does this: the last checkpoint is none of the trace's.
process.exit(0);
