import type { Fork, OutgoingCall } from "./call-state.ts";

/**
 * A call as it goes on in another process. What the far end asked, and had no answer to when the first one died, it asks again: its
 * repetition must not be taken for a request out of order. A key that was taken is not pressed twice (`keyWasTaken`).
 */
export function resumed(call: OutgoingCall): OutgoingCall {
  const forks = Object.entries(call.forks).map(([tag, fork]) => [tag, askableAgain(fork)] as const);
  return { ...call, forks: Object.fromEntries(forks), theirs: undefined, awaitingAck: undefined };
}

function askableAgain(fork: Fork): Fork {
  const { remoteSeq } = fork.dialog;
  if (remoteSeq === undefined) return fork;
  return { ...fork, dialog: { ...fork.dialog, remoteSeq: remoteSeq - 1 } };
}
