import type { CallRecord } from "#call-manager/call-record.ts";
import {
  type RtpPacket,
  type RtpStream,
  soundOf,
  telephoneEvents,
  telephoneEventType,
  type WireMessage,
} from "./capture.ts";
import { heardTone } from "./sound.ts";
import type { Sound } from "./wav.ts";

/** A stretch of wall-clock time. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What the platform sent to one telephone, with the moment of each sample: who heard what when. */
export interface Ear {
  /** How many RTP sources spoke to it: one, unless something went wrong. */
  readonly streams: number;
  /** The keys that reached it as telephone-events. */
  readonly keyed: string;
  /** Payload types in the order in which each first came. */
  readonly payloadTypes: readonly number[];
  readonly beganAtMs: number;
  /** All of it, from `beganAtMs` on. */
  readonly sound: Sound;
  between(span: Span): Sound;
  pacing(span: Span): Pacing;
  /** When a tone was heard. */
  hears(hz: number, options?: Parameters<typeof heardTone>[2]): readonly Span[];
}

/** How evenly packets of audio came. */
export interface Pacing {
  readonly packets: number;
  /** Those that do not hold 20 ms, or whose timestamp is not 20 ms after the one before. */
  readonly uneven: number;
  /** How much later, against their own timestamps, the last second's packets came than the first second's. */
  readonly driftMs: number;
  /** 99 of 100 came within this after the one before. */
  readonly gapP99Ms: number;
}

/** The ear of the telephone whose SIP port this is, from a capture. */
export function earOf(
  told: { readonly messages: readonly WireMessage[]; readonly streams: readonly RtpStream[] },
  sipPort: number,
): Ear {
  const answer = answerOf(told.messages, sipPort);
  const mediaPort = mediaPortOf(answer?.body ?? "");
  const streams = told.streams.filter(({ to }) => to.endsWith(`:${mediaPort}`));
  if (streams.length === 0) {
    const seen = [
      ...told.messages.map(({ from, to, startLine }) => `${from} > ${to} ${startLine}`),
      ...told.streams.map(({ from, to, packets }) => `${from} > ${to} ${packets.length} of RTP`),
    ];
    throw new Error(`nothing was sent to ${sipPort}, whose RTP port is ${mediaPort}:\n${seen.join("\n")}`);
  }
  return earFor(streams, telephoneEventType(answer?.body ?? ""));
}

/** The ear of the telephone that these streams went to; keys are of the payload type `keys`. */
export function earFor(streams: readonly RtpStream[], keys: number | undefined): Ear {
  const longest = streams.toSorted((x, y) => y.packets.length - x.packets.length)[0];
  if (longest === undefined) throw new Error("nothing was sent to it");
  const sound = soundOf(longest);
  const beganAtMs = beginningOf(longest);
  return {
    streams: streams.length,
    keyed: streams.map((stream) => telephoneEvents(stream, keys ?? -1)).join(""),
    payloadTypes: [...new Set(longest.packets.map(({ payloadType }) => payloadType))],
    beganAtMs,
    sound,
    between: ({ fromMs, toMs }) => ({
      sampleRate: 8000,
      samples: sound.samples.slice(
        Math.max(0, (fromMs - beganAtMs) * 8),
        Math.max(0, (toMs - beganAtMs) * 8),
      ),
    }),
    pacing: (within) => pacingOf(longest, within),
    hears: (hz, options) =>
      heardTone(sound, hz, options).map(({ fromSeconds, toSeconds }) => ({
        fromMs: beganAtMs + fromSeconds * 1000,
        toMs: beganAtMs + toSeconds * 1000,
      })),
  };
}

/** The keys that the telephone whose SIP port this is sent as telephone-events, each with the moment when its first packet left. */
export function keysOf(
  told: { readonly messages: readonly WireMessage[]; readonly streams: readonly RtpStream[] },
  sipPort: number,
): readonly { readonly key: string; readonly atMs: number }[] {
  const answer = answerOf(told.messages, sipPort)?.body ?? "";
  const type = telephoneEventType(answer);
  return told.streams
    .filter(({ from }) => from.endsWith(`:${mediaPortOf(answer)}`))
    .flatMap(({ packets }) => packets.filter(({ payloadType }) => payloadType === type))
    .filter(({ timestamp }, at, all) => all[at - 1]?.timestamp !== timestamp)
    .map(({ payload, atMs }) => ({ key: "0123456789*#ABCD"[payload.readUInt8(0)] ?? "?", atMs }));
}

/** The 200 to the INVITE that came to it, with the description of where it hears. */
function answerOf(messages: readonly WireMessage[], sipPort: number): WireMessage | undefined {
  return messages.find(
    ({ kind, from, body }) => kind === "200" && from.endsWith(`:${sipPort}`) && body !== "",
  );
}

function mediaPortOf(description: string): string | undefined {
  return /^m=audio (\d+) /m.exec(description)?.[1];
}

function beginningOf(stream: RtpStream): number {
  const spoken = audioOf(stream);
  return leastLate(spoken, spoken[0]?.timestamp ?? 0);
}

function audioOf({ packets }: RtpStream): readonly RtpPacket[] {
  return packets.filter(({ payloadType }) => payloadType === 0 || payloadType === 8);
}

/**
 * When the sample of `timestamp` was due, by the packet that was the least late: a busy machine may delay the first one as well
 * as any other.
 */
function leastLate(packets: readonly RtpPacket[], timestamp: number): number {
  return packets.reduce(
    (least, packet) => Math.min(least, packet.atMs - ((packet.timestamp - timestamp) | 0) / 8),
    Infinity,
  );
}

function pacingOf(stream: RtpStream, { fromMs, toMs }: Span): Pacing {
  const within = audioOf(stream).filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
  const steps = within.slice(1).map((packet, at) => {
    const before = within[at] ?? packet;
    return { gapMs: packet.atMs - before.atMs, samples: (packet.timestamp - before.timestamp) | 0 };
  });
  const gaps = steps.map(({ gapMs }) => gapMs).toSorted((x, y) => x - y);
  const origin = within[0]?.timestamp ?? 0;
  const beginning = within.filter(({ atMs }) => atMs < (within[0]?.atMs ?? 0) + 1000);
  const end = within.filter(({ atMs }) => atMs > (within.at(-1)?.atMs ?? 0) - 1000);
  return {
    packets: within.length,
    uneven:
      within.filter(({ payload }) => payload.length !== 160).length +
      steps.filter(({ samples }) => samples !== 160).length,
    driftMs: leastLate(end, origin) - leastLate(beginning, origin),
    gapP99Ms: gaps[Math.floor(gaps.length * 0.99)] ?? 0,
  };
}

/** Seconds of what was heard in the span. */
export function secondsWithin(heard: readonly Span[], { fromMs, toMs }: Span): number {
  return heard.reduce(
    (sum, each) => sum + Math.max(0, Math.min(each.toMs, toMs) - Math.max(each.fromMs, fromMs)) / 1000,
    0,
  );
}

/** When a step of the call was at work, as the call record has it. */
export function span(record: CallRecord, name: string): Span {
  const step = record.steps.find((known) => known.step === name);
  if (step?.endedAtMs === undefined) throw new Error(`the record has no ended step ${name}`);
  return { fromMs: step.beganAtMs, toMs: step.endedAtMs };
}
