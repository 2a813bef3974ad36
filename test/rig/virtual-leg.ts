import type { Cancel, Clock } from "#base/clock.ts";
import type { BridgeId, LegId, PlayId } from "#base/ids.ts";
import type {
  Command,
  Digit,
  LegEndCause,
  LegState,
  PlayEnd,
  Prompt,
  Segment,
  TelecomEvent,
} from "#contract/telecom.ts";
import type { VirtualPhone } from "./virtual-phone.ts";

const ringsAfterMs = 100;

interface AroundLeg {
  readonly clock: Clock;
  readonly phone: VirtualPhone | undefined;
  readonly emit: (event: TelecomEvent) => void;
  readonly ended: (leg: LegId) => void;
  readonly heardBy: (leg: LegId) => VirtualPhone | undefined;
}

/** One line, from the unit's side. */
export class VirtualLeg {
  state: LegState;
  readonly phone: VirtualPhone | undefined;
  readonly #around: AroundLeg;
  readonly #timers = new Set<Cancel>();
  readonly #sentDigits = new Set<string>();
  #playing: { readonly play: PlayId; readonly barge: boolean; readonly cancel: Cancel } | undefined;
  #seq = 0;

  constructor(dial: Extract<Command, { type: "dial" }>, around: AroundLeg) {
    this.#around = around;
    this.phone = around.phone;
    this.state = {
      leg: dial.leg,
      state: "dialing",
      dialedAtMs: around.clock.now(),
      digits: [],
      played: {},
      onHold: false,
    };
    this.#at(dial.ringUntilMs, () => {
      if (this.state.state !== "answered") this.end("no-answer", 487);
    });
    this.#at(dial.endAtMs, () => this.end("time-limit"));
  }

  ring(): void {
    const { phone, clock, emit } = this.#around;
    const soonMs = clock.now() + ringsAfterMs;
    const reaction = phone?.reaction ?? { type: "is-unreachable" };
    if (reaction.type === "is-unreachable" || reaction.type === "is-busy") {
      const busy = reaction.type === "is-busy";
      this.#at(soonMs, () => this.end(busy ? "busy" : "unreachable", busy ? 486 : 404));
      return;
    }
    this.#at(soonMs, () => {
      if (this.state.state !== "dialing") return;
      phone?.lines.push(this);
      const atMs = clock.now();
      this.state = { ...this.state, state: "ringing", ringingAtMs: atMs };
      emit({ type: "leg-ringing", leg: this.state.leg, atMs, earlyMedia: false });
    });
    if (reaction.type === "answers") this.#at(soonMs + reaction.afterMs, () => this.answer());
    if (reaction.type === "declines") this.#at(soonMs + reaction.afterMs, () => this.end("declined", 603));
  }

  answer(): void {
    if (this.state.state !== "ringing") return;
    const atMs = this.#around.clock.now();
    const sipCallId = `virtual-${this.state.leg}`;
    this.state = { ...this.state, state: "answered", answeredAtMs: atMs, sipCallId };
    this.#around.emit({ type: "leg-answered", leg: this.state.leg, atMs, sipCallId });
  }

  end(cause: LegEndCause, sipStatus?: number): void {
    if (this.state.state === "ended") return;
    if (this.#playing !== undefined) this.endPlay(this.#playing.play, "leg-ended");
    this.close();
    const atMs = this.#around.clock.now();
    const status = sipStatus === undefined ? {} : { sipStatus };
    const { bridge: _bridge, ...rest } = this.state;
    this.state = { ...rest, state: "ended", endedAtMs: atMs, endCause: cause, ...status };
    this.#around.emit({ type: "leg-ended", leg: this.state.leg, atMs, cause, ...status });
    this.#around.ended(this.state.leg);
  }

  play(command: Extract<Command, { type: "play" }>): void {
    const { play, prompt, loop, barge } = command;
    const { clock, emit, phone } = this.#around;
    if (this.#playing?.play === play || this.state.played[play] !== undefined) return;
    if (this.state.state !== "answered") {
      const end = this.state.state === "ended" ? "leg-ended" : "failed";
      this.#note(play, end);
      return emit({ type: "play-ended", leg: this.state.leg, play, end, atMs: clock.now() });
    }
    if (this.#playing !== undefined) this.endPlay(this.#playing.play, "stopped");
    const endsAtMs = clock.now() + promptMs(prompt);
    const cancel = loop ? () => {} : this.#at(endsAtMs, () => this.endPlay(play, "done"));
    this.#playing = { play, barge, cancel };
    this.state = { ...this.state, playing: play };
    phone?.heard.push({ atMs: clock.now(), play, prompt });
  }

  endPlay(play: PlayId, end: PlayEnd): void {
    if (this.#playing?.play !== play) return;
    this.#playing.cancel();
    this.#playing = undefined;
    const { playing: _playing, ...rest } = this.state;
    this.state = rest;
    this.#note(play, end);
    const heard = this.phone?.heard.findLast((each) => each.play === play);
    if (heard !== undefined) heard.end = end;
    this.#around.emit({ type: "play-ended", leg: this.state.leg, play, end, atMs: this.#around.clock.now() });
  }

  press(digit: Digit): void {
    if (this.state.state !== "answered") return;
    const { clock, emit, heardBy } = this.#around;
    this.#seq += 1;
    const atMs = clock.now();
    const key = { seq: this.#seq, digit, atMs, durationMs: 100, via: "rfc4733" } as const;
    this.phone?.pressed.push({ atMs, digit });
    this.state = { ...this.state, digits: [...this.state.digits, key].slice(-256) };
    if (this.#playing?.barge === true) this.endPlay(this.#playing.play, "barged");
    heardBy(this.state.leg)?.heardDigits.push(digit);
    emit({ type: "digit", leg: this.state.leg, key });
  }

  sendDigits(command: Extract<Command, { type: "send-digits" }>): void {
    if (this.#sentDigits.has(command.id)) return;
    this.#sentDigits.add(command.id);
    this.phone?.heardDigits.push(...command.digits.replaceAll("w", ""));
  }

  takeDigits(throughSeq: number): void {
    this.state = { ...this.state, digits: this.state.digits.filter((key) => key.seq > throughSeq) };
  }

  join(bridge: BridgeId | undefined): void {
    const { bridge: _bridge, ...rest } = this.state;
    this.state = bridge === undefined ? rest : { ...rest, bridge };
  }

  close(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  #note(play: PlayId, end: PlayEnd): void {
    const played = Object.entries({ ...this.state.played, [play]: end }).slice(-50);
    this.state = { ...this.state, played: Object.fromEntries(played) };
  }

  #at(atMs: number, then: () => void): Cancel {
    const cancel = this.#around.clock.at(atMs, () => {
      this.#timers.delete(cancel);
      then();
    });
    this.#timers.add(cancel);
    return cancel;
  }
}

/** About what a voice needs. */
function promptMs(prompt: Prompt): number {
  return prompt.segments.reduce((sum, segment) => sum + segmentMs(segment), 0);
}

function segmentMs(segment: Segment): number {
  switch (segment.type) {
    case "text":
      return segment.text.length * 60;
    case "spell":
      return segment.text.length * 500;
    case "digits":
      return segment.digits.length * 400;
    case "pause":
      return segment.ms;
    case "file":
      return 2000;
    case "tone":
      return segment.tone === "ringback" ? 6000 : 300;
  }
}
