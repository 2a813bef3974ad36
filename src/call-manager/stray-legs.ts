import type { CallId } from "#base/ids.ts";
import type { Database } from "#store/database.ts";
import type { TelecomUnit } from "#telecom/client.ts";
import { callOfLeg } from "./call.ts";
import { isLive } from "./call-table.ts";

/**
 * A leg without a live call is nobody's: its call has ended, and the unit is told now or, after a crash, again. A live call that
 * does not run here is another process's affair, or about to begin.
 */
export async function endStrayLegs(
  runs: (call: CallId) => boolean,
  around: { readonly unit: TelecomUnit; readonly database: Database },
): Promise<void> {
  const { unit, database } = around;
  for (const { leg } of unit.legs()) {
    const id = callOfLeg(leg);
    if (runs(id) || (await isLive(database, id))) continue;
    const line = unit.leg(leg);
    // Looked for twice at once: the other one has had it forgotten meanwhile.
    if (line === undefined) continue;
    unit.send(line.state === "ended" ? { type: "forget", leg } : { type: "hang-up", leg, reason: "normal" });
  }
}
