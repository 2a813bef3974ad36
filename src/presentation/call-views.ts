import { unreachable } from "#base/errors.ts";
import type { CallId, SessionId } from "#base/ids.ts";
import type { CallManager } from "#call-manager/call-manager.ts";
import { type CallRecord, isInBrowser } from "#call-manager/call-record.ts";
import type { ShownPage } from "#call-manager/pages.ts";
import type { SubscriberFace, VisitorDesk } from "#call-manager/visitor-desk.ts";
import type { Language } from "./messages/messages.ts";
import { connectPage } from "./pages/connect-page.ts";
import { disconnectPage } from "./pages/disconnect-page.ts";
import type { PageContent } from "./pages/document.ts";
import { pushedPage } from "./pages/pushed-page.ts";

/** A call as one session may see it: the page log read, and made into pages. */
export class CallViews {
  readonly #callManager: CallManager;
  readonly #desk: VisitorDesk;
  readonly #ownOrigins: () => readonly string[];

  constructor(options: {
    readonly callManager: CallManager;
    readonly desk: VisitorDesk;
    readonly ownOrigins: () => readonly string[];
  }) {
    this.#callManager = options.callManager;
    this.#desk = options.desk;
    this.#ownOrigins = options.ownOrigins;
  }

  /** The call, if it is this session's own; to anybody else it does not exist. */
  async own(call: string, session: SessionId | undefined): Promise<OwnCall | undefined> {
    if (session === undefined || !isCallId(call)) return undefined;
    const record = await this.#callManager.call(call);
    if (record === undefined) return undefined;
    const rows = await this.rowsAfter({ call, session, afterSeq: 0 });
    const shown = rows.at(-1);
    if (shown === undefined) {
      // Written down, but not yet at its first step: only the session's newest call can be that young.
      const latest = await this.#callManager.latestCall(session);
      if (latest?.call !== call) return undefined;
    }
    const subscriber = await this.#desk.subscriber(record.subscriber);
    if (subscriber === undefined) return undefined;
    return { call, session, record, subscriber, shown };
  }

  /**
   * What this call showed after `afterSeq` and what is still worth showing: every pushed page, for the agent was told that it
   * was shown, and of the rest the newest.
   */
  async rowsAfter(wish: { call: CallId; session: SessionId; afterSeq: number }): Promise<ShownPage[]> {
    const kept: ShownPage[] = [];
    let seq = wish.afterSeq;
    for (;;) {
      const rows = await this.#callManager.pagesAfter(wish.session, seq);
      for (const row of rows) {
        seq = Math.max(seq, row.seq);
        if (row.call !== wish.call) continue;
        if (kept.at(-1)?.page.type !== "pushed") kept.pop();
        kept.push(row);
      }
      if (rows.length < fullRead) return kept;
    }
  }

  async content(own: OwnCall, shown: ShownPage | undefined, language: Language): Promise<PageContent> {
    const { subscriber, call } = own;
    const callUrl = `/call/${call}`;
    const page = shown?.page ?? { type: "connect", stage: "placing" };
    switch (page.type) {
      case "connect":
        return connectPage({ language, subscriber, stage: page.stage, way: own.record, callUrl });
      case "pushed": {
        const libraryPage = await this.#desk.pushedPage(call, page.page);
        return pushedPage({
          language,
          subscriber,
          page: libraryPage,
          callUrl,
          ownOrigins: this.#ownOrigins(),
        });
      }
      case "disconnect":
        return disconnectPage({
          language,
          subscriber,
          outcome: page.outcome,
          fromBrowser: isInBrowser(own.record),
          againUrl: `${callUrl}/again`,
        });
      default:
        return unreachable(page);
    }
  }
}

export interface OwnCall {
  readonly call: CallId;
  readonly session: SessionId;
  readonly record: CallRecord;
  readonly subscriber: SubscriberFace;
  /** The newest row of this call in the session's page log. */
  readonly shown: ShownPage | undefined;
}

/** `CallManager.pagesAfter` gives at most so many rows: fewer means that there are no more. */
const fullRead = 100;

export function isCallId(text: string): text is CallId {
  return /^call_[0-9a-z]{1,40}$/.test(text);
}
