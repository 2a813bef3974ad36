/**
 * The telephones of a soak, or of calls that are set up at a rate: one SIP line for all visitors, one for the center, as many calls at once as come. What the people
 * at them do stands in each call's plan. They are light: RTP is one socket a side, and most lines are silent but for keys.
 */
import { type Cancel, systemClock } from "#base/clock.ts";
import { incomingCall } from "../../../examples/softphones/incoming.ts";
import { type Dialog, SipLine } from "../../../examples/softphones/sip-line.ts";
import { openMouths, type Mouth, type Mouths } from "./mouths.ts";
import type { FromPhones, LegSeen, Side, ToPhones } from "./phones-process.ts";
import { callOf, type Manner, type Plan, planOf } from "./plan.ts";

const manner = JSON.parse(process.argv[2] ?? "") as Manner;
const legs: LegSeen[] = [];
const notes: string[] = [];
let up = 0;

class Party {
  readonly #side: Side;
  readonly #mouths: Mouths;
  readonly #live = new Map<Dialog, Live>();
  #line: SipLine | undefined;

  constructor(side: Side, mouths: Mouths) {
    this.#side = side;
    this.#mouths = mouths;
  }

  async open(): Promise<number> {
    this.#line = await SipLine.open({
      name: this.#side,
      address: "127.0.0.1",
      port: 0,
      // Of a minute and more, with all calls at once that come after a death.
      keptAnswers: 20_000,
      listener: {
        invited: (dialog) => this.#invited(dialog),
        reinvited: (dialog, offer) => this.#live.get(dialog)?.mouth.speaksTo(offer),
        acknowledged: (dialog) => this.#acknowledged(dialog),
        ended: (dialog, why) => this.#ended(dialog, why),
        note: (text) => void notes.push(text),
      },
    });
    return this.#line.port;
  }

  #invited(dialog: Dialog): void {
    const { dialled, from } = incomingCall(dialog.invite);
    // The center's display has the visitor's number (ANI).
    const call = callOf(this.#side === "user" ? dialled : from);
    const seen: LegSeen = { call, side: this.#side, rangAtMs: systemClock.now() };
    legs.push(seen);
    up += 1;
    const plan = planOf(manner, call);
    const live: Live = { seen, plan, mouth: this.#mouths.open(), cancels: [] };
    this.#live.set(dialog, live);
    this.#line?.ring(dialog);
    const status = refusals[plan.way];
    if (status?.side === this.#side)
      return this.#later(live, ringsMs(plan, this.#side), () => {
        this.#line?.refuse(dialog, status.status);
        this.#ended(dialog, "refused");
      });
    if (plan.way === (this.#side === "user" ? "the visitor does not answer" : "the center does not answer"))
      return;
    // The center is still ringing when the visitor loses patience.
    const longer = plan.way === "the visitor hangs up while the center rings" && this.#side === "center";
    this.#later(live, ringsMs(plan, this.#side) + (longer ? 8_000 : 0), () => this.#answers(dialog, live));
  }

  #answers(dialog: Dialog, live: Live): void {
    const description = live.mouth.speaksTo(dialog.invite.body);
    if (description === undefined) return void notes.push(`no audio in the offer of ${live.seen.call}`);
    live.seen.answeredAtMs = systemClock.now();
    this.#line?.accept(dialog, description);
  }

  #acknowledged(dialog: Dialog): void {
    const live = this.#live.get(dialog);
    // The ACK of a re-INVITE begins nothing.
    if (live === undefined || live.acts) return;
    live.acts = true;
    const { plan, mouth } = live;
    if (plan.talks) mouth.talks();
    const hangsUp = (afterMs: number): void =>
      this.#later(live, afterMs, () => {
        this.#line?.hangUp(dialog);
        this.#ended(dialog, "hung up here");
      });
    if (this.#side === "user") {
      if (plan.way === "the visitor hangs up while it is announced") return hangsUp(500);
      if (plan.types) this.#later(live, 1_000, () => mouth.keys("1"));
      if (plan.way === "the visitor hangs up while the center rings") hangsUp(plan.types ? 5_000 : 3_500);
      // The visitor is on the line some 6 s before the center: both ways to end fall into the conversation.
      if (plan.way === "the visitor hangs up") hangsUp(plan.hangsUpAfterMs + 6_000);
      return;
    }
    if (plan.way === "the center hangs up before it has signed on") return hangsUp(500);
    if (plan.way === "nobody signs on") return;
    this.#later(live, 300, () => mouth.keys("#"));
    if (plan.keysPageAfterMs !== undefined)
      this.#later(live, 300 + plan.keysPageAfterMs, () => mouth.keys("12#"));
    if (plan.way === "the center hangs up") hangsUp(300 + plan.hangsUpAfterMs);
  }

  #ended(dialog: Dialog, why: string): void {
    const live = this.#live.get(dialog);
    if (live === undefined) return;
    this.#live.delete(dialog);
    for (const cancel of live.cancels) cancel();
    live.mouth.close();
    live.seen.endedAtMs = systemClock.now();
    live.seen.why = why;
    up -= 1;
  }

  #later(live: Live, ms: number, then: () => void): void {
    live.cancels.push(systemClock.at(systemClock.now() + ms, then));
  }
}

interface Live {
  readonly seen: LegSeen;
  readonly plan: Plan;
  readonly mouth: Mouth;
  readonly cancels: Cancel[];
  acts?: boolean;
}

const refusals: Partial<Record<Plan["way"], { readonly side: Side; readonly status: number }>> = {
  "the visitor is busy": { side: "user", status: 486 },
  "the visitor declines": { side: "user", status: 603 },
  "the center is busy": { side: "center", status: 486 },
};

function ringsMs(plan: Plan, side: Side): number {
  return side === "user" ? plan.userRingsMs : plan.centerRingsMs;
}

function tell(message: FromPhones): void {
  process.send?.(message);
}

process.on("message", (wish: ToPhones) =>
  tell(wish.type === "tell" ? { type: "told", legs, notes } : { type: "counted", up }),
);
const user = await new Party("user", await openMouths()).open();
const center = await new Party("center", await openMouths()).open();
tell({ type: "bound", ports: { user, center } });
