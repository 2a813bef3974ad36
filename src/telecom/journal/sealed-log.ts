import {
  createCipheriv,
  createDecipheriv,
  hash,
  hkdfSync,
  timingSafeEqual,
  type Cipheriv,
} from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync, renameSync, statSync, writeSync } from "node:fs";
import { TandemError } from "#base/errors.ts";
import type { Random } from "#base/random.ts";
import { type RowFormat, whyUnreadable } from "../row-format.ts";

/**
 * A file of sealed records, each added with one write. It begins with what it is, the lowest version that may read it, the version that
 * has written it (0 of the release that wrote none) and a salt; each record is its length, its tag and its octets. The keys are made of
 * the owner's key and the file's own beginning (HKDF, RFC 5869), so that no two files share one and the cipher's stream (AES-256-CTR)
 * runs on from record to record. The tag (HMAC-SHA-256, RFC 2104, cut to 16 octets) covers a record's place: none can be changed, moved
 * or left out, and the last ones lost only together.
 */
const magic = "TDMJ";
const saltOctets = 32;
const headOctets = 8 + saltOctets;
const tagOctets = 16;
const frameOctets = 4 + tagOctets;

export interface LogKind {
  readonly path: string;
  readonly key: Uint8Array;
  /** Of what the records say. */
  readonly format: Pick<RowFormat, "oldest" | "written" | "readableBy">;
}

/**
 * All whole records of a file, in order, whether the last one was torn, and the version that wrote them. Throws SETTINGS_INVALID for a file
 * that is not one of this kind, VERSIONS_APART for one that is of a version too far away.
 */
export function recordsIn(kind: LogKind): {
  readonly records: readonly string[];
  readonly torn: boolean;
  readonly written: number;
} {
  const file = readFileSync(kind.path);
  const head = file.subarray(0, headOctets);
  if (head.length < headOctets || head.toString("latin1", 0, 4) !== magic)
    throw new TandemError("SETTINGS_INVALID", { [kind.path]: "is no journal" });
  const [readableBy, written] = [head.readUInt16BE(4), head.readUInt16BE(6) || 1];
  const why = whyUnreadable(kind.format, { readableBy, written });
  if (why !== undefined) throw new TandemError("VERSIONS_APART", { [kind.path]: why });
  const { cipherKey, stamp } = keysFor(kind.key, head);
  const decipher = createDecipheriv("aes-256-ctr", cipherKey, Buffer.alloc(16));
  const records: string[] = [];
  let at = headOctets;
  while (at + frameOctets <= file.length) {
    const end = at + frameOctets + file.readUInt32BE(at);
    if (end > file.length) break;
    const sealed = file.subarray(at + frameOctets, end);
    if (!timingSafeEqual(stamp(at, sealed), file.subarray(at + 4, at + frameOctets)))
      throw new TandemError("SETTINGS_INVALID", { [kind.path]: "is damaged", at });
    records.push(decipher.update(sealed).toString("utf8"));
    at = end;
  }
  return { records, torn: at < file.length, written };
}

/** Writes one. It is begun beside the file whose place it takes, with all that is to stand in it. */
export class SealedLog {
  readonly #path: string;
  readonly #file: number;
  readonly #cipher: Cipheriv;
  readonly #stamp: Stamp;
  #length = 0;

  /** Throws when the disk will not take it; the file that was there is there as before. */
  constructor(kind: LogKind, first: string, random: Random) {
    this.#path = kind.path;
    const head = Buffer.alloc(headOctets);
    head.write(magic, "latin1");
    head.writeUInt16BE(kind.format.readableBy, 4);
    head.writeUInt16BE(kind.format.written, 6);
    head.set(random.bytes(saltOctets), 8);
    const { cipherKey, stamp } = keysFor(kind.key, head);
    this.#cipher = createCipheriv("aes-256-ctr", cipherKey, Buffer.alloc(16));
    this.#stamp = stamp;
    const next = `${kind.path}.next`;
    this.#file = openSync(next, "w", 0o600);
    try {
      this.#write(head);
      this.append(first);
      renameSync(next, kind.path);
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
  }

  /** In octets. */
  get length(): number {
    return this.#length;
  }

  /** False once another process has put its own in this one's place. */
  get isInPlace(): boolean {
    const there = statSync(this.#path, { throwIfNoEntry: false });
    return there?.ino === fstatSync(this.#file).ino;
  }

  /** After a throw the file is of no more use: what stands in it still does. */
  append(record: string): void {
    const sealed = this.#cipher.update(record, "utf8");
    const frame = Buffer.alloc(frameOctets);
    frame.writeUInt32BE(sealed.length);
    frame.set(this.#stamp(this.#length, sealed), 4);
    this.#write(Buffer.concat([frame, sealed]));
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(octets: Uint8Array): void {
    const written = writeSync(this.#file, octets);
    this.#length += written;
    if (written < octets.length) throw new Error(`the disk took ${written} octets of ${octets.length}`);
  }
}

type Stamp = (at: number, sealed: Uint8Array) => Uint8Array;

function keysFor(
  key: Uint8Array,
  head: Uint8Array,
): { readonly cipherKey: Uint8Array; readonly stamp: Stamp } {
  const keys = Buffer.from(hkdfSync("sha256", key, head.subarray(8), head.subarray(0, 8), 64));
  const [inner, outer] = [padded(keys.subarray(32), 0x36), padded(keys.subarray(32), 0x5c)];
  const place = Buffer.alloc(8);
  return {
    cipherKey: keys.subarray(0, 32),
    // HMAC of two hashes made at once: `createHmac` costs six times as much for records of this size.
    stamp(at, sealed) {
      place.writeBigUInt64BE(BigInt(at));
      const within = hash("sha256", Buffer.concat([inner, place, sealed]), "buffer");
      return hash("sha256", Buffer.concat([outer, within]), "buffer").subarray(0, tagOctets);
    },
  };
}

/** RFC 2104 2: the key in a block of the hash's, each octet XORed. */
function padded(key: Uint8Array, pad: number): Uint8Array {
  return Uint8Array.from({ length: 64 }, (_, at) => (key[at] ?? 0) ^ pad);
}
