import type { Cancel, Clock } from "#base/clock.ts";
import { TandemError, unreachable } from "#base/errors.ts";
import type { BridgeId, LegId, PlayId } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import type { Command, Prompt, TelecomEvent } from "#contract/telecom.ts";
import type { Journal } from "../journal/journal.ts";
import type { MediaEngine } from "../media/media-engine.ts";
import type { UserAgent } from "../sip/user-agent.ts";
import type { VoiceResponse } from "../voice-response/voice-response.ts";
import type { RelaySettings } from "../webrtc/relay-login.ts";
import type { WebRtcGateway } from "../webrtc/webrtc-gateway.ts";
import { reasonHeader } from "./end-cause.ts";
import { LegTelephone } from "./leg-telephone.ts";
import type { TelephoneStanding } from "./reach.ts";
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
  /** Undefined where no browser can come. */
  readonly gateway?: WebRtcGateway;
  /** What browsers are told to come by; undefined where they come directly. */
  readonly relays?: RelaySettings;
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
  readonly telephone: TelephoneStanding;
}

/** How long the record of a leg that ended waits for its client. */
const keptEndedMs = 10 * 60_000;

/**
 * A leg and the live things that belong to it: its telephone, its termination, its timer. The leg's machine decides; this
 * carries out. Media verbs of one line run one after another, in the order in which they were decided.
 */
export class Line {
  readonly #parts: LineParts;
  readonly #log: Log;
  readonly #command: LegRow["command"];
  #leg: Leg;
  readonly #telephone: LegTelephone;
  #chores: Promise<void> = Promise.resolve();
  #choresLeft = 0;
  #cancelTimer: Cancel = () => {};
  #rendering: AbortController | undefined;
  /** What the media engine was last given to play. It plays on until the next one's speech is there. */
  #given: PlayId | undefined;

  constructor(parts: LineParts, command: LegRow["command"], from?: Omit<LegRow, "command">) {
    this.#parts = parts;
    this.#log = parts.log.with({ leg: command.leg });
    this.#command = command;
    this.#leg = from === undefined ? dialed(command, parts.clock.now()) : resumed(from.leg);
    this.#telephone = new LegTelephone(
      {
        ...parts,
        log: this.#log,
        nowMs: () => parts.clock.now(),
        leg: () => this.#leg,
        take: (input) => this.take(input),
        noted: () => this.#note(),
        chore: (cause, work) => this.#chore(cause, work),
      },
      command,
      from?.telephone,
    );
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

  dial(): void {
    // A stored moment that has passed already: a telephone must not ring for it.
    this.take({ type: "due" });
    this.#chore("failed", () => this.#telephone.dial());
  }

  /** Goes on where another process stopped. @param hasMedia its termination is there again */
  resume(hasMedia: boolean): void {
    if (!this.isLive) return;
    // What was not written has not left: nobody's telephone rings yet.
    if (!this.#telephone.wasRung) return this.dial();
    if (!hasMedia) return this.#telephone.giveUp();
    this.#telephone.resume();
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
    // At once, where nothing is before it: what a far end hears acknowledged has been noted by then.
    const done = this.#choresLeft === 0 ? atOnce(work) : this.#chores.then(work);
    this.#choresLeft += 1;
    this.#chores = done.catch((error: unknown) => {
      const code = error instanceof TandemError ? error.code : undefined;
      this.#log.warn({ error: String(error), code }, "A line's media could not be had.");
      if (cause === "failed") this.take({ type: "failed", cause: "failed" });
    });
    this.#chores = this.#chores.finally(() => {
      this.#choresLeft -= 1;
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
        return this.#telephone.hangUp([reasonHeader(effect.reason)]);
      case "ring-again":
        return this.#telephone.ringAgain(effect.where);
      case "release":
        this.#rendering?.abort(notWanted);
        this.#telephone.release();
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
  }

  #note(): void {
    this.#parts.journal.keep(
      { kind: "leg", id: this.id },
      (): LegRow => ({
        command: this.#command,
        leg: this.#leg,
        telephone: this.#telephone.standing,
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

/** Also what it throws before it waits for anything is its promise's. */
async function atOnce(work: () => Promise<void>): Promise<void> {
  await work();
}
