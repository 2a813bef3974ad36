import ipaddr from "ipaddr.js";
import type { JSONPath } from "jsonc-parser";
import type { CallCenterId, PhoneName, RouteId, SubjectId, SubscriberId, TrunkId } from "#base/ids.ts";
import type { SubjectShape, SubscriberShape } from "../config-schema.ts";
import type { Route, Trunk } from "../records.ts";
import { numberOnTrunk } from "../trunk-number.ts";
import { phoneName } from "./read-phone.ts";
import type { Reading } from "./read-policy.ts";
import { checkCountries, checkTrunk } from "./references.ts";

/** The routes of all of a subscriber's subjects. */
export function readRoutes(
  subscriber: SubscriberId,
  told: SubscriberShape,
  trunks: ReadonlyMap<string, Trunk>,
  reading: Reading,
): readonly Route[] {
  const { complaints } = reading;
  const ids = new Set<string>();
  return Object.entries(told.subjects).flatMap(([subject, { routes }]) =>
    routes.map((route, index): Route => {
      const path: JSONPath = ["subscribers", subscriber, "subjects", subject, "routes", index];
      const id = route.id ?? `${subject}-${index + 1}`;
      if (ids.has(id)) complaints.add([...path, "id"], `${id} is another route's id already`);
      ids.add(id);
      if (!Object.hasOwn(told.centers, route.center)) {
        complaints.add([...path, "center"], `${route.center} is none of this subscriber's centers`);
      }
      checkCountries(route.allowedCountries ?? [], [...path, "allowedCountries"], reading);
      route.allowedAddresses?.forEach((range, at) => {
        if (!isCidr(range)) {
          complaints.add([...path, "allowedAddresses", at], "is no address prefix (such as 192.0.2.0/24)");
        }
      });
      return {
        id: id as RouteId,
        subscriber,
        subject: subject as SubjectId,
        center: route.center as CallCenterId,
        order: route.order ?? 1,
        weight: route.weight ?? 1,
        allowedCountries: route.allowedCountries ?? [],
        allowedAddresses: route.allowedAddresses ?? [],
        ...(route.postDialDigits !== undefined && { postDialDigits: route.postDialDigits }),
        showAni: route.showAni ?? true,
        ...readReach(subscriber, route, path, { told, trunks, reading }),
      };
    }),
  );
}

/** How the center is reached: its number over a trunk, or one of the subscriber's phones. */
function readReach(
  subscriber: SubscriberId,
  route: SubjectShape["routes"][number],
  path: JSONPath,
  around: {
    readonly told: SubscriberShape;
    readonly trunks: ReadonlyMap<string, Trunk>;
    readonly reading: Reading;
  },
): Pick<Route, "number" | "dnis"> & ({ readonly trunk: TrunkId } | { readonly phone: PhoneName }) {
  const { told, trunks, reading } = around;
  const { complaints } = reading;
  if (route.phone !== undefined) {
    if (route.number !== undefined || route.trunk !== undefined)
      complaints.add(path, "has a phone, so it needs neither number nor trunk");
    if (!Object.hasOwn(told.phones ?? {}, route.phone))
      complaints.add([...path, "phone"], `${route.phone} is none of this subscriber's phones`);
    const phone = phoneName(subscriber, route.phone);
    return { phone, number: phone, dnis: route.dnis ?? route.phone };
  }
  const { number } = route;
  if (number === undefined) complaints.add(path, "lacks number, or phone");
  if (route.trunk !== undefined) checkTrunk(route.trunk, [...path, "trunk"], trunks, reading);
  const trunk = route.trunk ?? told.trunk;
  const { numberFormat } = trunks.get(trunk) ?? { numberFormat: "e164" };
  return {
    trunk: trunk as TrunkId,
    number: number ?? "",
    // A DNIS is dialled as it stands; a number as its trunk wants numbers written.
    dnis: route.dnis ?? numberOnTrunk({ numberFormat }, number ?? ""),
  };
}

function isCidr(range: string): boolean {
  try {
    const [network] = ipaddr.parseCIDR(range);
    // `10.1/16` and octal forms are read differently by different people.
    return network.kind() === "ipv6" || ipaddr.IPv4.isValidFourPartDecimal(range.split("/")[0] ?? "");
  } catch {
    return false; // The library tells a wrong prefix by throwing.
  }
}
