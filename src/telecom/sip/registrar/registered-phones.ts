import type { RegisteredPhone } from "#contract/registered-phones.ts";
import { formatHostPort } from "../message/uri.ts";
import type { Binding } from "./bindings.ts";
import type { Readiness } from "./readiness.ts";

/**
 * The `limit` least of the names behind `after`, in order, and whether there are more. SIP waits meanwhile: twenty thousand names are
 * looked at once, not sorted for each page.
 */
export function leastAfter(
  all: Iterable<string>,
  after: string | undefined,
  limit: number,
): { readonly names: readonly string[]; readonly more: boolean } {
  const least: string[] = [];
  let more = false;
  for (const name of all) {
    if (after !== undefined && name <= after) continue;
    const last = least.at(-1);
    if (least.length === limit) {
      more = true;
      if (last !== undefined && name > last) continue;
      least.pop();
    }
    least.splice(placeOf(name, least), 0, name);
  }
  return { names: least, more };
}

/** Where it belongs among names in order. */
function placeOf(name: string, names: readonly string[]): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? "") < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What the operator is told of one place: no Contact, no Call-ID, nothing that a login is proven by. */
export function registeredAt(
  { flow, userAgent, sinceMs, untilMs }: Binding,
  state: Readiness["state"] | undefined,
): RegisteredPhone["places"][number] {
  return {
    transport: flow.transport,
    address: formatHostPort(flow.remoteAddress, flow.remotePort),
    ...(userAgent === undefined ? {} : { userAgent }),
    sinceMs,
    untilMs,
    ...(state === undefined ? {} : { readiness: told[state] }),
  };
}

const told = { new: "asked", ready: "ready", unready: "not-ready" } as const;
