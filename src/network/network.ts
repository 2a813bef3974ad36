import type { CallCenterId, CallId, PageId, SubjectId, SubscriberId, TrunkId } from "#base/ids.ts";
import type { Database } from "#store/database.ts";
import { callCentersOf, findCallCenter } from "./call-center-table.ts";
import { countryOfNumber } from "./number.ts";
import { findPage, findPageByDigits } from "./page-table.ts";
import type { CallCenter, LibraryPage, Route, Subject, Subscriber, Trunk } from "./records.ts";
import { chooseRoutes } from "./route-choice.ts";
import { routesOf } from "./route-table.ts";
import { findSubject, subjectsOf } from "./subject-table.ts";
import { findSubscriber } from "./subscriber-table.ts";
import { findTrunk } from "./trunk-table.ts";

/** The network-abstraction database's front: look-ups, no side effects. Every look-up is scoped by subscriber. */
export interface Network {
  subscriber(id: SubscriberId): Promise<Subscriber | undefined>;
  subject(subscriber: SubscriberId, subject: SubjectId): Promise<Subject | undefined>;
  subjects(subscriber: SubscriberId): Promise<readonly Subject[]>;
  center(subscriber: SubscriberId, center: string): Promise<CallCenter | undefined>;
  /** 205. Routes in the order to try, weights drawn, closed and out-of-region ones left out. */
  routes(wish: RouteWish): Promise<RouteAnswer>;
  trunk(id: TrunkId): Promise<Trunk | undefined>;
  page(subscriber: SubscriberId, page: PageId): Promise<LibraryPage | undefined>;
  /** 216. What these keyed digits mean for this subscriber. */
  pageForDigits(subscriber: SubscriberId, digits: string): Promise<LibraryPage | undefined>;
}

export interface RouteWish {
  readonly subscriber: SubscriberId;
  readonly subject: SubjectId;
  readonly atMs: number;
  /** E.164, when it is known already. */
  readonly number?: string;
  readonly ipAddress: string;
  /** Draws among equal orders by weight: the same call draws the same way after a crash. */
  readonly draw: CallId | "welcome";
}

export type RouteAnswer =
  | { readonly type: "routes"; readonly routes: readonly Route[] }
  | { readonly type: "closed"; readonly opensAtMs: number | undefined; readonly timeZone: string }
  | { readonly type: "outside-region" }
  | { readonly type: "unknown-subject" };

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
