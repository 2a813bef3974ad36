import type { CallId, SessionId, SubjectId, SubscriberId } from "#base/ids.ts";
import type { BeginCallAnswer, CallManager } from "#call-manager/call-manager.ts";
import type { ShownPage } from "#call-manager/pages.ts";
import type { Chance } from "./chance.ts";
import type { History } from "./history.ts";
import type { SimulatedSubscriber } from "./subscribers.ts";
import type { SimulatedWeb } from "./web.ts";
import type { WorldClock } from "./world-clock.ts";

/** One tab: what it has shown, in order, each once; where a gap or a repetition is, something was lost or shown twice. */
export interface Tab {
  readonly shown: ShownPage[];
  isAwake: boolean;
  isLooking: boolean;
  mustLookAgain: boolean;
}

interface BrowserParts {
  readonly clock: WorldClock;
  readonly chance: Chance;
  readonly history: History;
  readonly web: SimulatedWeb;
}

export interface Visitor {
  readonly subscriber: SimulatedSubscriber;
  readonly number: string;
  /** The subscriber's own code of this customer: spelled to the agent, and to nobody else. */
  readonly code: string;
}

const mostTries = 40;

/** A visitor's browser, over a connection that takes its time: it asks again what was not answered, and looks again when it is told. */
export class Browser {
  readonly session: SessionId;
  readonly tabs: Tab[] = [];
  readonly #parts: BrowserParts;
  readonly #of: Visitor;
  /** How many welcome pages it submitted, however often each. */
  forms = 0;
  call: CallId | undefined;
  /** The last answer to a click. */
  begun: BeginCallAnswer | undefined;
  hasCancelled = false;

  constructor(parts: BrowserParts, of: Visitor) {
    this.#parts = parts;
    this.#of = of;
    this.session = `session-${of.number}` as SessionId;
    this.opensTab();
  }

  opensTab(): void {
    this.tabs.push({ shown: [], isAwake: true, isLooking: false, mustLookAgain: false });
  }

  /** The welcome page's form; `again`: the same form once more (a double click, a reload). */
  clicks(how: "anew" | "again"): void {
    if (how === "anew") this.forms += 1;
    const { subscriber, number, code } = this.#of;
    const ticket = `${this.session}-${this.forms}`;
    this.#parts.history.note(number, `clicks ${how}`);
    this.#asks(
      (manager) =>
        manager.beginCall({
          session: this.session,
          ticket,
          context: {
            version: 1,
            subscriber: subscriber.id as SubscriberId,
            subject: "help" as SubjectId,
            verified: { whisperCode: code, pageTitle: `${subscriber.canary} page` },
            unverified: {},
          },
          phone: number,
          phoneSigned: true,
          ipAddress: "203.0.113.7",
          language: "en",
        }),
      (answer) => {
        this.begun = answer;
        this.#parts.history.note(number, `is answered ${answer.type === "begun" ? answer.call : answer.why}`);
        if (answer.type === "begun") this.call = answer.call;
        if (answer.type === "refused" && answer.why === "unit-unreachable")
          this.#later(1_000, () => this.clicks("again"));
        this.looks();
      },
    );
  }

  cancels(): void {
    const { call } = this;
    if (call === undefined) return;
    this.hasCancelled = true;
    this.#parts.history.note(this.#of.number, "cancels");
    this.#asks((manager) => manager.cancelCall(call, this.session));
  }

  closesPage(): void {
    const { call } = this;
    if (call !== undefined) this.#asks((manager) => manager.closePushedPage(call, this.session));
  }

  /** Every tab that is awake asks for what it has not shown. */
  looks(): void {
    for (const tab of this.tabs) this.#look(tab);
  }

  sleeps(): void {
    for (const tab of this.tabs) tab.isAwake = false;
  }

  wakes(): void {
    for (const tab of this.tabs) tab.isAwake = true;
    this.looks();
  }

  /** Forgets what it showed: the page log begins anew. */
  reloads(): void {
    const [tab] = this.tabs;
    if (tab === undefined) return;
    tab.shown.length = 0;
    this.#look(tab);
  }

  #look(tab: Tab): void {
    if (!tab.isAwake) return;
    if (tab.isLooking) {
      tab.mustLookAgain = true;
      return;
    }
    tab.isLooking = true;
    const after = tab.shown.at(-1)?.seq ?? 0;
    this.#asks(
      (manager) => manager.pagesAfter(this.session, after),
      (pages) => this.#shows(tab, pages, after),
    );
  }

  /** One page after the other; of a pushed one it asks first, for what came too late is taken back. */
  #shows(tab: Tab, [next, ...others]: readonly ShownPage[], after: number): void {
    // A page that was reloaded meanwhile begins at its first row again.
    const isReloaded = (tab.shown.at(-1)?.seq ?? 0) !== after;
    if (next !== undefined && !isReloaded) {
      return this.#ifMine(next, (isMine) => {
        const isStill = (tab.shown.at(-1)?.seq ?? 0) === after;
        if (isStill && isMine) {
          tab.shown.push(next);
          this.#parts.history.note(this.#of.number, `is shown ${next.seq} ${JSON.stringify(next.page)}`);
        }
        this.#shows(tab, others, isStill && isMine ? next.seq : after);
      });
    }
    tab.isLooking = false;
    if (!tab.mustLookAgain && !isReloaded) return;
    tab.mustLookAgain = false;
    this.#look(tab);
  }

  #ifMine({ call, page }: ShownPage, then: (isMine: boolean) => void): void {
    const push = page.type === "pushed" ? page.push : undefined;
    if (push === undefined) return then(true);
    this.#asks(
      (manager) => manager.pageShown(call, this.session, push),
      (result) => {
        if (result === "not-shown") this.#parts.history.note(this.#of.number, `is not shown push ${push}`);
        then(result === "shown");
      },
    );
  }

  #asks<T>(
    question: (manager: CallManager) => Promise<T>,
    then: (answer: T) => void = () => {},
    tries = 1,
  ): void {
    const { chance, web } = this.#parts;
    this.#later(chance.between(10, 120), () => {
      void web.ask(question).then((answered) => {
        if (answered !== undefined) return this.#later(chance.between(10, 120), () => then(answered.answer));
        if (tries < mostTries)
          this.#later(chance.between(300, 1_500), () => this.#asks(question, then, tries + 1));
      });
    });
  }

  #later(ms: number, then: () => void): void {
    this.#parts.clock.at(this.#parts.clock.now() + ms, then);
  }
}
