import { TandemError, unreachable } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { Command } from "#contract/telecom.ts";
import type { CallEvent } from "../sip/dialog/call-state.ts";
import type { HeaderLine } from "../sip/message/message.ts";
import type { PhonePlace } from "../sip/registrar/registrar.ts";
import { leadsNowhere, type Way, wayFor } from "./invite.ts";
import type { Leg, LegInput } from "./leg.ts";
import { Reach, type ReachParts, type ReachStanding, type TelephoneStanding } from "./reach.ts";
import { comesBackAt, elsewhere, isGone, type LostAt, notTakenUp, pickedUpElsewhere } from "./take-up.ts";

export interface TelephoneParts extends ReachParts {
  readonly log: Log;
  readonly nowMs: () => number;
  /** What descriptions name instead of the bound address. */
  readonly advertisedAddress?: string;
  readonly leg: () => Leg;
  readonly take: (input: LegInput) => void;
  /** Runs in turn with the leg's other media verbs. What it throws ends the leg, or is only logged. */
  readonly chore: (cause: "failed" | "log-only", work: () => Promise<void>) => void;
}

/**
 * The telephone of a leg: it is rung, answers, may be lost and taken up again. The leg's machine decides when; here is where, and by
 * which calls. One reach has the leg at a time; others may ring meanwhile.
 */
export class LegTelephone {
  readonly #parts: TelephoneParts;
  readonly #command: Extract<Command, { type: "dial" }>;
  readonly #ringing = new Set<Reach>();
  #answered: Reach | undefined;
  #lost: LostAt | undefined;
  #isGuest = false;
  #rangOnceMore = false;
  #endGuestWatch = (): void => {};
  #endFlowWatch = (): void => {};
  /** Of whatever registers as this phone, while the leg has a browser. */
  #endPhoneWatch = (): void => {};

  /** What another process has left, until it is taken up. */
  #left: TelephoneStanding | undefined;

  constructor(parts: TelephoneParts, command: Extract<Command, { type: "dial" }>, from?: TelephoneStanding) {
    this.#parts = parts;
    this.#command = command;
    this.#left = from;
  }

  get standing(): TelephoneStanding {
    if (this.#left !== undefined) return this.#left;
    const ringing = [...this.#ringing].flatMap((reach) => reach.standing ?? []);
    return { ringing, answered: this.#answered?.standing, waitsForGuest: this.#isGuest };
  }

  /** Whether anything has left for it in another process. */
  get wasRung(): boolean {
    const { ringing, answered, waitsForGuest } = this.standing;
    return ringing.length > 0 || answered !== undefined || waitsForGuest;
  }

  /** Goes on where another process stopped: on the wire again are its calls already. */
  resume(): void {
    const left = this.#left ?? { ringing: [], waitsForGuest: false };
    this.#left = undefined;
    this.#admitGuest();
    const answered = this.#resumed(left.answered);
    this.#answered = answered?.reach;
    const ringing = left.ringing.flatMap((standing) => this.#resumed(standing) ?? []);
    for (const { reach } of ringing) this.#ringing.add(reach);
    if (this.#isAnswered && answered === undefined)
      return this.#parts.take({ type: "failed", cause: "failed" });
    const place = this.#answered?.browsersPlace;
    if (place !== undefined) {
      // A browser that was rung to take it up was offered what died with the process: it is rung anew when it is back.
      for (const { reach } of ringing) if (reach.ringsBrowsers) this.#letGo(reach, notTakenUp);
      this.#resumeLost(place);
    }
    const ringingStill = ringing.filter(({ reach }) => this.#ringing.has(reach));
    // What was told last may not have been heard: it is said again, and means nothing to who has heard it.
    for (const { reach, told } of [...ringingStill, ...(answered === undefined ? [] : [answered])]) {
      if (told === undefined || (reach === this.#answered && told.event.type === "answered")) continue;
      this.#heard(reach, told);
    }
    if (!this.#isAnswered && ringing.length === 0 && !this.#isGuest)
      this.#parts.take({ type: "failed", cause: "unreachable" });
  }

  /** It cannot be gone on with: its calls are ended as its leg is. */
  giveUp(): void {
    const left = this.#left;
    this.#left = undefined;
    for (const standing of [...(left?.ringing ?? []), left?.answered]) {
      const reach = this.#resumed(standing)?.reach;
      if (reach !== undefined) this.#ringing.add(reach);
    }
    this.#parts.take({ type: "failed", cause: "media-lost" });
  }

  #resumed(standing: ReachStanding | undefined) {
    if (standing === undefined) return;
    return Reach.resumed(
      this.#parts,
      { leg: this.#id, standing },
      (reach) => (event, from, branch) => this.#heard(reach, { event, from, branch }),
    );
  }

  /** A browser's audio died with the process that held it, and its connection too: it is waited for. */
  #resumeLost(place: PhonePlace): void {
    this.#watchPlace(place);
    if (this.#isLost) this.#lost = { place, others: new Set() };
    else this.#gone("the process that held it died");
  }

  /** 207, 210. Finds the trunk or the phone, opens the termination, sends the INVITE. A guest is waited for. */
  async dial(): Promise<void> {
    const { media, address, advertisedAddress } = this.#parts;
    const { target } = this.#command;
    // In another process, perhaps, and nothing came of it.
    this.#left = undefined;
    if (!this.#isLive) return;
    if (!this.#admitGuest()) return this.#parts.take({ type: "failed", cause: "failed" });
    const way = await wayFor(this.#command, this.#parts.agent);
    if (leadsNowhere(way) && !this.#isGuest)
      return this.#parts.take({ type: "failed", cause: "unreachable" });
    if (!this.#isLive) return;
    const made = media.createTermination({
      termination: this.#id,
      address,
      ...(advertisedAddress === undefined ? {} : { advertisedAddress }),
      codecs: target.codecs,
      transport: target.media ?? "rtp",
    });
    if (leadsNowhere(way)) return await made;
    // Verbs are carried out in the order in which they are said: the offer need not wait for the termination's answer.
    const [, rings] = await Promise.all([made, this.#ring(way, false)]);
    if (!rings) this.#parts.take({ type: "failed", cause: "unreachable" });
  }

  /** In the leg's call: CANCEL or BYE for each that there is. */
  hangUp(headers: readonly HeaderLine[]): void {
    for (const reach of this.#all()) reach.say({ type: "hang-up", headers });
  }

  /** The leg has ended. */
  release(): void {
    for (const reach of this.#all()) reach.end([]);
    this.#ringing.clear();
    this.#endFlowWatch();
    this.#endPhoneWatch();
    this.#endGuestWatch();
    const { target } = this.#command;
    if (this.#isGuest && target.type === "phone") this.#parts.agent.phones.dismissGuest(target.phone);
    this.#isGuest = false;
  }

  /** The leg's machine wants its telephone back. */
  ringAgain(where: "here" | "anywhere"): void {
    this.#parts.chore("log-only", async () => {
      const { target } = this.#command;
      if (target.type !== "phone" || this.#lost === undefined || !this.#isLost) return;
      const places = this.#parts.agent.phones.places(target.phone);
      const ringing = [...this.#ringing].flatMap((reach) => reach.places);
      const back = comesBackAt(places, this.#lost);
      const resumed = where === "here" && back !== undefined ? elsewhere([back], ringing) : [];
      const rung = where === "anywhere" ? elsewhere(places, ringing) : [];
      for (const [found, resumes] of [
        [resumed, true],
        [rung, false],
      ] as const) {
        if (found.length > 0) await this.#ring({ type: "phone", user: target.user, places: found }, resumes);
      }
    });
  }

  get #id() {
    return this.#command.leg;
  }

  get #isLive(): boolean {
    return this.#parts.leg().shown.state !== "ended";
  }

  get #isLost(): boolean {
    return this.#parts.leg().lost !== undefined;
  }

  get #isAnswered(): boolean {
    return this.#parts.leg().shown.state === "answered";
  }

  #all(): readonly Reach[] {
    return [...this.#ringing, ...(this.#answered === undefined ? [] : [this.#answered])];
  }

  /** False when the guest's name is somebody else's. */
  #admitGuest(): boolean {
    const { target } = this.#command;
    if (target.type !== "phone" || target.guest === undefined) return true;
    const { phones } = this.#parts.agent;
    this.#isGuest = phones.admitGuest(target.phone, target.guest.digest);
    if (this.#isGuest) this.#endGuestWatch = phones.watch(target.phone, () => this.#guestCame());
    return this.#isGuest;
  }

  /** A page that was loaded again while it rang is rung anew. */
  #guestCame(): void {
    this.#parts.chore("failed", async () => {
      if (!this.#isLive || this.#isAnswered) return;
      const way = await wayFor(this.#command, this.#parts.agent);
      const ringing = [...this.#ringing].flatMap((reach) => reach.places);
      if (way.type !== "phone") return;
      const places = elsewhere(way.places, ringing);
      if (places.length > 0) await this.#ring({ ...way, places }, false);
    });
  }

  async #ring(way: Way, resumes: boolean): Promise<boolean> {
    const reach = await Reach.make(
      this.#parts,
      { leg: this.#id, way, lost: (which) => this.#audioLost(which) },
      (why) => this.#parts.log.warn({ error: why }, "A browser's telephone could not be offered WebRTC."),
    );
    if (reach === undefined) return false;
    if (!this.#isLive) {
      reach.end([]);
      return true;
    }
    this.#ringing.add(reach);
    const { identity, endAtMs } = this.#command;
    reach.ring({ identity, resumes, endAtMs }, (event, from, branch) =>
      this.#heard(reach, { event, from, branch }),
    );
    return true;
  }

  #heard(reach: Reach, heard: { event: CallEvent; from: string | undefined; branch: number }): void {
    const { event, from } = heard;
    const { chore, take } = this.#parts;
    switch (event.type) {
      case "progress":
        return this.#progressed(reach, { ...heard, event });
      case "answered":
        return chore("failed", () => this.#pickedUp(reach, { ...heard, event }));
      case "offer":
        return chore("log-only", () => this.#offered(reach, event, from));
      case "offer-wanted":
        return chore("log-only", async () => {
          if (this.#isLive) reach.say({ type: "offer-made", sdp: await reach.offer() });
        });
      case "answer":
        return chore("failed", async () => {
          if (!this.#isLive || reach !== this.#answered) return;
          take({ type: "held", onHold: await reach.answer(event.sdp, from) });
        });
      case "digit": {
        const { digit, durationMs } = event.digit;
        const key = { digit, durationMs, via: "info" as const, atMs: this.#parts.nowMs() };
        // In turn: a key pressed right after the answer must not overtake it.
        return chore("log-only", async () => {
          if (reach === this.#answered) take({ type: "digit", key });
        });
      }
      case "over":
        // In turn: a far end that picks up and hangs up at once was answered all the same.
        return chore("log-only", async () => this.#over(reach, event));
      default:
        return unreachable(event);
    }
  }

  #progressed(
    reach: Reach,
    heard: { event: Extract<CallEvent, { type: "progress" }>; from: string | undefined; branch: number },
  ): void {
    const { status, sdp } = heard.event;
    const { chore, take, media } = this.#parts;
    if (sdp === undefined || !reach.mayPlayEarly(heard.branch))
      return take({ type: "progress", status, earlyMedia: false });
    chore("log-only", async () => {
      // What rings for a leg that is answered may not be heard before it is picked up.
      if (!this.#isLive || this.#isAnswered) return;
      // Early media that cannot be used is no reason to give the call up: the answer may be better.
      const earlyMedia = await media.setAnswer(this.#id, sdp, heard.from).then(
        () => true,
        () => false,
      );
      take({ type: "progress", status, earlyMedia });
    });
  }

  async #pickedUp(
    reach: Reach,
    heard: { event: Extract<CallEvent, { type: "answered" }>; from: string | undefined; branch: number },
  ): Promise<void> {
    if (!this.#isLive) return;
    // Two rang, and both were picked up.
    if (this.#isAnswered && !this.#isLost) return this.#letGo(reach, pickedUpElsewhere);
    try {
      await reach.answered(heard.branch, heard.event.sdp, heard.from);
    } catch (error) {
      if (!this.#isLost) {
        if (await this.#ringsOnceMore(reach, heard.branch, error)) return;
        throw error;
      }
      // The leg was lost before, and is no more lost than it was: another try may come.
      this.#letGo(reach, notTakenUp);
      const code = error instanceof TandemError ? error.code : undefined;
      return this.#parts.log.warn({ error, code }, "A leg could not be taken up again.");
    }
    if (!this.#isLive) return;
    const before = this.#answered;
    this.#answered = reach;
    this.#ringing.delete(reach);
    this.#parts.noted();
    for (const other of this.#ringing) this.#letGo(other, pickedUpElsewhere);
    this.#watchPlace(reach.browsersPlace);
    if (before === undefined) return this.#parts.take({ type: "answered", sipCallId: heard.event.callId });
    before.end(pickedUpElsewhere);
    this.#parts.log.info({}, "A leg was taken up again.");
    this.#parts.take({ type: "found", sipCallId: heard.event.callId });
  }

  /**
   * A browser's handshake may fail by the library's own haste (docs/decisions/0072), so the page is called once more, and answers by
   * itself. One that lies about its certificate gains nothing by it.
   */
  async #ringsOnceMore(reach: Reach, branch: number, error: unknown): Promise<boolean> {
    const place = reach.places[branch];
    const { target } = this.#command;
    const isHandshake = error instanceof TandemError && error.code === "WEBRTC_FAILED";
    if (!isHandshake || this.#rangOnceMore || place === undefined || target.type !== "phone") return false;
    this.#rangOnceMore = true;
    this.#letGo(reach, notTakenUp);
    if (!this.#isLive) return false;
    return await this.#ring({ type: "phone", user: target.user, places: [place] }, true);
  }

  async #offered(
    reach: Reach,
    { key, sdp }: Extract<CallEvent, { type: "offer" }>,
    from: string | undefined,
  ): Promise<void> {
    if (!this.#isLive) return;
    // A telephone that rings for a leg which is answered has no say in what that hears.
    if (this.#isAnswered && reach !== this.#answered) return reach.say({ type: "offer-refused", key });
    try {
      const ours = await reach.offered(sdp, from);
      reach.say({ type: "offer-answered", key, sdp: ours.sdp });
      if (ours.onHold !== undefined) this.#parts.take({ type: "held", onHold: ours.onHold });
    } catch (error) {
      reach.say({ type: "offer-refused", key });
      throw error;
    }
  }

  #over(reach: Reach, { end }: Extract<CallEvent, { type: "over" }>): void {
    if (reach === this.#answered) return this.#parts.take({ type: "over", end });
    if (!this.#ringing.delete(reach)) return;
    this.#parts.noted();
    reach.end([]);
    if (this.#isAnswered || this.#ringing.size > 0) return;
    // A guest's page that went is waited for: it may be loaded again.
    if (this.#isGuest && isGone(end)) return;
    this.#parts.take({ type: "over", end });
  }

  #letGo(reach: Reach, headers: readonly HeaderLine[]): void {
    this.#ringing.delete(reach);
    this.#parts.noted();
    reach.end(headers);
  }

  /** A page that is closed or loaded again ends its connection before anything else is noticed. */
  #watchPlace(place: PhonePlace | undefined): void {
    const { agent } = this.#parts;
    const { target } = this.#command;
    this.#endFlowWatch();
    this.#endPhoneWatch();
    this.#lost = undefined;
    if (place === undefined || target.type !== "phone") return;
    this.#endFlowWatch = agent.watchFlow(place.flow, () => this.#gone("its connection ended"));
    this.#endPhoneWatch = agent.phones.watch(target.phone, () => this.ringAgain("here"));
  }

  #audioLost(reach: Reach): void {
    if (reach === this.#answered) this.#gone("its audio ended");
  }

  #gone(why: string): void {
    const place = this.#answered?.browsersPlace;
    const { target } = this.#command;
    if (place === undefined || target.type !== "phone" || this.#isLost || !this.#isLive) return;
    const places = this.#parts.agent.phones.places(target.phone).map(({ uri }) => uri);
    this.#lost = { place, others: new Set(places.filter((uri) => uri !== place.uri)) };
    this.#parts.log.info({ why }, "A leg lost its browser; it is waited for.");
    this.#parts.take({ type: "lost" });
  }
}
