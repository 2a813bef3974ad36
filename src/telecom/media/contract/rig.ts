import type { BridgeId, LegId, PlayId } from "#base/ids.ts";
import { aLawSilence, muLawSilence } from "../g711.ts";
import type { MediaEngine, MediaEvent, MediaTransport, TerminationWish } from "../media-engine.ts";
import { type HeardPacket, TestPhone } from "./test-phone.ts";
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";

export const user = "call.user" as LegId;
export const center = "call.center" as LegId;
export const bridge = "bridge" as BridgeId;
export const never: readonly LegId[] = [];
/** Ports that no test of another part of the tree asks for. */
export const portRange = { first: 22_000, last: 29_999 };

/** Opens the engine under test. */
export type EngineFactory = (wish: {
  portRange: { first: number; last: number };
  mediaTimeoutMs: number;
}) => Promise<MediaEngine>;

/** Registers one case: an engine of its own, closed after it. */
export type Check = (
  title: string,
  body: (rig: Rig) => Promise<void>,
  options?: {
    mediaTimeoutMs?: number;
    portRange?: () => Promise<{ first: number; last: number }>;
    /** Why it cannot be told here. */
    skip?: string | false;
  },
) => void;

/** One engine, its phones and everything that it told. */
export class Rig {
  readonly engine: MediaEngine;
  /** How the terminations and their phones speak, unless a case says otherwise. */
  readonly transport: MediaTransport;
  readonly events: MediaEvent[] = [];
  readonly #phones: TestPhone[] = [];
  readonly #sdp = new Map<LegId, string>();
  #waiting: (() => void)[] = [];

  constructor(engine: MediaEngine, transport: MediaTransport) {
    this.engine = engine;
    this.transport = transport;
    engine.onEvent((event) => {
      this.events.push(event);
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const resolve of waiting) resolve();
    });
  }

  /** Our end of a call, as an engine is asked for it. */
  end(address = "127.0.0.1", transport = this.transport): Omit<TerminationWish, "termination"> {
    return { address, codecs: ["PCMU", "PCMA"], transport };
  }

  async stranger(address: string, transport = this.transport): Promise<TestPhone> {
    const phone = await TestPhone.open(address, transport);
    this.#phones.push(phone);
    return phone;
  }

  /** A phone that our side has called: it has our offer, and has not answered. */
  async unanswered(leg: LegId): Promise<TestPhone> {
    const phone = await this.stranger("127.0.0.1");
    await this.engine.createTermination({ termination: leg, ...this.end() });
    const offer = await this.engine.createOffer(leg);
    this.#sdp.set(leg, offer);
    phone.callTo(offer);
    return phone;
  }

  /** A phone whose offer we answered. */
  async phone(
    leg: LegId,
    wish: {
      payloads?: string;
      attributes?: readonly string[];
      address?: string;
      transport?: MediaTransport;
    } = {},
  ): Promise<TestPhone> {
    const { address = "127.0.0.1", transport = this.transport } = wish;
    const phone = await this.stranger(address, transport);
    await this.engine.createTermination({ termination: leg, ...this.end(address, transport) });
    const answer = await this.engine.createAnswer(leg, phone.describes(wish));
    this.#sdp.set(leg, answer);
    phone.callTo(answer);
    return phone;
  }

  async bridged(
    wish: {
      centerPayloads?: string;
      centerAttributes?: readonly string[];
      block?: readonly LegId[];
      address?: string;
      centerTransport?: MediaTransport;
    } = {},
  ): Promise<[ann: TestPhone, bob: TestPhone]> {
    const address = wish.address ?? "127.0.0.1";
    const ann = await this.phone(user, { address });
    const bob = await this.phone(center, {
      payloads: wish.centerPayloads ?? "0 101",
      attributes: wish.centerAttributes ?? [],
      address,
      transport: wish.centerTransport ?? this.transport,
    });
    await this.engine.join({ bridge, terminations: [user, center], blockDigitsFrom: wish.block ?? never });
    return [ann, bob];
  }

  sdpOf(leg: LegId): string {
    return this.#sdp.get(leg) ?? "";
  }

  plays(
    termination: LegId,
    play: string,
    audio: Uint8Array,
    wish: { loop?: boolean; barge?: boolean } = {},
  ): Promise<void> {
    return this.engine.play({
      termination,
      play: play as PlayId,
      audio,
      loop: wish.loop ?? false,
      barge: wish.barge ?? false,
    });
  }

  async event(matches: (event: MediaEvent) => boolean): Promise<MediaEvent> {
    for (;;) {
      const found = this.events.find(matches);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async playEnd(play: string): Promise<string> {
    const event = await this.event((told) => told.type === "playFinished" && told.play === play);
    return event.type === "playFinished" ? event.end : "";
  }

  /** Waits for as many digits as `digits` has, and compares. */
  async digits(digits: string): Promise<void> {
    const told = (): string =>
      this.events.map((event) => (event.type === "dtmf" ? event.digit : "")).join("");
    await this.event(() => told().length >= digits.length);
    // What would come too much would have come with the packets before the engine's answer to this.
    await this.engine.audit();
    assert.equal(told(), digits);
  }

  /** Waits until the engine has taken in `count` packets of a phone. */
  async packetsIn(leg: LegId, count: number): Promise<void> {
    while (((await this.engine.stats(leg))?.packetsIn ?? 0) < count) await yieldToSockets();
  }

  async refused(leg: LegId, count: number): Promise<void> {
    while (((await this.engine.stats(leg))?.packetsRefused ?? 0) < count) await yieldToSockets();
    assert.equal((await this.engine.stats(leg))?.packetsRefused, count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.close();
    await this.engine.close();
    for (const phone of this.#phones) await phone.close();
  }
}

function yieldToSockets(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Audio of which every frame differs from its neighbours, and none is silence. */
export function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, n) => (n + Math.floor(n / 160)) % 251);
}

export function sounding(phone: TestPhone): HeardPacket[] {
  return phone.heard.filter(
    ({ payload, payloadType }) =>
      payloadType < 20 && payload.some((octet) => octet !== muLawSilence && octet !== aLawSilence),
  );
}

/** One SSRC, no sequence number missing or twice, and timestamps that never go back. */
export function assertContinuous(packets: readonly HeardPacket[]): void {
  assert.equal(new Set(packets.map(({ ssrc }) => ssrc)).size, 1);
  for (const [index, packet] of packets.entries()) {
    const previous = packets[index - 1];
    if (previous === undefined) continue;
    assert.equal((packet.sequence - previous.sequence) & 0xffff, 1, `sequence at packet ${index}`);
    const step = (packet.timestamp - previous.timestamp) | 0;
    const isAudio = packet.payload.length === 160 && previous.payload.length === 160;
    assert.ok(
      isAudio ? step >= 160 && step % 160 === 0 : step >= 0,
      `timestamp at packet ${index} went ${step} on`,
    );
  }
}

export function rtp({
  sequence,
  timestamp,
  octet,
}: {
  sequence: number;
  timestamp: number;
  octet: number;
}): Buffer {
  const packet = Buffer.alloc(172, octet);
  packet.writeUInt16BE(0x8000, 0);
  packet.writeUInt16BE(sequence, 2);
  packet.writeUInt32BE(timestamp, 4);
  packet.writeUInt32BE(0x1234_5678, 8);
  return packet;
}

export function rtcpTypes(packet: Buffer): number[] {
  const types: number[] = [];
  for (let at = 0; at < packet.length; at += packet.readUInt16BE(at + 2) * 4 + 4)
    types.push(packet.readUInt8(at + 1));
  return types;
}

export async function bindAndClose(port: number, address = "127.0.0.1"): Promise<number> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind({ port, address }, () => {
      const bound = socket.address().port;
      socket.close(() => resolve(bound));
    });
  });
}

/** One pair that is free: an even port and its neighbour. */
export async function freePair(): Promise<{ first: number; last: number }> {
  for (;;) {
    const port = (await bindAndClose(0)) & ~1;
    const both = await Promise.allSettled([bindAndClose(port), bindAndClose(port + 1)]);
    if (both.every(({ status }) => status === "fulfilled")) return { first: port, last: port + 1 };
  }
}

export async function hasIPv6(): Promise<boolean> {
  return bindAndClose(0, "::1").then(
    () => true,
    () => false,
  );
}
