import type { Clock } from "#base/clock.ts";
import { makeDgramSockets } from "./dgram-sockets.ts";
import type { SocketsChoice } from "./engine-wire.ts";
import type { RtpSockets } from "./rtp-sockets.ts";

/**
 * Opens the sockets that were asked for.
 * @param nextTickMs when the wheel must turn next: who waits in the kernel must be back by then
 * @returns the sockets, and in one sentence why it is not the fast path, if that was wished and cannot be had
 */
export async function chooseSockets(
  choice: SocketsChoice,
  _clock: Clock,
  _nextTickMs: () => number | undefined,
): Promise<{ sockets: RtpSockets; why: string | undefined }> {
  return { sockets: makeDgramSockets(), why: choice === "koffi" ? "There is no fast path yet." : undefined };
}
