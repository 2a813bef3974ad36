import { randomBytes } from "node:crypto";
import { type CryptoSuite, cryptoSuites, keyMaterialLength } from "../srtp/crypto-suite.ts";
import { SrtpReceiver } from "../srtp/srtp-receiver.ts";
import { longestSrtpTrailer, SrtpSender } from "../srtp/srtp-sender.ts";
import assert from "node:assert/strict";

/** A test phone's side of SRTP: its key, and the engine's as the session description tells it. */
export class TestKeys {
  #suite: CryptoSuite = cryptoSuites[0];
  #line = "";
  #sender: SrtpSender | undefined;
  #theirLine = "";
  #receiver: SrtpReceiver | undefined;

  constructor() {
    this.renews();
  }

  /** Takes another key, which the engine learns by the next description. */
  renews(suite: CryptoSuite = this.#suite): void {
    const material = randomBytes(keyMaterialLength);
    this.#suite = suite;
    this.#line = `a=crypto:${cryptoSuites.indexOf(suite) + 1} ${suite} inline:${material.toString("base64")}|2^31`;
    this.#sender = new SrtpSender(suite, material);
  }

  describes(): readonly string[] {
    return [this.#line];
  }

  /** Takes the engine's key out of its description; the one before goes on when it is the same. */
  hears(sdp: string): void {
    assert.match(sdp, /^m=audio \d+ RTP\/SAVP /m);
    const line = sdp.split("\r\n").find((each) => each.startsWith("a=crypto:") && each.includes(this.#suite));
    assert.ok(line !== undefined, "the engine has a key for this suite");
    if (line === this.#theirLine) return;
    this.#theirLine = line;
    const key = /inline:([^|\s]+)/.exec(line)?.[1] ?? "";
    this.#receiver = new SrtpReceiver(this.#suite, Buffer.from(key, "base64"));
  }

  get canOpen(): boolean {
    return this.#receiver !== undefined;
  }

  /** The packet that was protected; a phone that cannot open one is a test that fails. */
  open(wire: Buffer): Buffer {
    const packet = Buffer.from(wire);
    const length = this.#receiver?.rtp(packet, packet.length) ?? -1;
    assert.ok(length >= 0, "what the engine sends is authentic");
    return packet.subarray(0, length);
  }

  openRtcp(wire: Buffer): Buffer {
    const packet = Buffer.from(wire);
    const length = this.#receiver?.rtcp(packet, packet.length) ?? -1;
    assert.ok(length >= 0, "what the engine reports is authentic");
    return packet.subarray(0, length);
  }

  protect(plain: Uint8Array): Buffer {
    const packet = Buffer.concat([plain, Buffer.alloc(longestSrtpTrailer)]);
    const length = this.#sender?.rtp(packet, plain.length) ?? -1;
    assert.ok(length >= 0, "a phone puts no two packets under one index");
    return packet.subarray(0, length);
  }
}
