import type { CallRecord } from "#call-manager/call-record.ts";
import { PlainBrowser } from "#rig/plain-browser.ts";
import type { Platform } from "#rig/platform.ts";
import { annsNumber, signedToken } from "#rig/story.ts";
import { openSoftphone, type Softphone } from "../../../examples/softphones/softphone.ts";

/** Ann's and Bob's telephones for one call after the other, answered and keyed as people do who are told nothing of what goes on. */
export interface Pair extends AsyncDisposable {
  readonly user: Softphone;
  readonly center: Softphone;
}

export async function openPair(): Promise<Pair> {
  const user = await openSoftphone({ name: "Ann", sipPort: 0, answerAfterMs: 300 });
  const center = await openSoftphone({ name: "Bob", sipPort: 0, answerAfterMs: 300 });
  return {
    user,
    center,
    async [Symbol.asyncDispose]() {
      await Promise.all([user.close(), center.close()]);
    },
  };
}

/** What became of one whole call, from the click to the goodbye. */
export interface Ended {
  readonly record: CallRecord;
  readonly page: string;
  /** After the record's end. Undefined: never, within the time that is allowed. */
  readonly linesOverMs: number | undefined;
  readonly rang: readonly [user: number, center: number];
}

/** Whoever is not heard presses again. */
const againMs = 3_000;
const talkMs = 1_000;
/** Beyond what any step of a call may wait for in this configuration. */
const mostMs = 90_000;
const linesOverWithinMs = 5_000;

/** 202-219. */
export async function oneCall(platform: Platform, { user, center }: Pair): Promise<Ended> {
  const browser = new PlainBrowser(platform.url);
  const token = await signedToken({ context: { phone: annsNumber, whisperCode: "A47" } });
  await browser.opens(`/talk/bank/mortgages?token=${token}`);
  await browser.submits("/talk/");
  const bob = new Impatience(() => center.press("#"));
  const pushing = new Impatience(() => center.press("12#"));
  let bridgedAtMs: number | undefined;
  let said = false;
  const record = await ended(platform, (call) => {
    const isBridged = call.step === "converse";
    if (center.state === "talking" && !isBridged) bob.tries();
    if (!isBridged) return;
    bridgedAtMs ??= performance.now();
    if (call.pagesPushed.length === 0) return pushing.tries();
    if (said || performance.now() < bridgedAtMs + talkMs) return;
    said = true;
    user.hangUp();
  });
  const endedAtMs = performance.now();
  const areOver = (): boolean => user.state === "idle" && center.state === "idle";
  while (!areOver() && performance.now() < endedAtMs + linesOverWithinMs) await moment();
  await browser.reloads();
  return {
    record,
    page: browser.text,
    linesOverMs: areOver() ? Math.round(performance.now() - endedAtMs) : undefined,
    rang: [timesRung(user), timesRung(center)],
  };
}

async function ended(platform: Platform, look: (call: CallRecord) => void): Promise<CallRecord> {
  const giveUpMs = performance.now() + mostMs;
  for (;;) {
    const [call] = await platform.calls();
    if (call === undefined) throw new Error("the call has no record");
    if (call.state === "ended") return call;
    if (performance.now() > giveUpMs) throw new Error(`the call did not end: ${JSON.stringify(call)}`);
    look(call);
    await moment();
  }
}

function timesRung(phone: Softphone): number {
  return phone.log.filter(({ text }) => text === "rings" || text === "another caller heard busy").length;
}

/** Does it now, and again when nothing has come of it for a while. */
class Impatience {
  readonly #act: () => void;
  #againAtMs = 0;

  constructor(act: () => void) {
    this.#act = act;
  }

  tries(): void {
    if (performance.now() < this.#againAtMs) return;
    this.#againAtMs = performance.now() + againMs;
    this.#act();
  }
}

function moment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}
