import type { Clock } from "#base/clock.ts";
import type { DescriptorLedger } from "./descriptor-ledger.ts";
import { makeDgramSockets } from "./dgram-sockets.ts";
import type { SocketsChoice } from "./engine-wire.ts";
import { loadKoffi } from "./koffi-module.ts";
import { makeKoffiSockets } from "./koffi-sockets.ts";
import type { RtpSockets } from "./rtp-sockets.ts";

/**
 * Opens the sockets that were asked for; where the fast path cannot be had, Node's own, and `why` in one sentence.
 * @param ledger for a thread that others outlive: they can close what it leaves
 */
export async function chooseSockets(
  choice: SocketsChoice,
  clock: Clock,
  ledger?: DescriptorLedger,
): Promise<{ sockets: RtpSockets; why: string | undefined }> {
  if (choice === "dgram") return { sockets: makeDgramSockets(), why: undefined };
  const instead = (why: string) => ({ sockets: makeDgramSockets(), why });
  if (process.platform !== "linux") return instead("The fast path is for Linux.");
  // The constants and layouts in koffi-sockets.ts are those of these two.
  if (process.arch !== "x64" && process.arch !== "arm64") return instead(`Not on ${process.arch}.`);
  const koffi = await loadKoffi();
  if (koffi === undefined)
    return instead("The optional package koffi is not installed, or has no binary here.");
  try {
    return { sockets: makeKoffiSockets(koffi, clock, ledger), why: undefined };
  } catch (error) {
    return instead(
      `The kernel's calls cannot be reached: ${error instanceof Error ? error.message : "unknown"}.`,
    );
  }
}
