import { unreachable } from "#base/errors.ts";
import type { BridgeId, PermitId, PlayId } from "#base/ids.ts";
import type {
  Command,
  Digit,
  HangUpReason,
  KeyedDigit,
  LegEndCause,
  LegState,
  PlayEnd,
  Prompt,
  TelecomEvent,
} from "#contract/telecom.ts";
import type { CallEnd } from "../sip/dialog/call-state.ts";
import { causeOf, causeOfHangUp } from "./end-cause.ts";

/**
 * One telephone line, as plain JSON: what the client sees of it (`shown`) and what the switch needs besides. `step` is the
 * only way on; its effects are carried out by the switch.
 *
 *   dialing ──> ringing ──> answered <──> answered and lost
 *      └───────────┴───────────┴───────────────┴──> ended ── forget, ten minutes ──> gone
 */
export interface Leg {
  readonly shown: LegState;
  readonly permit: PermitId;
  readonly ringUntilMs: number;
  readonly endAtMs: number;
  readonly lost: Lost | undefined;
  readonly lastDigitSeq: number;
  /** For telling a key press that comes by two ways. */
  readonly lastPress: Press | undefined;
  readonly barge: boolean;
  /** `send-digits` that were carried out: a repetition is harmless. */
  readonly digitsSent: readonly string[];
}

/** Its telephone is gone, and may come back: a page that is loaded again, a network that changed. Whoever it talks to stays. */
interface Lost {
  /** When another telephone of that name rings; undefined when it was told to. */
  readonly elsewhereAtMs: number | undefined;
  readonly untilMs: number;
}

/** From when to when the last key was down, as its first telling says, and by which ways it was told: by each way once. */
interface Press {
  readonly digit: Digit;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly told: readonly KeyedDigit["via"][];
}

export type LegInput =
  | { readonly type: "progress"; readonly status: number; readonly earlyMedia: boolean }
  | { readonly type: "answered"; readonly sipCallId: string }
  | { readonly type: "over"; readonly end: CallEnd }
  | { readonly type: "held"; readonly onHold: boolean }
  | { readonly type: "digit"; readonly key: Omit<KeyedDigit, "seq"> }
  | { readonly type: "command"; readonly command: LegCommand }
  | { readonly type: "play-ended"; readonly play: PlayId; readonly end: PlayEnd }
  | { readonly type: "joined"; readonly bridge: BridgeId }
  | { readonly type: "unjoined"; readonly bridge: BridgeId }
  | { readonly type: "failed"; readonly cause: LegEndCause }
  /** The connection to its telephone, or the audio's, is gone: of a telephone that can be taken up again. */
  | { readonly type: "lost" }
  /** It has a telephone again. */
  | { readonly type: "found"; readonly sipCallId: string }
  | { readonly type: "due" };

export type LegCommand = Extract<
  Command,
  { type: "play" | "stop-play" | "send-digits" | "hang-up" | "take-digits" }
>;

export type LegEffect =
  | { readonly type: "tell"; readonly event: TelecomEvent }
  | {
      readonly type: "play";
      readonly play: PlayId;
      readonly prompt: Prompt;
      readonly loop: boolean;
      readonly barge: boolean;
    }
  /** Nothing is to be heard any more. */
  | { readonly type: "stop-play" }
  | { readonly type: "send-digits"; readonly digits: string }
  /** CANCEL or BYE. */
  | { readonly type: "end-call"; readonly reason: HangUpReason | "no-answer" }
  /** `here`: where the telephone that was lost comes back. `anywhere`: at every other place of that name. */
  | { readonly type: "ring-again"; readonly where: "here" | "anywhere" }
  /** Its termination and its bridge are no longer needed. */
  | { readonly type: "release"; readonly bridge: BridgeId | undefined };

export type LegStep = readonly [Leg, readonly LegEffect[]];

const mostDigits = 256;
const mostPlays = 50;
const mostDigitsSent = 50;
/** A page is back within three seconds; a person reaches for the other telephone in the twelve after them. */
const elsewhereAfterMs = 3_000;
const longestLostMs = 15_000;
/**
 * The same key by RFC 4733 and by INFO is one press when both were down at one time, or so close. Signalling takes its own
 * way and time, and the end of an event whose end packets were lost is noticed 150 ms and a tick late.
 */
const samePressMs = 200;

export function dialed(command: Extract<Command, { type: "dial" }>, nowMs: number): Leg {
  return {
    shown: {
      leg: command.leg,
      state: "dialing",
      dialedAtMs: nowMs,
      digits: [],
      played: {},
      onHold: false,
    },
    permit: command.permit,
    ringUntilMs: command.ringUntilMs,
    endAtMs: command.endAtMs,
    lost: undefined,
    lastDigitSeq: 0,
    lastPress: undefined,
    barge: false,
    digitsSent: [],
  };
}

/**
 * A leg as it goes on in another process. What it was playing is heard no more, and has not ended: whoever wanted it heard says it
 * again, and it is heard from its beginning.
 */
export function resumed(leg: Leg): Leg {
  const { playing: _playing, ...shown } = leg.shown;
  return { ...leg, shown, barge: false };
}

/** The moment at which `due` has something to do. */
export function legDueAtMs(leg: Leg): number | undefined {
  switch (leg.shown.state) {
    case "dialing":
    case "ringing":
      return Math.min(leg.ringUntilMs, leg.endAtMs);
    case "answered":
      return Math.min(leg.endAtMs, leg.lost?.elsewhereAtMs ?? leg.lost?.untilMs ?? Infinity);
    case "ended":
      return undefined;
    default:
      return unreachable(leg.shown.state);
  }
}

export function step(leg: Leg, input: LegInput, nowMs: number): LegStep {
  // An ended leg is a record: it answers plays that come late, and gives up its digits, nothing else.
  if (leg.shown.state === "ended") return afterEnd(leg, input, nowMs);
  switch (input.type) {
    case "progress":
      return progressed(leg, input, nowMs);
    case "answered":
      return answered(leg, input.sipCallId, nowMs);
    case "over": {
      // Its call cannot be kept up where nobody is; by a BYE the person behind it says that they are done.
      if (leg.lost !== undefined && input.end.type !== "hung-up-by-far-end") return [leg, []];
      const { cause, sipStatus } = causeOf(input.end);
      return ended(leg, { cause, sipStatus }, nowMs);
    }
    case "held":
      return held(leg, input.onHold, nowMs);
    case "digit":
      // What sounds like a key in early media was pressed by nobody whom we called.
      return leg.shown.state === "answered" ? keyed(leg, input.key, nowMs) : [leg, []];
    case "command":
      return commanded(leg, input.command, nowMs);
    case "play-ended":
      return playEnded(leg, input, nowMs);
    case "joined":
      return [{ ...leg, shown: { ...leg.shown, bridge: input.bridge } }, []];
    case "unjoined":
      return leg.shown.bridge === input.bridge ? [unjoined(leg), []] : [leg, []];
    case "failed":
      return endedByUs(leg, { cause: input.cause, reason: "unavailable" }, nowMs);
    case "lost":
      return lost(leg, nowMs);
    case "found":
      // Another telephone, or a page anew: whatever was held is not.
      return held(
        { ...leg, lost: undefined, shown: { ...leg.shown, sipCallId: input.sipCallId } },
        false,
        nowMs,
      );
    case "due":
      return due(leg, nowMs);
    default:
      return unreachable(input);
  }
}

function progressed(leg: Leg, heard: { status: number; earlyMedia: boolean }, nowMs: number): LegStep {
  // 181 and 199 tell of the call's way, not of a telephone that rings.
  const rings = heard.earlyMedia || [180, 182, 183].includes(heard.status);
  if (!rings || leg.shown.state === "answered") return [leg, []];
  const wasRinging = leg.shown.state === "ringing";
  if (wasRinging && !heard.earlyMedia) return [leg, []];
  const shown: LegState = wasRinging ? leg.shown : { ...leg.shown, state: "ringing", ringingAtMs: nowMs };
  return [
    { ...leg, shown },
    [tell({ type: "leg-ringing", leg: shown.leg, atMs: nowMs, earlyMedia: heard.earlyMedia })],
  ];
}

function answered(leg: Leg, sipCallId: string, nowMs: number): LegStep {
  if (leg.shown.state === "answered") return [leg, []];
  const shown: LegState = { ...leg.shown, state: "answered", answeredAtMs: nowMs, sipCallId };
  return [{ ...leg, shown }, [tell({ type: "leg-answered", leg: shown.leg, atMs: nowMs, sipCallId })]];
}

function held(leg: Leg, onHold: boolean, nowMs: number): LegStep {
  if (leg.shown.onHold === onHold) return [leg, []];
  return [
    { ...leg, shown: { ...leg.shown, onHold } },
    [tell({ type: "leg-held", leg: leg.shown.leg, atMs: nowMs, onHold })],
  ];
}

function keyed(leg: Leg, pressed: Omit<KeyedDigit, "seq">, nowMs: number): LegStep {
  const { digit, via, atMs, durationMs } = pressed;
  const { lastPress } = leg;
  if (lastPress !== undefined && tellsAgain(lastPress, pressed))
    return [{ ...leg, lastPress: { ...lastPress, told: [...lastPress.told, via] } }, []];
  const press: Press = { digit, fromMs: atMs - durationMs, untilMs: atMs, told: [via] };
  const key: KeyedDigit = { ...pressed, seq: leg.lastDigitSeq + 1 };
  const shown = { ...leg.shown, digits: [...leg.shown.digits, key].slice(-mostDigits) };
  const noted: Leg = { ...leg, shown, lastDigitSeq: key.seq, lastPress: press };
  const told: LegStep = [noted, [tell({ type: "digit", leg: shown.leg, key })]];
  // The media engine barges in by itself for the digits that it hears; INFO comes past it.
  if (pressed.via !== "info" || !leg.barge || shown.playing === undefined) return told;
  const play = shown.playing;
  const [after, effects] = playEnded(noted, { play, end: "barged" }, nowMs);
  return [after, [...told[1], { type: "stop-play" }, ...effects]];
}

/**
 * Whether `key` is the press that was told by another way. Both tell it at its end; an INFO perhaps at its beginning, and then
 * the event that follows reaches back to there.
 */
function tellsAgain(press: Press, key: Omit<KeyedDigit, "seq">): boolean {
  return (
    press.digit === key.digit &&
    !press.told.includes(key.via) &&
    key.atMs - key.durationMs <= press.untilMs + samePressMs &&
    press.fromMs <= key.atMs + samePressMs
  );
}

function commanded(leg: Leg, command: LegCommand, nowMs: number): LegStep {
  switch (command.type) {
    case "play":
      return playBegun(leg, command, nowMs);
    case "stop-play": {
      if (leg.shown.playing !== command.play) return [leg, []];
      const [after, effects] = playEnded(leg, { play: command.play, end: "stopped" }, nowMs);
      return [after, [{ type: "stop-play" }, ...effects]];
    }
    case "send-digits": {
      if (leg.digitsSent.includes(command.id) || leg.shown.state !== "answered") return [leg, []];
      const digitsSent = [...leg.digitsSent, command.id].slice(-mostDigitsSent);
      return [{ ...leg, digitsSent }, [{ type: "send-digits", digits: command.digits }]];
    }
    case "take-digits":
      return [taken(leg, command.throughSeq), []];
    case "hang-up": {
      const cause = causeOfHangUp(command.reason, leg.shown.state === "answered");
      return endedByUs(leg, { cause, reason: command.reason }, nowMs);
    }
    default:
      return unreachable(command);
  }
}

function playBegun(leg: Leg, command: Extract<Command, { type: "play" }>, nowMs: number): LegStep {
  const { play, prompt, loop, barge } = command;
  const { playing, played } = leg.shown;
  if (playing === play || played[play] !== undefined) return [leg, []];
  const replaced: LegStep =
    playing === undefined ? [leg, []] : playEnded(leg, { play: playing, end: "stopped" }, nowMs);
  const [now, effects] = replaced;
  return [
    { ...now, barge, shown: { ...now.shown, playing: play } },
    [...effects, { type: "play", play, prompt, loop, barge }],
  ];
}

function playEnded(leg: Leg, ended: { play: PlayId; end: PlayEnd }, nowMs: number): LegStep {
  const { playing, ...rest } = leg.shown;
  // A play that was replaced has been told already.
  if (rest.played[ended.play] !== undefined) return [leg, []];
  const played = Object.fromEntries(
    [...Object.entries(rest.played), [ended.play, ended.end] as const].slice(-mostPlays),
  );
  const still = playing === undefined || playing === ended.play ? {} : { playing };
  const shown: LegState = { ...rest, ...still, played };
  return [{ ...leg, shown }, [tell({ type: "play-ended", leg: shown.leg, ...ended, atMs: nowMs })]];
}

/** What was never up cannot be taken up again; and a second loss in the first one's time gives no more of it. */
function lost(leg: Leg, nowMs: number): LegStep {
  if (leg.shown.state !== "answered" || leg.lost !== undefined) return [leg, []];
  const times: Lost = { elsewhereAtMs: nowMs + elsewhereAfterMs, untilMs: nowMs + longestLostMs };
  return [{ ...leg, lost: times }, [{ type: "ring-again", where: "here" }]];
}

function due(leg: Leg, nowMs: number): LegStep {
  if (leg.endAtMs <= nowMs) return endedByUs(leg, { cause: "time-limit", reason: "time-limit" }, nowMs);
  if (leg.lost !== undefined && leg.lost.untilMs <= nowMs)
    return endedByUs(leg, { cause: "media-lost", reason: "unavailable" }, nowMs);
  if (leg.lost?.elsewhereAtMs !== undefined && leg.lost.elsewhereAtMs <= nowMs)
    return [
      { ...leg, lost: { ...leg.lost, elsewhereAtMs: undefined } },
      [{ type: "ring-again", where: "anywhere" }],
    ];
  const rings = leg.shown.state === "dialing" || leg.shown.state === "ringing";
  if (rings && leg.ringUntilMs <= nowMs) {
    return endedByUs(
      leg,
      { cause: neverRang(leg) ? "unreachable" : "no-answer", reason: "no-answer" },
      nowMs,
    );
  }
  return [leg, []];
}

/** It had its time and nothing rang: that is the trunk's trouble, not the person's. */
function neverRang(leg: Leg): boolean {
  return leg.shown.state === "dialing" && leg.shown.dialedAtMs < leg.ringUntilMs;
}

function endedByUs(
  leg: Leg,
  why: { cause: LegEndCause; reason: HangUpReason | "no-answer" },
  nowMs: number,
): LegStep {
  const [after, effects] = ended(leg, { cause: why.cause, sipStatus: undefined }, nowMs);
  return [after, [{ type: "end-call", reason: why.reason }, ...effects]];
}

function ended(leg: Leg, why: { cause: LegEndCause; sipStatus: number | undefined }, nowMs: number): LegStep {
  const { playing } = leg.shown;
  const silent: LegStep =
    playing === undefined ? [leg, []] : playEnded(leg, { play: playing, end: "leg-ended" }, nowMs);
  const { bridge, ...shown } = silent[0].shown;
  const status = why.sipStatus === undefined ? {} : { sipStatus: why.sipStatus };
  const after: LegState = { ...shown, state: "ended", endedAtMs: nowMs, endCause: why.cause, ...status };
  return [
    { ...silent[0], shown: after },
    [
      ...silent[1],
      { type: "release", bridge },
      tell({ type: "leg-ended", leg: shown.leg, atMs: nowMs, cause: why.cause, ...status }),
    ],
  ];
}

function afterEnd(leg: Leg, input: LegInput, nowMs: number): LegStep {
  if (input.type !== "command") return [leg, []];
  const { command } = input;
  if (command.type === "take-digits") return [taken(leg, command.throughSeq), []];
  if (command.type === "play") return playEnded(leg, { play: command.play, end: "leg-ended" }, nowMs);
  return [leg, []];
}

function taken(leg: Leg, throughSeq: number): Leg {
  const digits = leg.shown.digits.filter((key) => key.seq > throughSeq);
  return { ...leg, shown: { ...leg.shown, digits } };
}

function unjoined(leg: Leg): Leg {
  const { bridge: _bridge, ...shown } = leg.shown;
  return { ...leg, shown };
}

function tell(event: TelecomEvent): LegEffect {
  return { type: "tell", event };
}
