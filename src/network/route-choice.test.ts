import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallCenterId, RouteId, SubjectId, SubscriberId, TrunkId } from "#base/ids.ts";
import fc from "fast-check";
import type { CallCenter, OpeningHours, Route } from "./records.ts";
import { chooseRoutes } from "./route-choice.ts";

const allDay = [{ from: "00:00", to: "24:00" }];
const closed: OpeningHours["weekly"] = { mon: [], tue: [], wed: [], thu: [], fri: [], sat: [], sun: [] };
const always = { mon: allDay, tue: allDay, wed: allDay, thu: allDay, fri: allDay, sat: allDay, sun: allDay };
const center = (id: string, weekly: OpeningHours["weekly"], timeZone = "UTC"): CallCenter => ({
  id: id as CallCenterId,
  subscriber: "bank" as SubscriberId,
  name: id,
  timeZone,
  hours: { weekly, holidays: [] },
});
const route = (id: string, more: Partial<Omit<Route, "trunk" | "phone">> = {}): Route => ({
  id: id as RouteId,
  subscriber: "bank" as SubscriberId,
  subject: "mortgages" as SubjectId,
  center: "day" as CallCenterId,
  trunk: "carrier" as TrunkId,
  number: "+18005550100",
  dnis: "4001",
  order: 1,
  weight: 1,
  allowedCountries: [],
  allowedAddresses: [],
  showAni: true,
  ...more,
});

const monday = Date.UTC(2026, 0, 5, 12);
const visitor = { ipAddress: "192.0.2.1", atMs: monday, seed: "call_1" };
const day = center("day", always);
const chosen = (routes: readonly Route[], seed = "call_1"): readonly string[] => {
  const answer = chooseRoutes(routes, [day], { ...visitor, seed });
  return answer.type === "routes" ? answer.routes.map(({ id }) => id) : [answer.type];
};

test("a lower order comes first, whatever the weights", () => {
  const routes = [route("second", { order: 2, weight: 1000 }), route("first"), route("third", { order: 3 })];
  assert.deepEqual(chosen(routes), ["first", "second", "third"]);
});

test("equal orders are drawn by weight: three to one is three to one", () => {
  const routes = [route("heavy", { weight: 3 }), route("light", { weight: 1 })];
  const calls = 4000;
  let heavy = 0;
  for (let call = 0; call < calls; call++) if (chosen(routes, `call_${call}`)[0] === "heavy") heavy++;
  // Seeds are fixed, so this is no matter of luck; the bound is five standard deviations.
  assert.ok(Math.abs(heavy / calls - 0.75) < 0.035, String(heavy / calls));
});

test("a call draws the same again, in whatever order the routes come, and keeps every route once", () => {
  const someRoutes = fc.uniqueArray(
    fc.record({
      id: fc.stringMatching(/^[a-z]{1,4}$/),
      order: fc.integer({ min: 1, max: 3 }),
      weight: fc.integer({ min: 1, max: 9 }),
    }),
    { selector: ({ id }) => id, minLength: 1, maxLength: 8 },
  );
  fc.assert(
    fc.property(someRoutes, fc.string(), (told, seed) => {
      const routes = told.map(({ id, ...rest }) => route(id, rest));
      const first = chosen(routes, seed);
      assert.deepEqual(chosen(routes.toReversed(), seed), first);
      assert.deepEqual([...first].sort(), routes.map(({ id }) => id as string).sort());
      const orders = first.map((id) => routes.find((one) => one.id === id)?.order ?? 0);
      assert.deepEqual(
        orders,
        [...orders].sort((x, y) => x - y),
      );
    }),
  );
});

test("a closed center's route is left out; when all are closed the earliest opening is told in its zone", () => {
  const tuesday = center("tuesday", { ...closed, tue: [{ from: "09:00", to: "17:00" }] }, "America/New_York");
  const friday = center("friday", { ...closed, fri: allDay });
  const never = center("never", closed);
  const routes = [
    route("t", { center: tuesday.id }),
    route("f", { center: friday.id }),
    route("n", { center: never.id }),
  ];
  const centers = [never, friday, tuesday, day];
  assert.deepEqual(chooseRoutes(routes, centers, visitor), {
    type: "closed",
    opensAtMs: Date.UTC(2026, 0, 6, 14),
    timeZone: "America/New_York",
  });
  assert.deepEqual(chooseRoutes([route("n", { center: never.id })], centers, visitor), {
    type: "closed",
    opensAtMs: undefined,
    timeZone: "UTC",
  });
  const open = chooseRoutes([...routes, route("d")], centers, visitor);
  assert.deepEqual(open.type === "routes" && open.routes.map(({ id }) => id), ["d"]);
});

test("a visitor whom no route takes is outside the region, also when everything is closed", () => {
  const never = center("day", closed);
  const routes = [route("us", { allowedCountries: ["US"] })];
  assert.equal(chooseRoutes(routes, [never], { ...visitor, country: "GB" }).type, "outside-region");
  assert.equal(chooseRoutes(routes, [never], { ...visitor, country: "US" }).type, "closed");
  assert.equal(chooseRoutes(routes, [day], visitor).type, "routes");
});
