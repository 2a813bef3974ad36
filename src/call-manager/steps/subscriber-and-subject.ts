import type { Subject, Subscriber } from "#network/records.ts";
import { CallOver, type Scope } from "../kernel/scope.ts";

/**
 * Whom and what the call is about, as they stand now, with the policy that the call began with. Throws CallOver when the operator
 * took one of them out of the configuration: nobody is called for a subscriber who is none any more.
 */
export async function subscriberAndSubject(
  scope: Scope,
): Promise<{ readonly subscriber: Subscriber; readonly subject: Subject }> {
  const { subscriber, subject } = await lookUp(scope);
  if (subscriber === undefined || subject === undefined) throw new CallOver("not-permitted");
  return { subscriber: { ...subscriber, policy: scope.call.policy }, subject };
}

/** What last words need of them: who was taken out is not named. */
export async function namesForLastWords(scope: Scope): Promise<{
  readonly subscriber: Pick<Subscriber, "name" | "defaultLanguage" | "policy">;
  readonly subject: Pick<Subject, "name">;
}> {
  const { policy, language } = scope.call;
  const { subscriber, subject } = await lookUp(scope);
  const { name, defaultLanguage } = subscriber ?? { name: "", defaultLanguage: language };
  return { subscriber: { name, defaultLanguage, policy }, subject: subject ?? { name: {} } };
}

async function lookUp(scope: Scope): Promise<{
  readonly subscriber: Subscriber | undefined;
  readonly subject: Subject | undefined;
}> {
  const { call, around } = scope;
  return {
    subscriber: await around.network.subscriber(call.subscriber),
    subject: await around.network.subject(call.subscriber, call.subject),
  };
}
