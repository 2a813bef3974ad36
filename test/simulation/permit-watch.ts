import type { Packet } from "./datagrams.ts";
import type { History } from "./history.ts";
import type { Stored } from "./stored.ts";
import { subscribers } from "./subscribers.ts";

/**
 * I3. Looks at each first INVITE of a call at the moment at which it leaves: a permit for that subscriber and number must be in the
 * file by then, and not be over, and no call may have used it.
 */
export class PermitWatch {
  readonly #stored: Stored;
  readonly #history: History;
  readonly #seen = new Set<string>();
  readonly #used = new Set<string>();

  constructor(stored: Stored, history: History) {
    this.#stored = stored;
    this.#history = history;
  }

  sees({ says, to, callId }: Packet): void {
    const user = /^INVITE ([^@]+)@/.exec(says)?.[1];
    if (user === undefined || this.#seen.has(callId)) return;
    const subscriber = subscribers.find(({ trunk }) => trunk.address === to.address);
    if (subscriber === undefined) return;
    this.#seen.add(callId);
    const isCenter = subscriber.routes.includes(user);
    const number = isCenter ? `+1415555${user}` : user;
    const permit = this.#stored.permitsFor(number).find(({ id, subscriber: of, kind }) => {
      const fits = of === subscriber.id && kind === (isCenter ? "center" : "user");
      return fits && !this.#used.has(id);
    });
    if (permit === undefined)
      this.#history.broken("I3", [callId, number], `an INVITE to ${user} left without a permit`);
    else this.#used.add(permit.id);
  }
}
