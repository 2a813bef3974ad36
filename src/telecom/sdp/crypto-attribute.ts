import { type CryptoSuite, cryptoSuites, keyMaterialLength } from "../media/srtp/crypto-suite.ts";

/** One `a=crypto` line (RFC 4568 9.1) that we can use. */
export interface CryptoAttribute {
  readonly tag: number;
  readonly suite: CryptoSuite;
  /** Master key and salt of whoever says the line, for what it sends. It stands in no log. */
  readonly material: Uint8Array;
}

/** As plain JSON. */
export type CryptoStanding = Omit<CryptoAttribute, "material"> & { readonly material: string };

export function keyAsText(attribute: CryptoAttribute): CryptoStanding {
  return { ...attribute, material: Buffer.from(attribute.material).toString("base64") };
}

export function keyFromText(standing: CryptoStanding): CryptoAttribute {
  return { ...standing, material: Buffer.from(standing.material, "base64") };
}

/** What offer and answer agreed on: one suite, and each side's key. */
export interface CryptoPair {
  readonly ours: CryptoAttribute;
  readonly theirs: CryptoAttribute;
}

/**
 * Reads a whole line. The attribute is read here: sdp-transform keeps one session parameter, and the others would be disobeyed.
 * @returns undefined for what breaks the grammar, and for what we do not speak: other suites, several keys or one with an MKI, a
 *   lifetime that no key has, session parameters that must be obeyed
 */
export function readCryptoLine(line: string): CryptoAttribute | undefined {
  const [, tag, name, key, lifetime = "1", wishes = ""] = cryptoLine.exec(line) ?? [];
  const suite = cryptoSuites.find((known) => known === name);
  if (tag === undefined || suite === undefined || key === undefined) return undefined;
  if (packetsOf(lifetime) > longestLifetime) return undefined;
  // RFC 4568 6.3.7: what begins with "-" may be passed over. 6.3.6: the window's size is a hint.
  const mayBePassedOver = (wish: string): boolean => wish.startsWith("-") || /^WSH=\d{2,9}$/.test(wish);
  if (!wishes.split(/[ \t]+/).every((wish) => wish === "" || mayBePassedOver(wish))) return undefined;
  const material = Buffer.from(key, "base64");
  return material.length === keyMaterialLength ? { tag: Number(tag), suite, material } : undefined;
}

/** As sdp-transform writes it. */
export function cryptoLineOf({ tag, suite, material }: CryptoAttribute) {
  return { id: tag, suite, config: `inline:${Buffer.from(material).toString("base64")}` };
}

export function sameKey(one: CryptoAttribute, other: CryptoAttribute): boolean {
  return one.suite === other.suite && Buffer.compare(one.material, other.material) === 0;
}

/** RFC 4568 6.1: `inline:` key and salt, then `|` lifetime. A third part would be an MKI, which every packet would carry. */
const cryptoLine =
  /^a=crypto:(0|[1-9]\d{0,8})[ \t]+(\S{1,40})[ \t]+inline:([A-Za-z0-9+/]{40})(?:\|((?:2\^)?[1-9]\d{0,14}))?(?:[ \t]+(.*))?$/;

/** RFC 3711 9.2: packets that one master key may protect. The far end counts its own. */
const longestLifetime = 2 ** 48;

function packetsOf(lifetime: string): number {
  return lifetime.startsWith("2^") ? 2 ** Number(lifetime.slice(2)) : Number(lifetime);
}
