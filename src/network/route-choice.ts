import { seededRandom } from "#base/random.ts";
import { isOpen, opensAtMs } from "./availability.ts";
import type { RouteAnswer } from "./network.ts";
import type { CallCenter, Route } from "./records.ts";
import { takesCallsFrom, type Whereabouts } from "./region.ts";

/**
 * 203, 205. Of a subject's routes, those that take this visitor's call now, in the order to try them: lower order first,
 * equal orders drawn by weight. The draw depends on `seed` alone, so a call that is run again after a crash tries the same.
 */
export function chooseRoutes(
  routes: readonly Route[],
  centers: readonly CallCenter[],
  visitor: Whereabouts & { readonly atMs: number; readonly seed: string },
): RouteAnswer {
  const reachable = routes.filter((route) => takesCallsFrom(route, visitor));
  if (reachable.length === 0 && routes.length > 0) return { type: "outside-region" };

  const centerOf = new Map(centers.map((center) => [center.id, center]));
  const open = reachable.filter((route) => {
    const center = centerOf.get(route.center);
    return center !== undefined && isOpen(center.hours, center.timeZone, visitor.atMs);
  });
  if (open.length > 0) return { type: "routes", routes: inOrder(open, visitor.seed) };

  return whenOpen(
    reachable.flatMap((route) => centerOf.get(route.center) ?? []),
    visitor.atMs,
  );
}

/** The earliest of the centers' next openings, told in that center's zone. */
function whenOpen(centers: readonly CallCenter[], atMs: number): RouteAnswer {
  const openings = [...new Set(centers)].map((center) => ({
    timeZone: center.timeZone,
    opensAtMs: opensAtMs(center.hours, center.timeZone, atMs),
  }));
  const first = openings.sort((x, y) => (x.opensAtMs ?? Infinity) - (y.opensAtMs ?? Infinity))[0];
  return { type: "closed", opensAtMs: first?.opensAtMs, timeZone: first?.timeZone ?? "UTC" };
}

// As RFC 2782 draws among SRV records of one priority: without putting back, each by its share of what is left.
function inOrder(routes: readonly Route[], seed: string): readonly Route[] {
  const random = seededRandom(`routes:${seed}`);
  const left = [...routes].sort((x, y) => x.order - y.order || (x.id < y.id ? -1 : 1));
  const chosen: Route[] = [];
  for (let next = left[0]; next !== undefined; next = left[0]) {
    const order = next.order;
    const equals = left.filter((route) => route.order === order);
    let drawn = random.integer(equals.reduce((sum, route) => sum + route.weight, 0));
    const winner = equals.find((route) => (drawn -= route.weight) < 0) ?? next;
    chosen.push(winner);
    left.splice(left.indexOf(winner), 1);
  }
  return chosen;
}
