import type { Cancel, Clock } from "#base/clock.ts";
import type { Timing } from "./timing.ts";

/**
 * Repeats a 2xx to INVITE until its ACK comes, RFC 3261 13.3.1.4: at T1, doubling up to T2. This is the user agent's work
 * and not the transaction's, and goes on whatever the transport, since a later hop may be UDP. Returns the end of it.
 */
export function repeatAccept(clock: Clock, timing: Timing, send: () => void): Cancel {
  let intervalMs = timing.t1Ms;
  const arm = (): Cancel =>
    clock.at(clock.now() + intervalMs, () => {
      intervalMs = Math.min(2 * intervalMs, timing.t2Ms);
      cancel = arm();
      send();
    });
  let cancel = arm();
  return () => cancel();
}
