import type { Clock } from "#base/clock.ts";
import type { CallCenterId, SubjectId, SubscriberId } from "#base/ids.ts";
import type { Database } from "#store/database.ts";
import { callCentersOf, findCallCenter } from "./call-center-table.ts";
import type { Network } from "./network.ts";
import { countryOfNumber } from "./number.ts";
import { findPage, findPageByDigits } from "./page-table.ts";
import { allPhones, findPhone } from "./phone-table.ts";
import { RecentLookUps } from "./recent-look-ups.ts";
import { chooseRoutes } from "./route-choice.ts";
import { routesOf } from "./route-table.ts";
import { findSubject, subjectsOf } from "./subject-table.ts";
import { findSubscriber } from "./subscriber-table.ts";
import { findTrunk } from "./trunk-table.ts";

/** The look-ups over this database. Moments come with the wish and draws from the call's id; the clock says what is still fresh. */
export function openNetwork({
  database,
  clock,
}: {
  readonly database: Database;
  readonly clock: Clock;
}): Network {
  const recent = new RecentLookUps(clock);
  const subject = (key: { readonly subscriber: SubscriberId; readonly subject: SubjectId }) =>
    recent.find(`subject ${key.subscriber} ${key.subject}`, () => findSubject(database, key));
  return {
    subscriber: (id) => recent.find(`subscriber ${id}`, () => findSubscriber(database, id)),
    subject: (subscriber, id) => subject({ subscriber, subject: id }),
    subjects: (subscriber) => subjectsOf(database, subscriber),
    center: (subscriber, center) => findCallCenter(database, { subscriber, center: center as CallCenterId }),
    async routes(wish) {
      if ((await subject(wish)) === undefined) return { type: "unknown-subject" };
      const country = wish.number === undefined ? undefined : countryOfNumber(wish.number);
      const routes = await recent.find(`routes ${wish.subscriber} ${wish.subject}`, () =>
        routesOf(database, wish),
      );
      const centers = await recent.find(`centers ${wish.subscriber}`, () =>
        callCentersOf(database, wish.subscriber),
      );
      return chooseRoutes(routes ?? [], centers ?? [], {
        ipAddress: wish.ipAddress,
        ...(country !== undefined && { country }),
        atMs: wish.atMs,
        seed: wish.draw,
      });
    },
    trunk: (id) => recent.find(`trunk ${id}`, () => findTrunk(database, id)),
    phone: (name) => recent.find(`phone ${name}`, () => findPhone(database, name)),
    phones: () => allPhones(database),
    page: (subscriber, page) => findPage(database, { subscriber, page }),
    pageForDigits: (subscriber, digits) => findPageByDigits(database, { subscriber, digits }),
  };
}
