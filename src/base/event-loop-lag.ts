import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Clock } from "./clock.ts";

/** How late the event loop of one thread was, over the last five to ten seconds. */
export interface LoopLag {
  readonly meanMs: number;
  readonly p99Ms: number;
  readonly longestMs: number;
}

/** Samples are taken so often, without any of our code: what a sample says is this and the lag. */
const resolutionMs = 20;
const windowMs = 5_000;
const youngMs = 1_000;
const none: LoopLag = { meanMs: 0, p99Ms: 0, longestMs: 0 };

/** Watches the thread that it is called in; whoever reads seldom reads of a longer while. `clock` is a steady one. */
export function watchLoopLag(clock: Pick<Clock, "now">): { read(): LoopLag; close(): void } {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  let before = none;
  let sinceMs = clock.now();
  return {
    read() {
      const now: LoopLag =
        delays.count === 0
          ? none
          : { meanMs: lag(delays.mean), p99Ms: lag(delays.percentile(99)), longestMs: lag(delays.max) };
      // The mean of a window that has just begun says nothing yet.
      const isYoung = delays.count === 0 || clock.now() < sinceMs + youngMs;
      const both = {
        meanMs: isYoung ? before.meanMs : now.meanMs,
        p99Ms: Math.max(now.p99Ms, before.p99Ms),
        longestMs: Math.max(now.longestMs, before.longestMs),
      };
      if (clock.now() >= sinceMs + windowMs) {
        before = now;
        sinceMs = clock.now();
        delays.reset();
      }
      return both;
    },
    close: () => void delays.disable(),
  };
}

function lag(delayNs: number): number {
  return Math.max(0, Math.round(delayNs / 1e4) / 100 - resolutionMs);
}
