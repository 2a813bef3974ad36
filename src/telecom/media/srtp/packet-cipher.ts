import { octet, writeWord } from "../rtp.ts";
import type { SessionKeys } from "./crypto-suite.ts";
import { type Cipheriv, createCipheriv, createHmac, createSecretKey, type KeyObject } from "node:crypto";

/**
 * AES in counter mode (RFC 3711 4.1.1) and HMAC-SHA1 (4.2.1) under one set of session keys. The block cipher is opened
 * once: a packet costs one run over its counter blocks, and one HMAC.
 */
export class PacketCipher {
  readonly #blockCipher: Cipheriv;
  readonly #authenticationKey: KeyObject;
  readonly #salt: Buffer;

  constructor(keys: SessionKeys) {
    this.#blockCipher = createCipheriv("aes-128-ecb", keys.cipherKey, null).setAutoPadding(false);
    this.#authenticationKey = createSecretKey(keys.authenticationKey);
    this.#salt = keys.salt;
  }

  /** Encrypts or decrypts `packet[start..end)` in place. @param index of 48 bits: SRTP's, or SRTCP's */
  apply(packet: Buffer, { start, end }: { start: number; end: number }, ssrc: number, index: number): void {
    const blocks = Math.ceil((end - start) / 16);
    if (blocks === 0) return;
    this.#writeCounters(blocks, ssrc, index);
    const keystream = this.#blockCipher.update(counters.subarray(0, blocks * 16));
    for (let at = start; at < end; at += 1) packet[at] = octet(packet, at) ^ octet(keystream, at - start);
  }

  /** The whole HMAC-SHA1 of `packet[0..length)`, and of `rollover` behind it where one is given. */
  tag(packet: Buffer, length: number, rollover?: number): Buffer {
    const hmac = createHmac("sha1", this.#authenticationKey).update(packet.subarray(0, length));
    if (rollover === undefined) return hmac.digest();
    writeWord(rolloverOctets, 0, rollover);
    return hmac.update(rolloverOctets).digest();
  }

  /** RFC 3711 4.1.1: (salt * 2^16) XOR (SSRC * 2^64) XOR (index * 2^16), and a block's number in the last two octets. */
  #writeCounters(blocks: number, ssrc: number, index: number): void {
    writeWord(mask, 4, ssrc);
    writeWord(mask, 8, Math.floor(index / 0x1_0000));
    mask[12] = index >>> 8;
    mask[13] = index;
    for (let at = 0; at < 14; at += 1)
      mask[at] = at < 4 ? octet(this.#salt, at) : octet(mask, at) ^ octet(this.#salt, at);
    for (let block = 0; block < blocks; block += 1) {
      counters.set(mask, block * 16);
      counters[block * 16 + 14] = block >>> 8;
      counters[block * 16 + 15] = block;
    }
  }
}

// A packet is done with before the next one is begun: these serve all.
const mask = Buffer.alloc(14);
const counters = Buffer.alloc(16 * 128);
const rolloverOctets = Buffer.alloc(4);
