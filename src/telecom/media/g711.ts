/**
 * ITU-T G.711: mu-law and A-law, both ways, and from one to the other.
 * Linear samples are 16-bit signed; one octet on the wire is one sample of 125 us.
 */

/** The octet of digital silence. */
export const muLawSilence = 0xff;
export const aLawSilence = 0xd5;

const muLawBias = 0x84;
const muLawClip = 32_635;

export function linearToMuLaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), muLawClip) + muLawBias;
  // The segment is the place of the highest bit set, counted from bit 7 (the bias sets bit 7 at least).
  const segment = 24 - Math.clz32(magnitude);
  const step = (magnitude >> (segment + 3)) & 0x0f;
  return ~(sign | (segment << 4) | step) & 0xff;
}

export function linearToALaw(sample: number): number {
  // G.711 works on 13 bits here; a negative sample is told by its one's complement, so that -1 and 0 are neighbours.
  const positive = sample >= 0;
  const magnitude = Math.min((positive ? sample : -sample - 1) >> 3, 4095);
  const segment = magnitude < 32 ? 0 : 27 - Math.clz32(magnitude);
  const step = (segment < 2 ? magnitude >> 1 : magnitude >> segment) & 0x0f;
  // Even bits are inverted on the line (G.711 table 1a, note 2).
  return ((positive ? 0x80 : 0) | (segment << 4) | step) ^ 0x55;
}

function muLawToLinear(octet: number): number {
  const bits = ~octet & 0xff;
  const segment = (bits >> 4) & 0x07;
  const magnitude = ((((bits & 0x0f) << 3) + muLawBias) << segment) - muLawBias;
  return (bits & 0x80) !== 0 ? -magnitude : magnitude;
}

function aLawToLinear(octet: number): number {
  const bits = octet ^ 0x55;
  const segment = (bits >> 4) & 0x07;
  const step = (bits & 0x0f) << 4;
  const magnitude = segment === 0 ? step + 8 : (step + 0x108) << (segment - 1);
  return (bits & 0x80) !== 0 ? magnitude : -magnitude;
}

/** Index by an octet from the wire; gives the linear sample. */
export const muLawSamples = Int16Array.from({ length: 256 }, (_, octet) => muLawToLinear(octet));
export const aLawSamples = Int16Array.from({ length: 256 }, (_, octet) => aLawToLinear(octet));

/** Index by an octet of one law; gives the nearest octet of the other. */
export const muLawToALaw = Uint8Array.from(muLawSamples, linearToALaw);
export const aLawToMuLaw = Uint8Array.from(aLawSamples, linearToMuLaw);

/** Rewrites `octets[start..end)` in place by a table of 256. */
export function rewriteOctets(
  octets: Uint8Array,
  range: { start: number; end: number },
  table: Uint8Array,
): void {
  for (let i = range.start; i < range.end; i += 1) octets[i] = table[octets[i] ?? 0] ?? 0;
}
