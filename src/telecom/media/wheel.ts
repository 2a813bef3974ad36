import type { Cancel, Clock } from "#base/clock.ts";

export const frameMs = 20;

/**
 * One wheel for all terminations: a tick every 20 ms of absolute time, so that what is played neither drifts nor bunches.
 * A late tick is followed by the ones it delayed, at once, each told when it was due: what it sends belongs to that moment.
 * After a long stop (or a jump of the clock, either way) the wheel starts anew instead of sending seconds of audio in one burst.
 */
export function startWheel(clock: Clock, tick: (dueMs: number) => void): { stop(): void } {
  let nextMs = clock.now() + frameMs;
  let cancel: Cancel;
  const turn = (): void => {
    const nowMs = clock.now();
    if (Math.abs(nowMs - nextMs) > tooLateMs) nextMs = nowMs;
    while (nextMs <= nowMs) {
      const dueMs = nextMs;
      nextMs += frameMs;
      tick(dueMs);
    }
    cancel = clock.at(nextMs, turn);
  };
  cancel = clock.at(nextMs, turn);
  return { stop: () => cancel() };
}

const tooLateMs = 200;
