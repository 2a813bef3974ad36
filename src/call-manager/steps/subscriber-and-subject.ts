import { TandemError } from "#base/errors.ts";
import type { Subject, Subscriber } from "#network/records.ts";
import type { Scope } from "../kernel/scope.ts";

/**
 * Whom and what the call is about, with the policy that the call began with. Throws BUG when the operator took them away under
 * a live call: the runner then says goodbye.
 */
export async function subscriberAndSubject(
  scope: Scope,
): Promise<{ readonly subscriber: Subscriber; readonly subject: Subject }> {
  const { call, around } = scope;
  const subscriber = await around.network.subscriber(call.subscriber);
  const subject = await around.network.subject(call.subscriber, call.subject);
  if (subscriber === undefined || subject === undefined)
    throw new TandemError("BUG", { missing: "subscriber or subject", subscriber: call.subscriber });
  return { subscriber: { ...subscriber, policy: call.policy }, subject };
}
