import type { Clock } from "#base/clock.ts";
import type { LegId } from "#base/ids.ts";
import type { TelecomEvent } from "#contract/telecom.ts";
import type { TelecomUnit } from "#telecom/client.ts";

/** What the unit tells of one leg, in order, each taken once. */
export class LegEvents {
  readonly #clock: Clock;
  readonly #stop: () => void;
  readonly #told: TelecomEvent[] = [];
  #look: () => void = () => {};

  constructor({ unit, clock, leg }: { unit: TelecomUnit; clock: Clock; leg: LegId }) {
    this.#clock = clock;
    this.#stop = unit.onEvent((event) => {
      if (!("leg" in event) || event.leg !== leg) return;
      this.#told.push(event);
      this.#look();
    });
  }

  /** Rejects at `untilMs`, and when the leg ends or a command is refused before it comes. What comes before it is dropped. */
  next(wanted: (event: TelecomEvent) => boolean, untilMs: number): Promise<TelecomEvent> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.at(untilMs, () => settle(() => reject(new TookTooLong())));
      const settle = (say: () => void): void => {
        cancel();
        // What comes from now on waits for whoever asks next.
        this.#look = () => {};
        say();
      };
      this.#look = () => {
        for (let event = this.#told.shift(); event !== undefined; event = this.#told.shift()) {
          const found = event;
          if (wanted(found)) return settle(() => resolve(found));
          const why = whyOver(found);
          if (why !== undefined) return settle(() => reject(new Error(why)));
        }
      };
      this.#look();
    });
  }

  end(): void {
    this.#stop();
  }
}

export class TookTooLong extends Error {
  constructor() {
    super("the call takes too long");
  }
}

function whyOver(event: TelecomEvent): string | undefined {
  if (event.type === "leg-ended") return `the call ended: ${event.cause}`;
  return event.type === "refused" ? `the unit refuses: ${event.why}` : undefined;
}
