import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { asks, farEnd, hears, hearsResponse, pause, says, saysInDialog } from "#rig/sipp/far-end.ts";
import { type Sipp, startSipp } from "#rig/sipp.ts";
import { phoneAudio } from "./phone-audio.ts";

/** How the center's telephone takes its call, in ms from its answer. */
export interface CenterTimes {
  readonly poundAtMs: number;
  readonly hangUpAtMs: number;
}

/**
 * Both parties of every flow, one sipp each: they answer at once and send audio from then on. The visitors' waits for its BYE; the
 * center's keys `#` and hangs up.
 */
export async function startTelephones(
  folder: string,
  center: CenterTimes,
): Promise<{ readonly users: Sipp; readonly centers: Sipp }> {
  const usersAudio = join(folder, "user.pcap");
  const centersAudio = join(folder, "center.pcap");
  // Longer than any flow: sipp stops playing when the call ends.
  writeFileSync(usersAudio, phoneAudio({ seconds: 60 }));
  writeFileSync(centersAudio, phoneAudio({ seconds: 60, poundAtMs: center.poundAtMs }));
  const answers = [hears("INVITE"), says(180), says(200, { sdp: true, retransmitted: true }), hears("ACK")];
  const users = farEnd(...answers, plays(usersAudio), hears("BYE"), saysInDialog(200));
  const centers = farEnd(
    ...answers,
    plays(centersAudio),
    pause(center.hangUpAtMs),
    asks("BYE", { retransmitted: true }),
    hearsResponse(200),
  );
  // Calls that have ended are not waited for: nothing is lost on loopback.
  const words = ["-deadcall_wait", "0"];
  return {
    users: await startSipp({ scenario: users, words }),
    centers: await startSipp({ scenario: centers, words }),
  };
}

function plays(path: string): string {
  return `<nop><action><exec play_pcap_audio="${path}" /></action></nop>`;
}
