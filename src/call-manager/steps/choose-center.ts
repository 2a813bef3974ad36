import { unreachable } from "#base/errors.ts";
import type { Route } from "#network/records.ts";
import type { StepEnd } from "../step.ts";
import type { Scope } from "../kernel/scope.ts";

/**
 * 205. (subscriber, subject) becomes the routes to a call center, in the order in which they will be tried. `begin-call.ts` has done so
 * for nearly every call; what stood in the way there is told here.
 */
export async function chooseCenter(scope: Scope): Promise<StepEnd> {
  const { call, around } = scope;
  const answer = await around.network.routes({
    subscriber: call.subscriber,
    subject: call.subject,
    atMs: scope.beganAtMs,
    // A browser has no country.
    ...(call.guest === undefined ? { number: call.visitorNumber } : {}),
    ipAddress: call.ipAddress,
    draw: call.id,
  });
  switch (answer.type) {
    case "routes":
      return chosen(answer.routes);
    case "closed":
      return { fact: "closed", over: "center-closed" };
    case "outside-region":
    case "unknown-subject":
      return { fact: answer.type, over: "not-permitted" };
    default:
      return unreachable(answer);
  }
}

export function chosen(routes: readonly Route[]): StepEnd {
  return { fact: "chosen", details: { routes: routes.map((route) => route.id) }, call: { routes } };
}
