import assert from "node:assert/strict";
import type { CallRecord } from "#call-manager/call-record.ts";
import type { CallOutcome } from "#call-manager/pages.ts";
import type { ConfigShape, PolicyShape, SubscriberShape, TrunkShape } from "#network/config-schema.ts";
import { type BankPorts, bankConfig } from "./bank.ts";
import type { WireMessage } from "./capture.ts";
import { isProofOf, type Login } from "./digest-proof.ts";
import { PlainBrowser } from "./plain-browser.ts";
import type { Platform } from "./platform.ts";
import { freePort } from "./ports.ts";
import { whileUp } from "./restless-web.ts";
import { startSilentTelephone, startTelephone, type Telephone } from "./sipp/telephone.ts";
import type { Act } from "./sipp/telephone-acts.ts";
import { complaintsOf, isRequest } from "./wire-audit.ts";

/** One way for a call to go, as a line of a table. */
export interface UnhappyStory {
  readonly title: string;
  /** What Ann's telephone does. `silent`: it is there, and says nothing. */
  readonly ann: readonly Act[] | "silent";
  /** What the telephone of the center does; without a word here it must never be called. */
  readonly bob?: readonly Act[];
  /** A second center, for when the first one does not work out. */
  readonly carol?: readonly Act[];
  /** Both telephones send back what they hear: a line on which nothing comes for a minute is given up. */
  readonly talks?: boolean;
  /** Whose telephone is gone in the end, without a word: what is said to it then is not judged. */
  readonly vanishes?: "ann" | "bob";
  readonly policy?: PolicyShape;
  readonly whisper?: string;
  /** The users' trunk, the center's trunk: what the configuration says beside the address. */
  readonly trunk?: Partial<TrunkShape>;
  /** Both trunks have asked for a proof of who calls, and were given this one's. */
  readonly proves?: Login;
  /** Every tenth datagram on both legs is lost, by this seed. */
  readonly lossSeed?: string;
  /** INVITE transactions of a leg, when it is challenged or redirected. */
  readonly invites?: { readonly ann?: number; readonly bob?: number };
  /** What the people do meanwhile; those who only answer, refuse and are hung up need no telling. */
  readonly tell?: (scene: Scene) => Promise<void>;
  readonly outcome: CallOutcome;
  /** What Ann's browser shows in the end. */
  readonly page: string;
  /** The step that was under way when the call was over. */
  readonly during?: string;
}

export interface Scene {
  readonly browser: UnhappyBrowser;
  readonly ann: Telephone;
  readonly bob: Telephone;
  readonly carol: Telephone;
  /** Resolves when this step of the call is under way. */
  reaches(step: string): Promise<void>;
  /** Kill -9; the people go on meanwhile; then the next life comes up. */
  webDies(meanwhile: () => Promise<void>): Promise<void>;
}

/** What the wire lost of each telephone's messages (`Telephone.lost`). */
export interface Lost {
  readonly ann: readonly string[];
  readonly bob: readonly string[];
}

/** A story with the subscriber, the number and the ports that are its own. */
export interface CastStory extends UnhappyStory {
  readonly subscriber: string;
  readonly number: string;
  readonly ports: BankPorts;
}

export async function cast(stories: readonly UnhappyStory[]): Promise<readonly CastStory[]> {
  const told: CastStory[] = [];
  for (const [index, story] of stories.entries()) {
    const number = `+1202555${String(index).padStart(4, "0")}`;
    const overflow = story.carol === undefined ? {} : { overflow: await freePort() };
    const ports = { user: await freePort(), center: await freePort(), ...overflow };
    told.push({ ...story, subscriber: `bank-${index}`, number, ports });
  }
  return told;
}

/** Words that take half a second to say: most of these calls end before anybody would listen. */
const shortWords = {
  userGreeting: "Hello.",
  userConfirm: "Press 1.",
  callingCenter: "Hold on.",
  signOnPrompt: "Press pound.",
  centerUnavailable: "Sorry.",
  goodbye: "Goodbye.",
};

/** One bank a story, so that each has the policy and the trunks that it is about. */
export function configOf(stories: readonly CastStory[]): ConfigShape {
  const trunks: Record<string, TrunkShape> = {};
  const subscribers: Record<string, SubscriberShape> = {};
  for (const story of stories) {
    const { policy = {}, subscriber: name } = story;
    const words = { ...shortWords, ...policy.announcements };
    const config = bankConfig(story.ports, {
      confirmation: "never",
      signOn: { seconds: 15, asks: 1 },
      ...policy,
      announcements: words,
    });
    const bank = config.subscribers["bank"];
    const mortgages = bank?.subjects["mortgages"];
    assert.ok(bank !== undefined && mortgages !== undefined);
    for (const [trunk, address] of Object.entries(config.trunks))
      trunks[`${name}-${trunk}`] = { ...address, ...story.trunk };
    const routes = mortgages.routes.map((route) => ({ ...route, trunk: `${name}-${route.trunk}` }));
    subscribers[name] = {
      ...bank,
      trunk: `${name}-users`,
      subjects: { mortgages: { ...mortgages, whisper: story.whisper ?? "Mortgages.", routes } },
    };
  }
  return { trunks, subscribers };
}

/** A session is refreshed after 45 s at the earliest (RFC 4028 4, 7.2): nothing else takes as long. */
const patienceMs = 75_000;

/** Ann's browser, without script. A page that fails because the web process died over it is asked for again. */
export class UnhappyBrowser {
  readonly #platform: Platform;
  readonly #browser: PlainBrowser;

  constructor(platform: Platform) {
    this.#platform = platform;
    this.#browser = new PlainBrowser(platform.url);
  }

  async asksForACall(story: CastStory): Promise<void> {
    await whileUp(this.#platform, () => this.#browser.opens(`/talk/${story.subscriber}/mortgages`));
    await whileUp(this.#platform, () => this.#browser.submits("/talk/", { phone: story.number }));
  }

  /** The page says so, now or after one of the next changes. */
  async shows(words: string): Promise<void> {
    const giveUp = AbortSignal.timeout(patienceMs);
    for (;;) {
      await whileUp(this.#platform, () => this.#browser.reloads());
      const { text } = this.#browser;
      if (text.includes(words)) return;
      const over = text.includes("Call again");
      assert.ok(!over && !giveUp.aborted, `Ann never saw "${words}", but: ${text}`);
      await this.#browser.changes(giveUp);
    }
  }

  /** The button "Cancel the call" or "Hang up", whichever stands there. */
  async endsTheCall(): Promise<void> {
    await whileUp(this.#platform, () => this.#browser.submits("/cancel"));
  }
}

/** Tells one story to its end, and asserts all that must hold of any call beside what the story says of this one. */
export async function tellUnhappyStory(platform: Platform, story: CastStory): Promise<Lost> {
  await using telephones = new AsyncDisposableStack();
  const { ports } = story;
  const telephone = async (who: "ann" | "bob" | "carol", port: number): Promise<Telephone | undefined> => {
    const acts = story[who];
    if (acts === undefined || acts === "silent") return undefined;
    const loss = story.lossSeed === undefined ? {} : { lossSeed: `${story.lossSeed} ${who}` };
    return telephones.use(await startTelephone({ port, acts, echoes: story.talks === true, ...loss }));
  };
  const ann = await telephone("ann", ports.user);
  const bob = await telephone("bob", ports.center);
  const carol = ports.overflow === undefined ? undefined : await telephone("carol", ports.overflow);
  if (ann === undefined) telephones.use(await startSilentTelephone(ports.user));
  const nobody = bob === undefined ? telephones.use(await startSilentTelephone(ports.center)) : undefined;

  const browser = new UnhappyBrowser(platform);
  try {
    await browser.asksForACall(story);
    await story.tell?.({
      browser,
      get ann() {
        return present(ann);
      },
      get bob() {
        return present(bob);
      },
      get carol() {
        return present(carol);
      },
      async reaches(step) {
        const giveUp = AbortSignal.timeout(patienceMs);
        while ((await recordOf(platform, story)).step !== step) {
          assert.ok(!giveUp.aborted, `the call never came to ${step}`);
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      },
      async webDies(meanwhile) {
        await platform.killWeb();
        try {
          await meanwhile();
        } finally {
          await platform.startWeb();
        }
      },
    });
    await browser.shows(story.page);
    assertRecord(await recordOf(platform, story), story);
    for (const each of [ann, bob, carol]) await each?.isDone();
  } catch (error) {
    const record = await recordOf(platform, story).catch(String);
    const wire = [ann, bob, carol].map((phone) =>
      phone?.messages().map(({ from, startLine }) => `${from} ${startLine}`),
    );
    throw new Error(`${String(error)}\n${JSON.stringify({ record, wire }, null, 1)}`, { cause: error });
  }
  assert.deepEqual(nobody?.heard ?? [], [], "a center was called that must not be called");
  if (story.vanishes !== "ann") assertWire("Ann's leg", ann, story.invites?.ann);
  if (story.vanishes !== "bob") assertWire("the center's leg", bob, story.invites?.bob);
  assertWire("the second center's leg", carol);
  if (story.proves !== undefined) assertProofs(story.proves, [ann, bob]);
  const lost = { ann: ann?.lost() ?? [], bob: bob?.lost() ?? [] };
  if (story.lossSeed !== undefined) assert.ok(lost.ann.length + lost.bob.length > 0, "nothing was lost");
  return lost;
}

function assertProofs(login: Login, telephones: readonly (Telephone | undefined)[]): void {
  for (const { kind, header } of telephones.map(lastInvite)) {
    const proof = header("authorization") ?? header("proxy-authorization") ?? "";
    assert.ok(isProofOf(login, { method: kind, proof }), `no proof: ${proof}`);
  }
}

function present(telephone: Telephone | undefined): Telephone {
  assert.ok(telephone !== undefined, "nobody of that name has a telephone in this story");
  return telephone;
}

function assertWire(whose: string, telephone: Telephone | undefined, invites = 1): void {
  if (telephone === undefined) return;
  const messages = telephone.messages();
  const lines = messages.map(({ from, startLine }) => `${from}: ${startLine}`).join("\n");
  assert.deepEqual(complaintsOf(messages, { invites }), [], `${whose}:\n${lines}`);
}

function lastInvite(telephone: Telephone | undefined): WireMessage {
  const invite = telephone?.messages().findLast((message) => isRequest(message, "INVITE"));
  assert.ok(invite !== undefined);
  return invite;
}

function assertRecord(record: CallRecord, story: CastStory): void {
  assert.equal(record.outcome, story.outcome);
  assert.equal(record.state, "ended");
  const centers = [story.bob, story.carol].filter((center) => center !== undefined);
  assert.equal(record.routesTried.length, centers.length, "centers called");
  const talked = story.outcome === "completed" || story.outcome === "time-limit";
  assert.equal(record.bridgedSeconds > 0, talked, "bridged");
  if (story.during !== undefined) assert.equal(stepBeforeGoodbye(record), story.during);
}

function stepBeforeGoodbye(record: CallRecord): string | undefined {
  return record.steps.filter(({ step }) => step !== "say-goodbye").at(-1)?.step;
}

/** Exactly one record for each attempt. */
async function recordOf(platform: Platform, story: CastStory): Promise<CallRecord> {
  const calls = await whileUp(platform, () => platform.calls());
  const records = calls.filter((record) => record.subscriber === story.subscriber);
  assert.equal(records.length, 1, `${records.length} records for one attempt`);
  const [record] = records;
  assert.ok(record !== undefined);
  return record;
}
