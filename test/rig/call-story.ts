import assert from "node:assert/strict";
import { VirtualClock } from "#base/clock.ts";
import type { CallId, SessionId } from "#base/ids.ts";
import { type Log, silentLog } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import type { BeginCallAnswer, CallManager } from "#call-manager/call-manager.ts";
import type { CallRecord } from "#call-manager/call-record.ts";
import { openCallManager } from "#call-manager/open-call-manager.ts";
import type { ShownPage } from "#call-manager/pages.ts";
import { resumeCalls, stopCalls } from "#network/dial-permit.ts";
import type { Database } from "#store/database.ts";
import { Life, mortalClock, mortalDatabase, mortalUnit, never } from "./mortal.ts";
import { bobsDnis, carolsDnis, type StoryBank } from "./story-bank.ts";
import type { VirtualPhone } from "./virtual-phone.ts";
import { VirtualUnit } from "./virtual-unit.ts";

let stories = 0;

/**
 * A call told with people's names: Ann at her browser and telephone, Bob and Carol at theirs, the real call manager between them
 * over a virtual unit, on virtual time. The web process may die at a given moment; a new one comes a second later.
 */
export class CallStory {
  readonly clock = new VirtualClock();
  readonly unit = new VirtualUnit(this.clock);
  readonly ann: Visitor;
  readonly bob: VirtualPhone;
  readonly carol: VirtualPhone;
  readonly #database: Database;
  readonly #bank: StoryBank;
  readonly #random = seededRandom(`story-${++stories}`);
  readonly #dieAt: readonly number[];
  readonly errors: string[] = [];
  #life = new Life();
  #manager: (CallManager & { close(): Promise<void> }) | undefined;
  lives = 0;

  /** Resolves when the database is not at work: time stands still until then. */
  quiet: () => Promise<void> = async () => {};

  /** `dieAt`: at which border-crossing each life of the web process ends; the lives after the last one are not cut short. */
  constructor(database: Database, bank: StoryBank, dieAt: readonly number[] = []) {
    this.#database = database;
    this.#bank = bank;
    this.#dieAt = dieAt;
    // Another number in each story: the limits and refusals of one must not reach into the next.
    this.ann = this.visitor("Ann", `+1415${2_000_000 + stories}`);
    this.bob = this.unit.phone(bobsDnis);
    this.carol = this.unit.phone(carolsDnis);
  }

  visitor(name: string, number: string): Visitor {
    return new Visitor(this, this.#bank, {
      session: `session-${name}-${stories}-${this.#random.integer(1e9)}` as SessionId,
      number,
      phone: this.unit.phone(number),
    });
  }

  /** Without notice; the next one starts a second later. */
  webProcessDies(): void {
    this.#life.die();
  }

  /** The operator stops every call of the platform, or lets them go on. */
  async operatorStops(): Promise<void> {
    const stop = { atMs: this.clock.now(), why: "the story" };
    await this.#database.transaction((tx) => stopCalls(tx, "platform", stop));
  }

  async operatorResumes(): Promise<void> {
    await this.#database.transaction((tx) => resumeCalls(tx, "platform"));
  }

  get crossings(): number {
    return this.#life.crossings;
  }

  async open(): Promise<void> {
    this.#life = new Life(this.#dieAt[this.lives]);
    this.lives += 1;
    const life = this.#life;
    const opened = openCallManager({
      database: mortalDatabase(this.#database, life),
      network: this.#bank.network,
      unit: mortalUnit(this.unit.connect(), life),
      pages: { changed: () => {} },
      secretKeys: [new Uint8Array(32)],
      clock: mortalClock(this.clock, life),
      random: this.#random,
      log: this.#log(),
    });
    this.#manager = await opened;
    await this.clock.advance(0);
    await this.quiet();
  }

  /** Asks the living process; when it dies over the answer, asks the next one again, as a browser's reload does. */
  async ask<T>(question: (manager: CallManager) => Promise<T>): Promise<T> {
    for (;;) {
      await this.#restartIfDead();
      const life = this.#life;
      const died = Promise.withResolvers<"died">();
      life.atDeath(() => died.resolve("died"));
      if (life.dead) continue;
      const manager = this.#manager;
      const answer: "died" | { readonly value: T } = await Promise.race([
        manager === undefined
          ? never<{ readonly value: T }>()
          : question(manager).then((value) => ({ value })),
        died.promise,
      ]);
      if (answer !== "died") return answer.value;
    }
  }

  /** Time goes from event to event until `seen`; a story that waits for longer than `limitMs` has failed. */
  async until(seen: () => boolean | Promise<boolean>, what: string, limitMs = 150_000): Promise<void> {
    const endMs = this.clock.now() + limitMs;
    for (;;) {
      await this.clock.advance(0);
      await this.quiet();
      await this.#restartIfDead();
      const { lives } = this;
      if (await seen()) return;
      // Whoever looked waited for another process, and does not know what came since.
      if (this.lives !== lives) continue;
      const nextMs = this.clock.nextAtMs ?? Infinity;
      assert.ok(nextMs <= endMs, `It never came to this: ${what}`);
      await this.clock.advance(Math.max(0, nextMs - this.clock.now()));
    }
  }

  /** Somebody does nothing for a while. */
  async passes(ms: number): Promise<void> {
    const endMs = this.clock.now() + ms;
    await this.until(
      () => this.clock.now() >= endMs || (this.clock.nextAtMs ?? Infinity) > endMs,
      "time",
      ms,
    );
    await this.clock.advance(Math.max(0, endMs - this.clock.now()));
    await this.#restartIfDead();
  }

  /** Everything has come to its end; the process closes properly, and nothing is left. */
  async close(): Promise<void> {
    await this.until(() => this.unit.legs().length === 0, "every leg ended and forgotten");
    assert.equal(this.#life.timers.size, 0, "an ended call left timers");
    await this.#manager?.close();
    this.#life.die();
    // A finger may still be on its way to a key.
    await this.clock.advance(2000);
    assert.equal(this.clock.waiting, 0, "timers left");
  }

  async #restartIfDead(): Promise<void> {
    while (this.#life.dead) {
      await this.clock.advance(1000);
      await this.open();
    }
  }

  #log(): Log {
    const log: Log = {
      ...silentLog,
      error: (facts, message) => void this.errors.push(`${message} ${describe(facts)}`),
      with: () => log,
    };
    return log;
  }
}

function describe(facts: Readonly<Record<string, unknown>>): string {
  return Object.values(facts)
    .map((fact) => (fact instanceof Error ? (fact.stack ?? fact.message) : String(fact)))
    .join(" ");
}

/** A person with a browser and a telephone. */
export class Visitor {
  readonly phone: VirtualPhone;
  readonly session: SessionId;
  readonly #story: CallStory;
  readonly #bank: StoryBank;
  readonly #number: string;
  #tickets = 0;
  call: CallId | undefined;

  constructor(
    story: CallStory,
    bank: StoryBank,
    of: { readonly session: SessionId; readonly number: string; readonly phone: VirtualPhone },
  ) {
    this.#story = story;
    this.#bank = bank;
    this.phone = of.phone;
    this.session = of.session;
    this.#number = of.number;
  }

  /** Submits the welcome page. `again`: the same form once more. */
  async clicks(
    how: {
      readonly signed?: boolean;
      readonly again?: boolean;
      readonly phone?: string;
      readonly token?: string;
      readonly fromBrowser?: true;
      readonly language?: "en" | "es";
    } = {},
  ): Promise<BeginCallAnswer> {
    if (how.again !== true) this.#tickets += 1;
    const answer = await this.#story.ask((manager) =>
      manager.beginCall({
        session: this.session,
        ticket: `${this.session}-${this.#tickets}`,
        context: {
          version: 1,
          subscriber: this.#bank.subscriber.id,
          subject: this.#bank.subject.id,
          verified: { whisperCode: "A47", pageTitle: "page 3" },
          unverified: {},
        },
        ...(how.token === undefined ? {} : { tokenId: how.token }),
        phone: how.fromBrowser === true ? "" : (how.phone ?? this.#number),
        phoneSigned: how.signed ?? true,
        ...(how.fromBrowser === true ? { fromBrowser: true } : {}),
        ipAddress: "192.0.2.7",
        language: how.language ?? "en",
      }),
    );
    if (answer.type === "begun") this.call = answer.call;
    // A click on a process that has not reached the unit yet is asked to try again, and does.
    if (answer.type === "refused" && answer.why === "unit-unreachable") {
      await this.#story.passes(100);
      return this.clicks({ ...how, again: true });
    }
    return answer;
  }

  async cancels(): Promise<void> {
    const { call } = this;
    if (call !== undefined) await this.#story.ask((manager) => manager.cancelCall(call, this.session));
  }

  async closesPage(): Promise<void> {
    const { call } = this;
    if (call !== undefined) await this.#story.ask((manager) => manager.closePushedPage(call, this.session));
  }

  /** What the browser has been shown: of a pushed page it says so, as a page's script does. */
  async pages(): Promise<readonly ShownPage[]> {
    const pages = await this.#story.ask((manager) => manager.pagesAfter(this.session, 0));
    for (const { call, seq, page } of pages) {
      if (page.type !== "pushed" || page.push === undefined || seq <= this.#told) continue;
      const { push } = page;
      await this.#story.ask((manager) => manager.pageShown(call, this.session, push));
      this.#told = seq;
    }
    return pages;
  }

  #told = 0;

  /** The page that the browser shows, in one word: a stage, a pushed page's id, or the outcome. */
  async sees(): Promise<string> {
    const page = (await this.pages()).at(-1)?.page;
    switch (page?.type) {
      case undefined:
        return "nothing";
      case "connect":
        return page.stage;
      case "pushed":
        return page.page;
      case "disconnect":
        return page.outcome;
    }
  }

  record(): Promise<CallRecord | undefined> {
    return this.#story.ask((manager) => manager.latestCall(this.session));
  }

  async untilSees(what: string): Promise<void> {
    await this.#story.until(async () => (await this.sees()) === what, `${this.phone.user} sees ${what}`);
  }
}
