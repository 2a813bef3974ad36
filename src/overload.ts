import type { Cancel, Clock } from "#base/clock.ts";
import type { LoopLag } from "#base/event-loop-lag.ts";
import type { Log } from "#base/log.ts";
import type { UnitFigures } from "#contract/telecom.ts";

/** Beyond these no new call is taken. Calls in progress, their pages and their pushes never ask. */
export interface OverloadLimits {
  readonly calls: number;
  /** An event loop whose mean lag is above this, in two looks in a row, has more to do than it can. */
  readonly lagMs: number;
  /** RTP port pairs that are kept for the further legs of calls in progress. */
  readonly sparePortPairs: number;
}

export const overloadReasons = ["calls", "web-lag", "unit-lag", "media-lag", "ports"] as const;
export type OverloadReason = (typeof overloadReasons)[number];

export interface OverloadAround {
  readonly limits: OverloadLimits;
  readonly webLag: () => LoopLag;
  readonly unit: { figures(): Promise<UnitFigures | undefined> };
  /** A steady one. */
  readonly clock: Clock;
  readonly log: Log;
}

/** As long as the lag's own window: two looks see two windows. */
const lookEveryMs = 5_000;

/** Whether one more call may be taken. It looks every five seconds, so that asking it costs nothing. */
export class Overload {
  readonly #around: OverloadAround;
  #late: readonly OverloadReason[] = [];
  #reasons: readonly OverloadReason[] = [];
  #cancelLook: Cancel = () => {};
  #closed = false;

  constructor(around: OverloadAround) {
    this.#around = around;
    this.#lookLater();
  }

  /** Undefined when one more call may be taken beside those in progress. */
  reason(callsInProgress: number): OverloadReason | undefined {
    return callsInProgress >= this.#around.limits.calls ? "calls" : this.#reasons[0];
  }

  close(): void {
    this.#closed = true;
    this.#cancelLook();
  }

  #lookLater(): void {
    const { clock, log } = this.#around;
    this.#cancelLook = clock.at(clock.now() + lookEveryMs, () => {
      this.#look()
        .catch((error: unknown) =>
          log.error({ error }, "Nobody could see whether the platform is overloaded."),
        )
        .finally(() => {
          if (!this.#closed) this.#lookLater();
        });
    });
  }

  async #look(): Promise<void> {
    const { limits, webLag, unit, log } = this.#around;
    // A unit that is away is no overload: wishes are refused for its own reason.
    const figures = await unit.figures();
    const lags = { "web-lag": webLag(), "unit-lag": figures?.mainLag, "media-lag": figures?.mediaLag };
    const late = overloadReasons.filter((reason) => {
      const lag = reason === "calls" || reason === "ports" ? undefined : lags[reason];
      return lag !== undefined && lag.meanMs > limits.lagMs;
    });
    const lateStill = late.filter((reason) => this.#late.includes(reason));
    this.#late = late;
    const { used, all } = figures?.portPairs ?? { used: 0, all: Number.POSITIVE_INFINITY };
    const before = this.#reasons;
    this.#reasons = all - used < limits.sparePortPairs ? [...lateStill, "ports"] : lateStill;
    if (this.#reasons.length > 0 && before.length === 0)
      log.warn(
        { reasons: this.#reasons, figures },
        "No new calls are taken: the platform has all that it can do.",
      );
    if (this.#reasons.length === 0 && before.length > 0) log.warn({}, "New calls are taken again.");
  }
}
