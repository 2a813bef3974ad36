import { existsSync } from "node:fs";
import type { Clock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { connectTelecomUnit } from "#telecom/client.ts";
import type { Settings } from "../settings.ts";
import { getPage, localOrigin } from "./get-page.ts";

const patienceMs = 2_000;

/** Whether a unit answers on the local socket, and a web process where HTTP is served. */
export async function whoRuns(
  settings: Settings,
  clock: Clock,
): Promise<{ readonly unit: boolean; readonly web: boolean }> {
  const [unit, web] = await Promise.all([
    unitAnswers(settings.unit.socketPath, clock),
    getPage(localOrigin(settings), clock).then(({ type }) => type === "tandem"),
  ]);
  return { unit, web };
}

export async function unitAnswers(socketPath: string, clock: Clock): Promise<boolean> {
  if (!existsSync(socketPath)) return false;
  const unit = connectTelecomUnit({ socketPath, clock, log: silentLog });
  const patience = new AbortController();
  const cancel = clock.at(clock.now() + patienceMs, () => patience.abort());
  try {
    await unit.ready(patience.signal);
    return true;
  } catch {
    return false; // Whatever the reason: nobody is at home there.
  } finally {
    cancel();
    await unit.close();
  }
}
