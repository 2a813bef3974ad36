import { createSocket, type Socket } from "node:dgram";
import { randomInt } from "node:crypto";
import { systemClock } from "#base/clock.ts";
import type { Digit } from "#contract/telecom.ts";
import { rtpHeaderLength, writeRtpHeader } from "#telecom/media/rtp.ts";
import { eventOf, telephoneEventLength, writeTelephoneEvent } from "#telecom/media/telephone-event.ts";
import { type Agreement, agreementOf, describe } from "../../../examples/softphones/description.ts";

/** Many calls' RTP by one socket: the platform's port tells whose a packet is. What is heard is not listened to. */
export interface Mouths {
  open(): Mouth;
}

/** What one telephone says. */
export interface Mouth {
  /** Our description as an answer to theirs; undefined when there is no audio in it for us. */
  speaksTo(offer: Uint8Array): string | undefined;
  /** From now on, until it is closed. */
  talks(): void;
  /** RFC 4733, one after the other. */
  keys(digits: string): void;
  close(): void;
}

const frameMs = 20;
const frameSamples = 160;
/** 100 ms down, the end of it three times (RFC 4733 2.5.1.4), and a pause. */
const keyFrames = 5;
const endFrames = 2;
const pauseFrames = 4;

export async function openMouths(): Promise<Mouths> {
  const socket = createSocket({ type: "udp4", recvBufferSize: 1 << 20 });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const frames = new Set<Speaking>();
  let slot = systemClock.now();
  const next = (): void => {
    const nowMs = systemClock.now();
    // A twentieth of them speaks each millisecond, by absolute time.
    for (; slot <= nowMs; slot += 1)
      for (const mouth of frames) if (slot % frameMs === mouth.phase) mouth.frame();
    systemClock.at(slot, next);
  };
  next();
  return { open: () => new Speaking(socket, frames) };
}

class Speaking implements Mouth {
  readonly phase = randomInt(frameMs);
  readonly #socket: Socket;
  readonly #speaking: Set<Speaking>;
  readonly #packet = Buffer.alloc(rtpHeaderLength + frameSamples, 0x55);
  readonly #ssrc = randomInt(2 ** 32 - 1);
  #to: Agreement | undefined;
  #version = 0;
  #sequence = randomInt(2 ** 16);
  #timestamp = randomInt(2 ** 31);
  #talks = false;
  #toPress: string[] = [];
  #step = 0;
  #pressedAt = 0;

  constructor(socket: Socket, speaking: Set<Speaking>) {
    this.#socket = socket;
    this.#speaking = speaking;
  }

  speaksTo(offer: Uint8Array): string | undefined {
    this.#to = agreementOf(offer);
    const { address, port } = this.#socket.address();
    return this.#to && describe({ address, port, version: ++this.#version }, this.#to);
  }

  talks(): void {
    this.#talks = true;
    this.#speaking.add(this);
  }

  keys(digits: string): void {
    this.#toPress.push(...digits);
    this.#speaking.add(this);
  }

  close(): void {
    this.#talks = false;
    this.#toPress = [];
    this.#speaking.delete(this);
  }

  frame(): void {
    this.#timestamp = (this.#timestamp + frameSamples) >>> 0;
    const [digit] = this.#toPress;
    if (digit !== undefined) this.#press(digit as Digit);
    else if (this.#talks && this.#to !== undefined)
      this.#send({ payloadType: this.#to.payloadType, timestamp: this.#timestamp, length: frameSamples });
    else this.#speaking.delete(this);
  }

  #press(digit: Digit): void {
    const step = this.#step++;
    if (step === 0) this.#pressedAt = this.#timestamp;
    if (step < keyFrames + endFrames) {
      const event = { event: eventOf(digit), end: step >= keyFrames - 1 };
      const duration = Math.min(step + 1, keyFrames) * frameSamples;
      writeTelephoneEvent(this.#packet, rtpHeaderLength, { ...event, duration });
      const payloadType = this.#to?.telephoneEvent ?? 101;
      this.#send({ payloadType, timestamp: this.#pressedAt, length: telephoneEventLength });
    }
    if (step < keyFrames + endFrames + pauseFrames) return;
    this.#step = 0;
    this.#toPress.shift();
  }

  #send(frame: { readonly payloadType: number; readonly timestamp: number; readonly length: number }): void {
    if (this.#to === undefined) return;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const { payloadType, timestamp, length } = frame;
    const { port, address } = this.#to;
    writeRtpHeader(this.#packet, 0, {
      ...{ payloadType, timestamp, sequence: this.#sequence, ssrc: this.#ssrc, marker: false },
    });
    // A copy, for it leaves on a later turn. Nobody is at that port for a while: a platform that was killed.
    this.#socket.send(
      Buffer.from(this.#packet.subarray(0, rtpHeaderLength + length)),
      port,
      address,
      () => {},
    );
  }
}
