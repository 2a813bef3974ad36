import type { CallId, PageId, RouteId, SubjectId, SubscriberId } from "#base/ids.ts";
import { inBrowser } from "#network/dial-permit.ts";
import type { CallOutcome, PushResult } from "./pages.ts";

/** Whether the visitor talks from the browser. */
export function isInBrowser({ visitorNumber }: Pick<CallRecord, "visitorNumber">): boolean {
  return visitorNumber === inBrowser;
}

/** What is kept of one attempt, and what `tandem calls` and the operator's API show. Times in ms since 1970. */
export interface CallRecord {
  readonly call: CallId;
  readonly reference: string;
  readonly subscriber: SubscriberId;
  readonly subject: SubjectId;
  readonly state: "live" | "ended";
  readonly step: string;
  readonly outcome?: CallOutcome;
  readonly beganAtMs: number;
  readonly endedAtMs?: number;
  /** E.164, or the private number; `browser` when the visitor talked from there. */
  readonly visitorNumber: string;
  readonly legOrder: "user-first" | "center-first" | "both-at-once";
  /** Whether the visitor is asked to agree by key (209) before the center is called. */
  readonly confirms: boolean;
  readonly routesTried: readonly {
    readonly route: RouteId;
    /** The number that was called, or the name of the registered phone. */
    readonly number: string;
    readonly dnis: string;
    readonly result: string;
  }[];
  /** Seconds, whole, rounded up, of each part. */
  readonly userLegSeconds: number;
  readonly centerLegSeconds: number;
  readonly bridgedSeconds: number;
  readonly pagesPushed: readonly PagePushed[];
  readonly steps: readonly {
    readonly step: string;
    readonly beganAtMs: number;
    readonly endedAtMs?: number;
    readonly result?: string;
  }[];
}

export interface PagePushed {
  readonly page: PageId;
  readonly digits: string;
  readonly atMs: number;
  /** `awaited` until the visitor's browser says that it shows the page, or has not said so in time. Nothing where an older Tandem pushed it. */
  readonly result?: PushResult | "awaited";
  readonly resultAtMs?: number;
}
