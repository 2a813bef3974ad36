import assert from "node:assert/strict";
import type { CallRecord } from "#call-manager/call-record.ts";
import type { ConfigShape, PolicyShape } from "#network/config-schema.ts";
import { SignJWT } from "jose";
import { openSoftphone, type Softphone } from "../../examples/softphones/softphone.ts";
import { bankConfig, tokenKid, tokenSecret } from "./bank.ts";
import { openPlatform, type Platform } from "./platform.ts";
import { PlainBrowser } from "./plain-browser.ts";

/**
 * A story about Ann, Bob and the bank, told on the real platform: its own processes, real SIP and RTP on loopback, software
 * telephones, a browser without script. With `crashes`, the web process is killed (kill -9) after every line, and comes up again
 * while the next line happens: whoever tells the story does not notice.
 */
export interface Story {
  readonly platform: Platform;
  caller(name: string): Caller;
  agent(name: string): Agent;
  /** The second center's agent. */
  overflowAgent(name: string): Agent;
  /** A line of the telling that no person speaks. */
  line<T>(happens: () => Promise<T>): Promise<T>;
  /** Every call record. */
  calls(): Promise<readonly CallRecord[]>;
  /** The only call record, once its call has ended. */
  record(): Promise<CallRecord>;
}

export interface StoryOptions {
  readonly policy?: PolicyShape;
  readonly databaseUrl?: string;
  readonly crashes?: boolean;
  readonly config?: (config: ConfigShape) => ConfigShape;
  readonly environment?: Readonly<Record<string, string>>;
  /** The platform runs under its supervisor. */
  readonly supervised?: boolean;
}

/** How long any line may take before the story fails: far beyond what it needs. */
const patienceMs = 30_000;
export const annsNumber = "+12025550123";

export async function tellStory(options: StoryOptions, tell: (story: Story) => Promise<void>): Promise<void> {
  await using rig = new AsyncDisposableStack();
  const phone = async (name: string): Promise<Softphone> =>
    rig.adopt(await openSoftphone({ name, sipPort: 0 }), (opened) => opened.close());
  const phones: Phones = {
    user: await phone("Ann"),
    center: await phone("Bob"),
    overflow: await phone("Carol"),
  };
  const { policy, config: change, crashes, ...settings } = options;
  const config = bankConfig(
    { user: phones.user.sipPort, center: phones.center.sipPort, overflow: phones.overflow.sipPort },
    policy,
  );
  const platform = rig.use(await openPlatform({ config: change?.(config) ?? config, ...settings }));
  const teller = new Teller(platform, phones, crashes === true);
  // A life of the web process that is just beginning must not outlive the story.
  rig.defer(() => teller.webIsUp().catch(() => {}));
  try {
    await tell(teller);
    await teller.webIsUp();
  } catch (error) {
    const heard = [phones.user, phones.center, phones.overflow].map(
      (each) => `${each.name}: ${each.log.map((line) => line.text).join("; ")}`,
    );
    const calls = JSON.stringify(await platform.calls().catch(String));
    throw new Error([String(error), ...heard, calls, platform.output().slice(-6_000)].join("\n"), {
      cause: error,
    });
  }
}

interface Phones {
  readonly user: Softphone;
  readonly center: Softphone;
  readonly overflow: Softphone;
}

class Teller implements Story {
  readonly platform: Platform;
  readonly #phones: Phones;
  readonly #crashes: boolean;
  #nextLife: Promise<void> = Promise.resolve();

  constructor(platform: Platform, phones: Phones, crashes: boolean) {
    this.platform = platform;
    this.#phones = phones;
    this.#crashes = crashes;
  }

  caller(name: string): Caller {
    return new Caller(name, this, this.#phones.user, new PlainBrowser(this.platform.url));
  }

  agent(name: string): Agent {
    return new Agent(name, this, this.#phones.center);
  }

  overflowAgent(name: string): Agent {
    return new Agent(name, this, this.#phones.overflow);
  }

  async line<T>(happens: () => Promise<T>): Promise<T> {
    const result = await happens();
    if (this.#crashes) {
      await this.#nextLife;
      await this.platform.killWeb();
      this.#nextLife = this.platform.startWeb();
      this.#nextLife.catch(() => {}); // The next line that needs the web process hears of it.
    }
    return result;
  }

  webIsUp(): Promise<void> {
    return this.#nextLife;
  }

  async calls(): Promise<readonly CallRecord[]> {
    await this.webIsUp();
    return await this.platform.calls();
  }

  async record(): Promise<CallRecord> {
    const calls = await this.calls();
    assert.equal(calls.length, 1, "one attempt, one record");
    const [record] = calls;
    assert.ok(record !== undefined);
    return record;
  }
}

/** What a telephone in a story does, line by line. */
class Character {
  readonly name: string;
  readonly phone: Softphone;
  protected readonly teller: Teller;

  constructor(name: string, teller: Teller, phone: Softphone) {
    this.name = name;
    this.teller = teller;
    this.phone = phone;
  }

  /** The telephone rings; gives what its display and its equipment learn of the call. */
  rings() {
    return this.teller.line(() => this.phone.rings(AbortSignal.timeout(patienceMs)));
  }

  async answers(): Promise<void> {
    await this.teller.line(async () => {
      await this.phone.rings(AbortSignal.timeout(patienceMs));
      await this.phone.answer();
    });
  }

  async isBusy(): Promise<void> {
    await this.teller.line(async () => {
      await this.phone.rings(AbortSignal.timeout(patienceMs));
      this.phone.busy();
    });
  }

  async declines(): Promise<void> {
    await this.teller.line(async () => {
      await this.phone.rings(AbortSignal.timeout(patienceMs));
      this.phone.reject();
    });
  }

  async presses(digits: string): Promise<void> {
    await this.teller.line(async () => this.phone.press(digits));
  }

  /** Hears it to its end, however long ago in this call it was, but after what the last `hears` gave. */
  async hears(what: string): Promise<void> {
    await this.teller.line(() =>
      this.phone.hears(what, { after: this.#heard(what), signal: AbortSignal.timeout(patienceMs) }),
    );
  }

  async hangsUp(): Promise<void> {
    await this.teller.line(async () => this.phone.hangUp());
  }

  /** Somebody else ended the call, or is about to. */
  async isHungUp(): Promise<void> {
    await this.teller.line(() => this.phone.ends(AbortSignal.timeout(patienceMs)));
  }

  readonly #heardTimes = new Map<string, number>();

  /** The same words twice in a story mean two hearings. */
  #heard(what: string): number {
    const times = this.#heardTimes.get(what) ?? 0;
    this.#heardTimes.set(what, times + 1);
    let seen = 0;
    const at = this.phone.heard.findIndex((heard) => heard.what.startsWith(what) && seen++ === times);
    return at === -1 ? this.phone.heard.length : at;
  }
}

export class Agent extends Character {}

export class Caller extends Character {
  readonly browser: PlainBrowser;

  constructor(name: string, teller: Teller, phone: Softphone, browser: PlainBrowser) {
    super(name, teller, phone);
    this.browser = browser;
  }

  /** 202. A bare link, or one that the bank signed. */
  async clicks(
    subject: string,
    options: { readonly signed?: Readonly<Record<string, unknown>>; readonly query?: string } = {},
  ): Promise<void> {
    const token = options.signed === undefined ? "" : `?token=${await signedToken(options.signed)}`;
    await this.#browses(() => this.browser.opens(`/talk/bank/${subject}${token}${options.query ?? ""}`));
  }

  /** 204. */
  async submitsNumber(phone: string = annsNumber): Promise<void> {
    await this.#browses(() => this.browser.submits("/talk/", { phone }));
  }

  /** 204, with the number that the bank knows. */
  async confirmsNumber(): Promise<void> {
    await this.#browses(() => this.browser.submits("/talk/"));
  }

  async cancels(): Promise<void> {
    await this.#browses(() => this.browser.submits("/cancel"));
  }

  async closesPage(): Promise<void> {
    await this.#browses(() => this.browser.submits("/close-page"));
  }

  /** The page says so, now or after one of the next changes. */
  async sees(words: string | RegExp): Promise<void> {
    await this.teller.line(async () => {
      const giveUp = AbortSignal.timeout(patienceMs);
      for (;;) {
        if (this.browser.text.match(words) !== null) return;
        await this.teller.webIsUp();
        await this.browser.reloads();
        if (this.browser.text.match(words) !== null) return;
        if (giveUp.aborted) throw new Error(`${this.name} never saw ${words}, but: ${this.browser.text}`);
        await this.browser.changes(giveUp);
      }
    });
  }

  async #browses(what: () => Promise<unknown>): Promise<void> {
    await this.teller.line(async () => {
      await this.teller.webIsUp();
      await what();
    });
  }
}

/** 204-216, where the number needs no agreement by key: from the click to the bridge. */
export async function areTalking(caller: Caller, agent: Agent): Promise<void> {
  await caller.confirmsNumber();
  await caller.answers();
  await agent.answers();
  await agent.hears("speech");
  await agent.presses("#");
  await caller.sees("Leave this page open: pages");
}

/** A click token as the bank's site makes it. */
export async function signedToken(claims: Readonly<Record<string, unknown>>): Promise<string> {
  return await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: "HS256", kid: tokenKid })
    .setIssuer("bank")
    .setAudience("tandem")
    .setJti(crypto.randomUUID())
    .setExpirationTime("10m")
    .sign(new TextEncoder().encode(tokenSecret));
}
