import { type CryptoSuite, cryptoSuites } from "../media/srtp/crypto-suite.ts";
import { type CryptoAttribute, type CryptoPair, sameKey } from "./crypto-attribute.ts";
import { type RemoteMedia, unacceptable } from "./remote-description.ts";

/**
 * Offer and answer of keys (RFC 4568 5.1, 7.1) for one audio stream. A key of ours that was in use and is not any more never
 * comes back; one that nobody has chosen yet is offered again.
 */
export class CryptoNegotiation {
  readonly #newKey: () => Uint8Array;
  #offered: readonly CryptoAttribute[] = [];
  readonly #unused = new Map<CryptoSuite, Uint8Array>();
  #agreed: CryptoPair | undefined;

  /** @param newKey makes master key and salt, `keyMaterialLength` octets, as nobody can guess them */
  constructor(newKey: () => Uint8Array) {
    this.#newKey = newKey;
  }

  get offered(): readonly CryptoAttribute[] {
    return this.#offered;
  }

  /** Goes on where another process stopped. */
  resume(offered: readonly CryptoAttribute[], agreed: CryptoPair | undefined): void {
    // The same object for the same key: whoever uses it knows it by that.
    this.#offered = offered.map((line) =>
      agreed !== undefined && sameKey(line, agreed.ours) ? { ...line, material: agreed.ours.material } : line,
    );
    for (const { suite, material } of this.#offered) this.#unused.set(suite, material);
    if (agreed !== undefined) this.settle(agreed);
  }

  /** Both suites, each with a key of its own; the same ones as long as nothing changes. */
  offer(): readonly CryptoAttribute[] {
    this.#offered = cryptoSuites.map((suite, at) => ({ tag: at + 1, suite, material: this.#keyFor(suite) }));
    return this.#offered;
  }

  /** RFC 4568 5.1.3: an answer has one line, with the tag and the suite of one of the lines offered. @throws SDP_UNACCEPTABLE */
  answered({ crypto }: RemoteMedia): CryptoPair {
    const [theirs, ...more] = crypto;
    if (theirs === undefined || more.length > 0)
      throw unacceptable("the answer's key is not one that we can use");
    const ours = this.#offered.find(({ tag, suite }) => tag === theirs.tag && suite === theirs.suite);
    if (ours === undefined) throw unacceptable("the answer's key is for nothing that was offered");
    return { ours, theirs };
  }

  /**
   * RFC 4568 5.1.2: the first line of an offer that we can use, under its tag. Another key of theirs may be another telephone,
   * which does not know how far our packets have got (7.1.4): it gets another key of ours.
   */
  answerTo({ crypto }: RemoteMedia): CryptoPair | undefined {
    const theirs = crypto.find((line) => line !== undefined);
    if (theirs === undefined) return undefined;
    const { tag, suite } = theirs;
    const before = this.#agreed;
    const kept = before !== undefined && before.ours.suite === suite && sameKey(before.theirs, theirs);
    return { ours: { tag, suite, material: kept ? before.ours.material : this.#newKey() }, theirs };
  }

  settle(pair: CryptoPair): void {
    const { suite, material } = pair.ours;
    if (this.#unused.get(suite) === material) this.#unused.delete(suite);
    this.#agreed = pair;
  }

  #keyFor(suite: CryptoSuite): Uint8Array {
    const agreed = this.#agreed?.ours;
    if (agreed?.suite === suite) return agreed.material;
    const key = this.#unused.get(suite) ?? this.#newKey();
    this.#unused.set(suite, key);
    return key;
  }
}
