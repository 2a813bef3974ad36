import type { CallId, PageId, SessionId, SubjectId, SubscriberId } from "#base/ids.ts";
import type { BeginCallAnswer, CallManager, CallWish, Noted } from "#call-manager/call-manager.ts";
import type { CallRecord } from "#call-manager/call-record.ts";
import type { GuestLogin } from "#call-manager/guest-phone.ts";
import type {
  CallOutcome,
  ConnectStage,
  Pages,
  PushResult,
  SessionPage,
  ShownPage,
} from "#call-manager/pages.ts";
import type {
  Availability,
  Click,
  ClickAnswer,
  LibraryPageFace,
  SubjectFace,
  SubscriberFace,
  VisitorDesk,
} from "#call-manager/visitor-desk.ts";
import type { WireSight, WireSource } from "#presentation/wire-view.ts";

/** What happens beyond the pages, as a test says it. */
export class VirtualWire implements WireSource {
  readonly watchers = new Set<(sight: WireSight) => void>();

  watch(watcher: (sight: WireSight) => void): () => void {
    this.watchers.add(watcher);
    return () => void this.watchers.delete(watcher);
  }

  /** What stands in the journals. */
  rows: readonly Noted["row"][] = [];

  async rowsSince(atMs: number): Promise<readonly Noted["row"][]> {
    return this.rows.filter((row) => row.atMs >= atMs);
  }

  shows(sight: WireSight): void {
    for (const watcher of this.watchers) watcher(sight);
  }
}

/**
 * The call manager's front with no telephones behind it: a test says what the call comes to (`moves`, `pushes`, `ends`), and the
 * pages must follow. It keeps the front's promises: one call a ticket, a page log that only grows, commands safe to say twice.
 */
export class VirtualCallManager implements CallManager, VisitorDesk {
  /** Every wish that reached `beginCall`, in order. */
  readonly wishes: CallWish[] = [];
  readonly clicks: Click[] = [];
  /** What `beginCall` answers instead of beginning. */
  refuses: Extract<BeginCallAnswer, { type: "refused" }>["why"] | undefined;
  available: Availability = { type: "open" };
  /** Where one subject is not as the others are. */
  readonly availableFor = new Map<string, Availability>();
  subscriberFace: SubscriberFace;
  subjectFaces: SubjectFace[];
  library: LibraryPageFace[] = [];
  pages: Pages = { changed: () => {} };
  readonly wire = new VirtualWire();

  readonly #calls = new Map<CallId, VirtualCall>();
  readonly #log: ShownPage[] = [];
  readonly #tickets = new Map<string, CallId>();

  constructor(
    faces: { readonly subscriber?: Partial<SubscriberFace>; readonly subjects?: SubjectFace[] } = {},
  ) {
    this.subscriberFace = { ...exampleBank, ...faces.subscriber };
    this.subjectFaces = faces.subjects ?? exampleSubjects;
  }

  // What a test says.

  get newest(): CallId {
    const call = [...this.#calls.keys()].at(-1);
    if (call === undefined) throw new Error("no call was begun");
    return call;
  }

  get sizes(): { readonly calls: number; readonly rows: number } {
    return { calls: this.#calls.size, rows: this.#log.length };
  }

  moves(stage: ConnectStage, call = this.newest): void {
    const moved = this.#call(call);
    moved.stage = stage;
    this.#show(moved, { type: "connect", stage });
  }

  pushes(page: LibraryPageFace, call = this.newest): void {
    if (!this.library.includes(page)) this.library.push(page);
    const pushed = this.#call(call);
    pushed.pushed.add(page.id);
    const url = page.content.type === "url" ? page.content.url : "";
    const push = pushed.results.push("awaited");
    this.#show(pushed, { type: "pushed", page: page.id, title: page.title.en ?? "", url, push });
  }

  /** What became of each page that was pushed, in order. */
  pushResults(call = this.newest): readonly (PushResult | "awaited")[] {
    return this.#call(call).results;
  }

  /** Nobody showed it in time. */
  takesBack(push: number, call = this.newest): void {
    this.#call(call).results[push - 1] = "not-shown";
  }

  ends(outcome: CallOutcome, call = this.newest): void {
    const ended = this.#call(call);
    if (ended.outcome !== undefined) return;
    ended.outcome = outcome;
    this.#show(ended, { type: "disconnect", outcome });
  }

  // What the presentation asks.

  async beginCall(wish: CallWish): Promise<BeginCallAnswer> {
    this.wishes.push(wish);
    const before = this.#tickets.get(wish.ticket) ?? this.#liveCallOf(wish.session);
    if (before !== undefined) return { type: "begun", call: before, resumed: true };
    if (this.refuses !== undefined) return { type: "refused", why: this.refuses };
    const id = `call_${String(this.#calls.size + 1).padStart(26, "0")}` as CallId;
    const call = {
      id,
      wish,
      plan: this.#plan(wish),
      stage: "placing" as const,
      outcome: undefined,
      pushed: new Set<PageId>(),
      results: [],
    };
    this.#calls.set(id, call);
    this.#tickets.set(wish.ticket, id);
    this.#show(call, { type: "connect", stage: "placing" });
    return { type: "begun", call: id, resumed: false };
  }

  async cancelCall(call: CallId, session: SessionId): Promise<void> {
    if (this.#calls.get(call)?.wish.session === session) this.ends("visitor-cancelled", call);
  }

  async browserPhone(call: CallId, session: SessionId): Promise<GuestLogin | undefined> {
    const { wish, outcome } = this.#call(call);
    const isTheirs = wish.session === session && wish.fromBrowser === true && outcome === undefined;
    return isTheirs ? { name: `guest-${call.slice(-4)}`, password: `password-of-${call}` } : undefined;
  }

  async closePushedPage(call: CallId, session: SessionId): Promise<void> {
    const shown = this.#calls.get(call);
    const last = this.#shownTo(session).at(-1);
    if (shown?.wish.session !== session || last?.page.type !== "pushed" || last.call !== call) return;
    this.#show(shown, { type: "connect", stage: shown.stage });
  }

  async pageShown(call: CallId, session: SessionId, push: number): Promise<PushResult | undefined> {
    const { wish, results } = this.#call(call);
    if (wish.session !== session) return undefined;
    if (results[push - 1] === "awaited") results[push - 1] = "shown";
    return results[push - 1] === "shown" ? "shown" : "not-shown";
  }

  async pagesAfter(session: SessionId, afterSeq: number): Promise<readonly ShownPage[]> {
    return this.#shownTo(session)
      .filter((row) => row.seq > afterSeq)
      .slice(0, 100);
  }

  async latestCall(session: SessionId): Promise<CallRecord | undefined> {
    const latest = [...this.#calls.values()].findLast((call) => call.wish.session === session);
    return latest && record(latest);
  }

  async call(id: CallId): Promise<CallRecord | undefined> {
    const call = this.#calls.get(id);
    return call && record(call);
  }

  async calls(filter: {
    readonly subscriber?: string;
    readonly limit: number;
    readonly before?: CallId;
  }): Promise<readonly CallRecord[]> {
    const newestFirst = [...this.#calls.values()].reverse();
    const from = newestFirst.findIndex((call) => call.id === filter.before) + 1;
    return newestFirst
      .slice(from)
      .filter((call) => (filter.subscriber ?? call.wish.context.subscriber) === call.wish.context.subscriber)
      .slice(0, filter.limit)
      .map(record);
  }

  async readClick(click: Click): Promise<ClickAnswer> {
    this.clicks.push(click);
    const { subscriberFace: subscriber } = this;
    if (click.subscriber !== subscriber.id) return { type: "unknown-subscriber" };
    const subject = this.subjectFaces.find(({ id }) => id === click.subject);
    if (subject === undefined) return { type: "unknown-subject", subscriber };
    // No signatures here: the token's middle part is believed as it stands, and "expired" is any token that says so.
    const verified = click.token === undefined ? undefined : readUnsigned(click.token);
    const refused = click.token !== undefined && verified === undefined;
    const phone = verified?.phone ?? click.bare.phone;
    return {
      type: "understood",
      subscriber,
      subject,
      context: {
        version: 1,
        subscriber: subscriber.id,
        subject: subject.id,
        verified: verified ?? {},
        unverified: click.bare,
      },
      token: refused
        ? { type: "refused", why: "expired" }
        : verified === undefined
          ? { type: "none" }
          : { type: "verified", tokenId: `token-of-${verified.whisperCode ?? ""}`, expiresAtMs: 0 },
      ...(phone === undefined ? {} : { phone: { asGiven: phone, signed: verified?.phone !== undefined } }),
    };
  }

  async availability({ subject }: { readonly subject: SubjectId }): Promise<Availability> {
    return this.availableFor.get(subject) ?? this.available;
  }

  async subscriber(id: SubscriberId): Promise<SubscriberFace | undefined> {
    return id === this.subscriberFace.id ? this.subscriberFace : undefined;
  }

  async subject(subscriber: SubscriberId, subject: SubjectId): Promise<SubjectFace | undefined> {
    return (await this.subjects(subscriber)).find(({ id }) => id === subject);
  }

  async subjects(subscriber: SubscriberId): Promise<readonly SubjectFace[]> {
    return subscriber === this.subscriberFace.id ? this.subjectFaces : [];
  }

  async pushedPage(call: CallId, page: PageId): Promise<LibraryPageFace | undefined> {
    const pushed = this.#calls.get(call)?.pushed.has(page) === true;
    return pushed ? this.library.find(({ id }) => id === page) : undefined;
  }

  #call(id: CallId): VirtualCall {
    const call = this.#calls.get(id);
    if (call === undefined) throw new Error(`no call ${id}`);
    return call;
  }

  #liveCallOf(session: SessionId): CallId | undefined {
    return [...this.#calls.values()].find(
      (call) => call.wish.session === session && call.outcome === undefined,
    )?.id;
  }

  /** Nobody is dialled before the consent that is asked for. */
  #plan({ phoneSigned, fromBrowser }: CallWish): Pick<CallRecord, "legOrder" | "confirms"> {
    if (fromBrowser === true) return { confirms: false, legOrder: "user-first" };
    const { confirmation, legOrder } = this.subscriberFace;
    const confirms = confirmation === "always" || (confirmation === "unless-signed" && !phoneSigned);
    return { confirms, legOrder: confirms ? "user-first" : legOrder };
  }

  #shownTo(session: SessionId): readonly ShownPage[] {
    return this.#log.filter((row) => row.session === session && !this.#isTakenBack(row));
  }

  #isTakenBack({ call, page }: ShownPage): boolean {
    const push = page.type === "pushed" ? page.push : undefined;
    return push !== undefined && this.#call(call).results[push - 1] === "not-shown";
  }

  #show(call: VirtualCall, page: SessionPage): void {
    const { session } = call.wish;
    const seq = this.#log.filter((row) => row.session === session).length + 1;
    this.#log.push({ session, call: call.id, seq, atMs: 0, page });
    this.pages.changed(session);
  }
}

interface VirtualCall {
  readonly id: CallId;
  readonly wish: CallWish;
  readonly plan: Pick<CallRecord, "legOrder" | "confirms">;
  stage: ConnectStage;
  outcome: CallOutcome | undefined;
  readonly pushed: Set<PageId>;
  readonly results: (PushResult | "awaited")[];
}

/** A link's token as `readClick` above understands it. */
export function virtualToken(fields: {
  readonly phone?: string;
  readonly whisperCode?: string;
  readonly pageTitle?: string;
  readonly expired?: boolean;
}): string {
  return `e30.${Buffer.from(JSON.stringify(fields)).toString("base64url")}.c2ln`;
}

function readUnsigned(token: string): { phone?: string; whisperCode?: string } | undefined {
  const text = Buffer.from(token.split(".")[1] ?? "", "base64url").toString();
  const { expired, ...fields } = JSON.parse(text) as {
    expired?: boolean;
    phone?: string;
    whisperCode?: string;
  };
  return expired === true ? undefined : fields;
}

function record(call: VirtualCall): CallRecord {
  return {
    call: call.id,
    reference: "123456",
    subscriber: call.wish.context.subscriber,
    subject: call.wish.context.subject,
    state: call.outcome === undefined ? "live" : "ended",
    step: call.stage,
    ...(call.outcome === undefined ? {} : { outcome: call.outcome }),
    beganAtMs: 1_767_614_400_000,
    visitorNumber: call.wish.fromBrowser === true ? "browser" : call.wish.phone,
    ...call.plan,
    routesTried: [],
    userLegSeconds: 0,
    centerLegSeconds: 0,
    bridgedSeconds: 0,
    pagesPushed: [],
    steps: [],
  };
}

export const exampleBank: SubscriberFace = {
  id: "bank" as SubscriberId,
  name: "Example Bank",
  defaultLanguage: "en",
  accentColor: "#0b6e4f",
  connectContent: {
    en: "Did you know?\n\nOur fixed-rate mortgages start at 3.1 % a year. Ask your agent for the table of rates.",
    es: "¿Lo sabía?\n\nNuestras hipotecas a tipo fijo empiezan en el 3,1 % anual. Pida la tabla de tipos a su agente.",
  },
  origins: ["https://www.bank.example"],
  defaultCountry: "US",
  allowedCountries: ["US"],
  confirmation: "unless-signed",
  legOrder: "user-first",
};

const exampleSubjects: SubjectFace[] = [
  { id: "mortgages" as SubjectId, name: { en: "Mortgages", es: "Hipotecas" } },
  { id: "cards" as SubjectId, name: { en: "Cards", es: "Tarjetas" } },
];
