import type { Cancel, Clock } from "#base/clock.ts";
import { TandemError, unreachable } from "#base/errors.ts";
import type { BridgeId, LegId, PlayId } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import type { Command, Prompt, TelecomEvent } from "#contract/telecom.ts";
import type { Journal } from "../journal/journal.ts";
import type { MediaEngine } from "../media/media-engine.ts";
import { isHold } from "../sdp/remote-description.ts";
import type { CallEvent } from "../sip/dialog/call-state.ts";
import { callName, type PlacedCall, type UserAgent } from "../sip/user-agent.ts";
import type { VoiceResponse } from "../voice-response/voice-response.ts";
import { reasonHeader } from "./end-cause.ts";
import { invitesFor, leadsNowhere, wayFor } from "./invite.ts";
import { dialed, type Leg, type LegEffect, type LegInput, legDueAtMs, resumed, step } from "./leg.ts";
import type { KeptTerminations } from "./kept-terminations.ts";

/** What every line of a switch works with. */
export interface LineParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly media: MediaEngine;
  readonly voice: VoiceResponse;
  readonly agent: UserAgent;
  readonly journal: Journal;
  readonly terminations: KeptTerminations;
  /** Where RTP is bound, and what descriptions name instead. */
  readonly address: string;
  readonly advertisedAddress?: string;
  readonly tell: (event: TelecomEvent) => void;
  /** The leg ended; `bridge` is the one that it stood in. */
  readonly ended: (leg: LegId, bridge: BridgeId | undefined) => void;
  /** A leg that ended ten minutes ago and was never asked for again. */
  readonly forgotten: (leg: LegId) => void;
}

/** A leg's row in the journal. */
export interface LegRow {
  readonly command: Extract<Command, { type: "dial" }>;
  readonly leg: Leg;
  /** What its SIP call is taken up by; undefined while no INVITE has left. */
  readonly call: string | undefined;
}

/** How long the record of a leg that ended waits for its client. */
const keptEndedMs = 10 * 60_000;

/**
 * A leg and the live things that belong to it: its SIP call, its termination, its timer. The leg's machine decides; this
 * carries out. Media verbs of one line run one after another, in the order in which they were decided.
 */
export class Line {
  readonly #parts: LineParts;
  readonly #log: Log;
  readonly #command: LegRow["command"];
  #leg: Leg;
  #callName: string | undefined;
  #call: PlacedCall | undefined;
  #chores: Promise<void> = Promise.resolve();
  #choresLeft = 0;
  #cancelTimer: Cancel = () => {};
  #rendering: AbortController | undefined;
  /** What the media engine was last given to play. It plays on until the next one's speech is there. */
  #given: PlayId | undefined;

  constructor(parts: LineParts, command: LegRow["command"], from?: Pick<LegRow, "leg" | "call">) {
    this.#parts = parts;
    this.#log = parts.log.with({ leg: command.leg });
    this.#command = command;
    this.#leg = from === undefined ? dialed(command, parts.clock.now()) : resumed(from.leg);
    this.#callName = from?.call;
    this.#note();
    this.#arm();
  }

  get leg(): Leg {
    return this.#leg;
  }

  get id(): LegId {
    return this.#leg.shown.leg;
  }

  get isLive(): boolean {
    return this.#leg.shown.state !== "ended";
  }

  /** 207, 210. Finds the trunk or the phone, opens the termination, sends the INVITE. */
  dial(): void {
    const command = this.#command;
    // A stored moment that has passed already: a telephone must not ring for it.
    this.take({ type: "due" });
    this.#chore("failed", async () => {
      if (!this.isLive) return;
      const { agent, media, random, address, advertisedAddress } = this.#parts;
      const way = await wayFor(command, agent);
      if (leadsNowhere(way)) return this.take({ type: "failed", cause: "unreachable" });
      if (!this.isLive) return;
      const termination = {
        termination: this.id,
        address,
        ...(advertisedAddress === undefined ? {} : { advertisedAddress }),
        codecs: command.target.codecs,
      };
      const [, sdp] = await Promise.all([media.createTermination(termination), media.createOffer(this.id)]);
      if (!this.isLive) return;
      const { identity } = command;
      const wishes = invitesFor({ identity, way, sdp, addressOver: agent.addressOver, random });
      // Known before anything of the call leaves: who goes on with it finds it by this.
      this.#callName = callName(wishes);
      this.#note();
      this.#call = agent.placeForked(wishes, (event, from) => this.#heard(event, from));
    });
  }

  /**
   * Goes on where another process stopped. @param hasMedia its termination is there again
   */
  resume(hasMedia: boolean): void {
    if (!this.isLive) return;
    // What was not written has not left: nobody's telephone rings yet.
    if (this.#callName === undefined) return this.dial();
    const taken = this.#parts.agent.takeUp(this.#callName, (event, from) => this.#heard(event, from));
    this.#call = taken?.call;
    if (taken === undefined || !hasMedia)
      return this.take({ type: "failed", cause: hasMedia ? "failed" : "media-lost" });
    const { told } = taken;
    if (told === undefined) return;
    const isNews = told.event.type === "over" || this.#leg.shown.state !== "answered";
    if (isNews) this.#heard(told.event, told.from);
  }

  take(input: LegInput): void {
    try {
      const [leg, effects] = step(this.#leg, input, this.#parts.clock.now());
      const isNew = leg !== this.#leg;
      this.#leg = leg;
      if (isNew) this.#note();
      for (const effect of effects) this.#carryOut(effect);
    } catch (error) {
      // A bug costs this input, not the process; the leg's own end moment still stands.
      this.#log.error({ error: String(error), input: input.type }, "A leg could not take what happened.");
    }
    this.#arm();
  }

  /** Runs with this line's media verbs, in turn. What it throws ends the leg with `cause`, or is only logged. */
  #chore(cause: "failed" | "log-only", work: () => Promise<void>): void {
    this.#choresLeft += 1;
    this.#chores = this.#chores.then(work).catch((error: unknown) => {
      const code = error instanceof TandemError ? error.code : undefined;
      this.#log.warn({ error: String(error), code }, "A line's media could not be had.");
      if (cause === "failed") this.take({ type: "failed", cause: "failed" });
    });
    this.#chores = this.#chores.finally(() => {
      this.#choresLeft -= 1;
    });
  }

  #heard(event: CallEvent, from: string | undefined): void {
    switch (event.type) {
      case "progress":
        return this.#progressed(event, from);
      case "answered":
        return this.#chore("failed", async () => {
          if (!this.isLive) return;
          if (event.sdp !== undefined) await this.#parts.media.setAnswer(this.id, event.sdp, from);
          this.take({ type: "answered", sipCallId: event.callId });
        });
      case "offer":
        return this.#offered(event, from);
      case "offer-wanted":
        return this.#chore("log-only", async () => {
          if (!this.isLive) return;
          this.#call?.say({ type: "offer-made", sdp: await this.#parts.media.createOffer(this.id) });
        });
      case "answer":
        return this.#chore("failed", async () => {
          if (!this.isLive) return;
          await this.#parts.media.setAnswer(this.id, event.sdp, from);
          this.take({ type: "held", onHold: isHold(event.sdp) });
        });
      case "digit": {
        const { digit, durationMs } = event.digit;
        const key = { digit, durationMs, via: "info" as const, atMs: this.#parts.clock.now() };
        // What the far end hears acknowledged has been noted; but a key pressed right after the answer must not overtake it.
        if (this.#choresLeft === 0) return this.take({ type: "digit", key });
        return this.#chore("log-only", async () => this.take({ type: "digit", key }));
      }
      case "over":
        // In turn: a far end that picks up and hangs up at once was answered all the same.
        return this.#chore("log-only", async () => this.take({ type: "over", end: event.end }));
      default:
        return unreachable(event);
    }
  }

  #progressed(event: Extract<CallEvent, { type: "progress" }>, from: string | undefined): void {
    const { status, sdp } = event;
    if (sdp === undefined) return this.take({ type: "progress", status, earlyMedia: false });
    this.#chore("log-only", async () => {
      if (!this.isLive) return;
      // Early media that cannot be used is no reason to give the call up: the answer may be better.
      const earlyMedia = await this.#parts.media.setAnswer(this.id, sdp, from).then(
        () => true,
        () => false,
      );
      this.take({ type: "progress", status, earlyMedia });
    });
  }

  #offered(event: Extract<CallEvent, { type: "offer" }>, from: string | undefined): void {
    const { key, sdp } = event;
    this.#chore("log-only", async () => {
      const { media } = this.#parts;
      if (!this.isLive) return;
      try {
        const ours =
          sdp === undefined ? await media.createOffer(this.id) : await media.createAnswer(this.id, sdp, from);
        this.#call?.say({ type: "offer-answered", key, sdp: ours });
        if (sdp !== undefined) this.take({ type: "held", onHold: isHold(sdp) });
      } catch (error) {
        this.#call?.say({ type: "offer-refused", key });
        throw error;
      }
    });
  }

  #carryOut(effect: LegEffect): void {
    const { media } = this.#parts;
    switch (effect.type) {
      case "tell":
        return this.#parts.tell(effect.event);
      case "play":
        return void this.#play(effect);
      case "stop-play":
        this.#rendering?.abort(notWanted);
        return this.#chore("log-only", () => this.#fallSilent());
      case "send-digits":
        return this.#chore("log-only", () => media.sendDtmf(this.id, effect.digits));
      case "end-call":
        return this.#call?.say({ type: "hang-up", headers: [reasonHeader(effect.reason)] });
      case "release":
        this.#rendering?.abort(notWanted);
        this.#parts.ended(this.id, effect.bridge);
        return this.#chore("log-only", async () => {
          await media.release(this.id);
          this.#parts.terminations.drop(this.id);
        });
      default:
        return unreachable(effect);
    }
  }

  /** Speech takes its time, so it is no chore: what was decided meanwhile is looked at again when the audio is there. */
  async #play(wish: { play: PlayId; prompt: Prompt; loop: boolean; barge: boolean }): Promise<void> {
    const { play, loop, barge } = wish;
    const rendering = new AbortController();
    this.#rendering?.abort(notWanted);
    this.#rendering = rendering;
    try {
      const { audio, fallback } = await this.#parts.voice.render(wish.prompt, rendering.signal);
      if (fallback !== "none") this.#log.warn({ play, fallback }, "A prompt was not spoken as it should be.");
      if (this.#leg.shown.playing !== play || rendering.signal.aborted) return;
      this.#chore("log-only", async () => {
        if (this.#leg.shown.playing !== play) return;
        try {
          await this.#parts.media.play({ termination: this.id, play, audio, loop, barge });
          this.#given = play;
        } catch (error) {
          this.take({ type: "play-ended", play, end: "failed" });
          await this.#fallSilent();
          throw error;
        }
      });
    } catch (error) {
      if (rendering.signal.aborted) return;
      this.#log.error({ error: String(error), play }, "A prompt could not be rendered.");
      this.take({ type: "play-ended", play, end: "failed" });
      this.#chore("log-only", () => this.#fallSilent());
    }
  }

  /** Ends what the media engine plays: the play that was stopped, or the one whose place it would have taken. */
  async #fallSilent(): Promise<void> {
    if (this.#given !== undefined) await this.#parts.media.stopPlay(this.id, this.#given);
  }

  /** Resolves when every media verb that was decided so far has been carried out. */
  async settled(): Promise<void> {
    await this.#chores;
  }

  /** Takes the timer down; the line is of no more use. */
  dispose(): void {
    this.#cancelTimer();
    this.#rendering?.abort(notWanted);
  }

  /** Nothing of it need be known any more. */
  forget(): void {
    this.dispose();
    this.#parts.journal.drop({ kind: "leg", id: this.id });
    if (this.#callName !== undefined) this.#parts.agent.forget(this.#callName);
  }

  #note(): void {
    this.#parts.journal.keep(
      { kind: "leg", id: this.id },
      (): LegRow => ({
        command: this.#command,
        leg: this.#leg,
        call: this.#callName,
      }),
    );
  }

  #arm(): void {
    this.#cancelTimer();
    const { endedAtMs } = this.#leg.shown;
    const { clock, forgotten } = this.#parts;
    if (endedAtMs !== undefined) {
      this.#cancelTimer = clock.at(endedAtMs + keptEndedMs, () => forgotten(this.id));
      return;
    }
    const dueAtMs = legDueAtMs(this.#leg);
    if (dueAtMs !== undefined) this.#cancelTimer = clock.at(dueAtMs, () => this.take({ type: "due" }));
  }
}

/** Said to whoever renders; without a reason of ours each abort would make an exception, with a stack to gather. */
const notWanted = "the prompt is no longer wanted";
