import type { Digit } from "#contract/telecom.ts";
import type { MediaTransport } from "../media-engine.ts";
import { eventOf, writeTelephoneEvent } from "../telephone-event.ts";
import { makeRtpView, readRtp, rtpHeaderLength, writeRtpHeader } from "../rtp.ts";
import { TestKeys } from "./test-keys.ts";
import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";

/** One RTP packet that a test phone got. */
export interface HeardPacket {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Buffer;
  readonly fromPort: number;
}

/** A telephone for the media engine's tests: raw UDP, no SIP, says and keeps exactly what it is told. */
export class TestPhone {
  readonly heard: HeardPacket[] = [];
  readonly rtcpHeard: Buffer[] = [];
  readonly address: string;
  readonly #rtp: Socket;
  readonly #rtcp: Socket;
  #waiting: (() => void)[] = [];
  #remote: { address: string; port: number } | undefined;
  #sequence = 1_000;
  #timestamp = 50_000;
  ssrc = 0x1234_5678;
  /** Undefined of a phone that speaks plain RTP. */
  readonly keys: TestKeys | undefined;
  /** What came before it knew the key to it. */
  #sealed: { readonly packet: Buffer; readonly fromPort: number }[] = [];

  private constructor(
    address: string,
    { rtp, rtcp, keys }: { rtp: Socket; rtcp: Socket; keys: TestKeys | undefined },
  ) {
    this.address = address;
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    this.keys = keys;
    rtp.on("message", (packet, from) => this.#take(packet, from.port));
    rtcp.on("message", (packet) => {
      this.rtcpHeard.push(this.keys?.openRtcp(packet) ?? packet);
      this.#wake();
    });
  }

  static async open(address = "127.0.0.1", transport: MediaTransport = "rtp"): Promise<TestPhone> {
    const keys = transport === "srtp" ? new TestKeys() : undefined;
    return new TestPhone(address, { rtp: await bind(address), rtcp: await bind(address), keys });
  }

  get port(): number {
    return this.#rtp.address().port;
  }

  /** A session description of this phone: offer or answer, as it is used. */
  describes(
    wish: {
      payloads?: string;
      attributes?: readonly string[];
      direction?: string;
      connection?: string;
      port?: number;
    } = {},
  ): string {
    const family = isIPv6(this.address) ? "IP6" : "IP4";
    const payloads = wish.payloads ?? "0 101";
    return [
      "v=0",
      `o=phone 1 1 IN ${family} ${this.address}`,
      "s=-",
      `c=IN ${family} ${wish.connection ?? this.address}`,
      "t=0 0",
      `m=audio ${wish.port ?? this.port} ${this.keys === undefined ? "RTP/AVP" : "RTP/SAVP"} ${payloads}`,
      ...(this.keys?.describes() ?? []),
      ...(/\b101\b/.test(payloads) ? ["a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16"] : []),
      ...(wish.attributes ?? []),
      `a=rtcp:${this.#rtcp.address().port}`,
      `a=${wish.direction ?? "sendrecv"}`,
      "",
    ].join("\r\n");
  }

  /** Learns from the engine's description where to send. */
  callTo(sdp: string): void {
    const port = /^m=audio (\d+)/m.exec(sdp)?.[1];
    const address = /^c=IN IP[46] (\S+)/m.exec(sdp)?.[1];
    this.#remote = { address: address ?? "", port: Number(port) };
    this.keys?.hears(sdp);
    for (const { packet, fromPort } of this.#sealed.splice(0)) this.#take(packet, fromPort);
  }

  get remote(): { address: string; port: number } {
    if (this.#remote === undefined) throw new Error("This phone does not know whom to call.");
    return this.#remote;
  }

  /** Sends frames of 20 ms, each filled with `octet`, or `audio` in frames of that or another length, at once. */
  says(
    sound:
      | { octet: number; frames: number; payloadType?: number }
      | { audio: Uint8Array; payloadType?: number; frameMs?: number },
  ): void {
    const audio = "audio" in sound ? sound.audio : new Uint8Array(sound.frames * 160).fill(sound.octet);
    const samples = "audio" in sound ? (sound.frameMs ?? 20) * 8 : 160;
    for (let at = 0; at < audio.length; at += samples) {
      this.#timestamp += samples;
      this.#send(sound.payloadType ?? 0, audio.subarray(at, at + samples), { timestamp: this.#timestamp });
    }
  }

  /** Presses a key: `packets` of 20 ms, then three with the end bit, without those that `loses` says. */
  presses(
    digit: Digit,
    wish: {
      packets?: number;
      payloadType?: number;
      loses?: (packet: number) => boolean;
      audioOctet?: number;
    } = {},
  ): void {
    const packets = wish.packets ?? 5;
    const begin = this.#timestamp + 160;
    for (let n = 1; n <= packets + 3; n += 1) {
      const payload = Buffer.alloc(4);
      const duration = Math.min(n, packets) * 160;
      writeTelephoneEvent(payload, 0, { event: eventOf(digit), end: n > packets, duration });
      if (wish.loses?.(n) === true) this.#sequence += 1;
      else this.#send(wish.payloadType ?? 101, payload, { timestamp: begin, marker: n === 1 });
      if (wish.audioOctet === undefined) continue;
      this.#send(0, new Uint8Array(160).fill(wish.audioOctet), { timestamp: begin + (n - 1) * 160 });
    }
    this.#timestamp = begin + packets * 160 + 800;
  }

  /** Sends an RTP packet as it goes out from here: under this phone's key, when it has one. */
  sends(packet: Uint8Array): void {
    this.sendsRaw(this.keys?.protect(packet) ?? packet);
  }

  /** Sends octets as they are, from this phone's RTP port. */
  sendsRaw(octets: Uint8Array, to: { address: string; port: number } = this.remote): void {
    this.#rtp.send(octets, to.port, to.address);
  }

  /** Shows each datagram at the RTP port as it came. */
  onWire(seen: (packet: Buffer) => void): void {
    this.#rtp.on("message", seen);
  }

  /** Resolves as soon as `true_` holds; looks again after each packet. */
  async until(true_: (phone: this) => boolean): Promise<void> {
    while (!true_(this)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Resolves when `count` more packets have come. */
  async hearsMore(count: number): Promise<readonly HeardPacket[]> {
    const before = this.heard.length;
    await this.until(() => this.heard.length >= before + count);
    return this.heard.slice(before);
  }

  async close(): Promise<void> {
    await Promise.all(
      [this.#rtp, this.#rtcp].map((socket) => new Promise<void>((done) => socket.close(() => done()))),
    );
  }

  #send(
    payloadType: number,
    payload: Uint8Array,
    { timestamp, marker = false }: { timestamp: number; marker?: boolean },
  ): void {
    const packet = Buffer.alloc(rtpHeaderLength + payload.length);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    writeRtpHeader(packet, 0, { payloadType, marker, sequence: this.#sequence, timestamp, ssrc: this.ssrc });
    packet.set(payload, rtpHeaderLength);
    this.sends(packet);
  }

  #take(packet: Buffer, fromPort: number): void {
    if (this.keys === undefined) this.#hear(packet, fromPort);
    else if (!this.keys.canOpen) this.#sealed.push({ packet, fromPort });
    else this.#hear(this.keys.open(packet), fromPort);
  }

  #hear(packet: Buffer, fromPort: number): void {
    const view = makeRtpView();
    if (!readRtp(packet, packet.length, view)) throw new Error("The engine sent what is no RTP.");
    const { payloadStart, payloadEnd, ...header } = view;
    this.heard.push({ ...header, payload: packet.subarray(payloadStart, payloadEnd), fromPort });
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

async function bind(address: string): Promise<Socket> {
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind({ address, port: 0 }, () => resolve());
  });
  return socket;
}
