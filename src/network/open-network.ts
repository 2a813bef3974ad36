import type { CallCenterId } from "#base/ids.ts";
import type { Database } from "#store/database.ts";
import { callCentersOf, findCallCenter } from "./call-center-table.ts";
import type { Network } from "./network.ts";
import { countryOfNumber } from "./number.ts";
import { findPage, findPageByDigits } from "./page-table.ts";
import { chooseRoutes } from "./route-choice.ts";
import { routesOf } from "./route-table.ts";
import { findSubject, subjectsOf } from "./subject-table.ts";
import { findSubscriber } from "./subscriber-table.ts";
import { findTrunk } from "./trunk-table.ts";

/** The look-ups over this database. Moments come with the wish and draws from the call's id: nothing else is needed. */
export function openNetwork({ database }: { readonly database: Database }): Network {
  return {
    subscriber: (id) => findSubscriber(database, id),
    subject: (subscriber, subject) => findSubject(database, { subscriber, subject }),
    subjects: (subscriber) => subjectsOf(database, subscriber),
    center: (subscriber, center) => findCallCenter(database, { subscriber, center: center as CallCenterId }),
    async routes(wish) {
      const { subscriber, subject } = wish;
      if ((await findSubject(database, wish)) === undefined) return { type: "unknown-subject" };
      const country = wish.number === undefined ? undefined : countryOfNumber(wish.number);
      return chooseRoutes(
        await routesOf(database, { subscriber, subject }),
        await callCentersOf(database, subscriber),
        {
          ipAddress: wish.ipAddress,
          ...(country !== undefined && { country }),
          atMs: wish.atMs,
          seed: wish.draw,
        },
      );
    },
    trunk: (id) => findTrunk(database, id),
    page: (subscriber, page) => findPage(database, { subscriber, page }),
    pageForDigits: (subscriber, digits) => findPageByDigits(database, { subscriber, digits }),
  };
}
