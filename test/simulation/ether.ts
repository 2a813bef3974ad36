import type { LegId } from "#base/ids.ts";
import type { Clock } from "#base/clock.ts";
import type { Digit, Prompt } from "#contract/telecom.ts";
import type {
  MediaEngine,
  MediaEvent,
  PlayWish,
  TerminationStanding,
  TerminationWish,
} from "#telecom/media/media-engine.ts";
import type { VoiceResponse } from "#telecom/voice-response/voice-response.ts";
import { promptWords } from "#rig/virtual-phone.ts";

/** One telephone's end of the sound: what it hears, and that it is there. */
export interface Ear {
  readonly isThere: boolean;
  hears(words: string): void;
  hearsDigit(digit: Digit): void;
}

/** Where sound travels: the ends find each other by the port of their session descriptions. */
export class Ether {
  readonly #mouths = new Map<number, (digit: Digit) => void>();
  readonly #ears = new Map<number, Ear>();
  #ports = 10_000;

  /** A port for a telephone's ear. */
  listen(ear: Ear): number {
    this.#ports += 2;
    this.#ears.set(this.#ports, ear);
    return this.#ports;
  }

  ear(port: number | undefined): Ear | undefined {
    return port === undefined ? undefined : this.#ears.get(port);
  }

  /** A port of the unit's, where a telephone's keys are heard: a free one, or that of another life. */
  open(heard: (digit: Digit) => void, port = (this.#ports += 2)): number {
    this.#mouths.set(port, heard);
    return port;
  }

  /** Whether the unit still speaks from that port. */
  isOpen(port: number | undefined): boolean {
    return port !== undefined && this.#mouths.has(port);
  }

  close(port: number): void {
    this.#mouths.delete(port);
    this.#ears.delete(port);
  }

  /** Telephone keys, 100 ms each, to the unit's port. */
  press(port: number | undefined, digit: Digit): void {
    if (port !== undefined) this.#mouths.get(port)?.(digit);
  }

  /** Ports in use: none when every call is over. */
  get openPorts(): number {
    return this.#mouths.size;
  }
}

export function description(port: number, direction = "sendrecv", host = "198.51.100.9"): string {
  return [
    "v=0",
    `o=- ${port} 1 IN IP4 ${host}`,
    "s=-",
    `c=IN IP4 ${host}`,
    "t=0 0",
    `m=audio ${port} RTP/AVP 0 101`,
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:101 telephone-event/8000",
    `a=${direction}`,
    "",
  ].join("\r\n");
}

export function portIn(sdp: string): number | undefined {
  const found = /^m=audio (\d+) /m.exec(sdp)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** A letter of a prompt takes so long; its audio is its words, so that an ear knows what it heard. */
const msALetter = 50;
const silenceMs = 60_000;

interface Termination {
  readonly wish: TerminationWish;
  readonly port: number;
  farPort: number | undefined;
  playing: { readonly wish: PlayWish; cancel: () => void } | undefined;
  bridgedTo: LegId | undefined;
  isBlocked: boolean;
  watch: () => void;
}

/** The media engine of one life of the unit: it keeps the port's contract, and carries words and keys in place of sound. */
export function mediaOver(ether: Ether, clock: Clock): MediaEngine & { readonly terminations: number } {
  const all = new Map<LegId, Termination>();
  const listeners = new Set<(event: MediaEvent) => void>();
  const bridges = new Map<string, readonly [LegId, LegId]>();
  const tell = (event: MediaEvent): void => {
    for (const listener of [...listeners]) listener(event);
  };
  const need = (id: LegId): Termination => {
    const found = all.get(id);
    if (found === undefined) throw new Error(`no termination ${id}`);
    return found;
  };
  const ended = (id: LegId, end: "done" | "stopped" | "barged"): void => {
    const of = all.get(id);
    if (of?.playing === undefined) return;
    const { wish, cancel } = of.playing;
    cancel();
    of.playing = undefined;
    tell({ type: "playFinished", termination: id, play: wish.play, end, atMs: clock.now() });
  };
  const heard = (id: LegId, digit: Digit): void => {
    const from = all.get(id);
    if (from === undefined) return;
    if (from.playing?.wish.barge === true) ended(id, "barged");
    const other = from.bridgedTo === undefined ? undefined : all.get(from.bridgedTo);
    if (!from.isBlocked) ether.ear(other?.farPort)?.hearsDigit(digit);
    const atMs = clock.now();
    tell({ type: "dtmf", termination: id, digit, durationMs: 100, via: "rfc4733", atMs });
  };
  /** What is said into a line whose telephone is gone is noticed after a minute of silence. */
  const watch = (id: LegId, of: Termination): void => {
    of.watch = clock.at(clock.now() + silenceMs, () => {
      watch(id, of);
      // Whoever hears it may let go of it.
      if (ether.ear(of.farPort)?.isThere !== true)
        tell({ type: "mediaTimeout", termination: id, atMs: clock.now() });
    });
  };
  const open = (wish: TerminationWish, at: { port?: number; farPort: number | undefined }): Termination => {
    const { termination: id } = wish;
    const port = ether.open((digit) => heard(id, digit), at.port);
    const of = { playing: undefined, bridgedTo: undefined, isBlocked: false, watch: () => {} };
    const opened: Termination = { wish, port, farPort: at.farPort, ...of };
    all.set(id, opened);
    return opened;
  };
  const tellStanding = (id: LegId): void =>
    tell({ type: "standing", termination: id, standing: standingOf(need(id), clock.now()) });
  return {
    get terminations() {
      return all.size;
    },
    async createTermination(wish) {
      if (all.has(wish.termination)) return;
      open(wish, { farPort: undefined });
      tellStanding(wish.termination);
    },
    async restoreTermination({ wish, rtpPort, rtpPeer }) {
      const farPort = rtpPeer.named?.port;
      const of = open(wish, { port: rtpPort, farPort });
      if (farPort !== undefined) watch(wish.termination, of);
    },
    createOffer: async (id) => description(need(id).port, "sendrecv", "192.0.2.1"),
    async setAnswer(id, sdp) {
      const of = need(id);
      if (of.farPort === undefined) watch(id, of);
      of.farPort = portIn(sdp);
      tellStanding(id);
    },
    async createAnswer(id, offer) {
      const of = need(id);
      of.farPort = portIn(offer);
      tellStanding(id);
      const isHold = offer.includes("a=sendonly") || offer.includes("a=inactive");
      return description(of.port, isHold ? "recvonly" : "sendrecv", "192.0.2.1");
    },
    async play(wish) {
      const of = need(wish.termination);
      if (of.playing?.wish.play === wish.play) return;
      ended(wish.termination, "stopped");
      ether.ear(of.farPort)?.hears(Buffer.from(wish.audio).toString());
      const endsAtMs = clock.now() + wish.audio.length * msALetter;
      const cancel = wish.loop ? () => {} : clock.at(endsAtMs, () => ended(wish.termination, "done"));
      of.playing = { wish, cancel };
    },
    async stopPlay(id, play) {
      if (all.get(id)?.playing?.wish.play === play) ended(id, "stopped");
    },
    async sendDtmf(id, digits) {
      for (const digit of digits.replaceAll("w", "")) ether.ear(need(id).farPort)?.hearsDigit(digit as Digit);
    },
    async join({ bridge, terminations, blockDigitsFrom }) {
      const [one, other] = terminations;
      need(one).bridgedTo = other;
      need(other).bridgedTo = one;
      for (const id of terminations) need(id).isBlocked = blockDigitsFrom.includes(id);
      bridges.set(bridge, terminations);
    },
    async unjoin(bridge) {
      for (const id of bridges.get(bridge) ?? []) {
        const of = all.get(id);
        if (of !== undefined) of.bridgedTo = undefined;
      }
      bridges.delete(bridge);
    },
    async release(id) {
      const of = all.get(id);
      if (of === undefined) return;
      of.watch();
      of.playing?.cancel();
      ether.close(of.port);
      all.delete(id);
    },
    stats: async () => undefined,
    audit: async () => ({
      terminations: [...all.keys()],
      bridges: [],
      plays: [],
    }),
    onEvent(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close() {
      for (const of of all.values()) ether.close(of.port);
      all.clear();
    },
  };
}

/** A telephone is found by its port alone: that of the unit, and that of the far end. */
function standingOf({ wish, port, farPort }: Termination, atMs: number): TerminationStanding {
  const peer = { mayLearn: false, heard: 0 };
  return {
    wish,
    rtpPort: port,
    session: { sessionId: port, offered: [], slots: [], audioSlot: 0, body: "", version: 1 },
    rtpPeer: farPort === undefined ? peer : { ...peer, named: { address: "198.51.100.9", port: farPort } },
    rtcpPeer: peer,
    stream: { ssrc: port, sequence: 0, timestamp: 0 },
    sources: [],
    atMs,
  };
}

/** It says every prompt in a moment: the words are the sound. */
export const wordsForSound: VoiceResponse = {
  render: async (prompt: Prompt) => ({ audio: Buffer.from(promptWords(prompt)), fallback: "none" as const }),
  close: async () => {},
};
