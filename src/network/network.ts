import type { CallId, PageId, PhoneName, SubjectId, SubscriberId, TrunkId } from "#base/ids.ts";
import type { CallCenter, LibraryPage, Phone, Route, Subject, Subscriber, Trunk } from "./records.ts";

/** The network-abstraction database's front: look-ups, no side effects. Every look-up is scoped by subscriber. */
export interface Network {
  subscriber(id: SubscriberId): Promise<Subscriber | undefined>;
  subject(subscriber: SubscriberId, subject: SubjectId): Promise<Subject | undefined>;
  subjects(subscriber: SubscriberId): Promise<readonly Subject[]>;
  center(subscriber: SubscriberId, center: string): Promise<CallCenter | undefined>;
  /** 205. Routes in the order to try, weights drawn, closed and out-of-region ones left out. */
  routes(wish: RouteWish): Promise<RouteAnswer>;
  trunk(id: TrunkId): Promise<Trunk | undefined>;
  phone(name: PhoneName): Promise<Phone | undefined>;
  /** All that may register, of every subscriber, by name. */
  phones(): Promise<readonly Phone[]>;
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
