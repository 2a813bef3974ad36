import { createHash } from "node:crypto";
import type { Cancel, Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import { type Command, mostPhones } from "#contract/telecom.ts";
import type { Network } from "#network/network.ts";
import type { Phone } from "#network/records.ts";
import type { TelecomUnit } from "#telecom/client.ts";

/** A database that does not answer is asked again: without this no phone can register. */
const againMs = 1_000;

/**
 * Tells the unit which phones may register, whenever it has been reached: a unit that was started anew knows none, and one that
 * lived on may be told another set by a web process that has loaded another configuration. The same set again changes nothing.
 */
export function admitPhones(around: {
  readonly network: Network;
  readonly unit: TelecomUnit;
  readonly clock: Clock;
  readonly log: Log;
}): { close(): void } {
  const { network, unit, clock, log } = around;
  let closed = false;
  let cancelAgain: Cancel = () => {};

  const say = async (): Promise<void> => {
    cancelAgain();
    try {
      const commands = commandsFor(await network.phones());
      if (closed || !unit.connected) return;
      for (const command of commands) unit.send(command);
    } catch (error) {
      if (closed) return;
      log.error({ error }, "The unit could not be told which phones may register.");
      cancelAgain = clock.at(clock.now() + againMs, () => void say());
    }
  };

  const unsubscribe = unit.onEvent((event) => {
    if (event.type === "snapshot") void say();
  });
  if (unit.connected) void say();
  return {
    close() {
      closed = true;
      unsubscribe();
      cancelAgain();
    },
  };
}

/** The whole set, in as many parts as the wire asks for; one when there is nobody. Its name is its content's. */
export function commandsFor(phones: readonly Phone[]): readonly Extract<Command, { type: "admit-phones" }>[] {
  const admitted = phones.map(({ name, digest }) => ({ phone: name, digest: { ...digest } }));
  const edition = createHash("sha256").update(JSON.stringify(admitted)).digest("hex");
  const parts = Math.max(1, Math.ceil(admitted.length / mostPhones.inPart));
  return Array.from({ length: parts }, (_, at) => ({
    type: "admit-phones",
    edition,
    part: at + 1,
    parts,
    phones: admitted.slice(at * mostPhones.inPart, (at + 1) * mostPhones.inPart),
  }));
}
