import {
  aLawSamples,
  aLawToMuLaw,
  linearToALaw,
  linearToMuLaw,
  muLawSamples,
  muLawToALaw,
  rewriteOctets,
} from "./g711.ts";
import assert from "node:assert/strict";
import { test } from "node:test";

test("octets have the values of G.711's tables", () => {
  const muLaw = [0x00, 0x80, 0x7f, 0xff, 0x8f, 0x0f].map((octet) => muLawSamples[octet]);
  assert.deepEqual(muLaw, [-32_124, 32_124, 0, 0, 16_764, -16_764]);
  const aLaw = [0xd5, 0x55, 0xaa, 0x2a, 0x80].map((octet) => aLawSamples[octet]);
  assert.deepEqual(aLaw, [8, -8, 32_256, -32_256, 5_504]);
});

test("every octet survives its own law", () => {
  for (let octet = 0; octet < 256; octet += 1) {
    assert.equal(linearToALaw(aLawSamples[octet] ?? 0), octet);
    // Mu-law has a second zero, which nobody sends.
    if (octet !== 0x7f) assert.equal(linearToMuLaw(muLawSamples[octet] ?? 0), octet);
  }
});

test("every sample comes back within half a step of its segment", () => {
  for (const [samples, encode, loudest] of [
    [muLawSamples, linearToMuLaw, 32_124],
    [aLawSamples, linearToALaw, 32_256],
  ] as const) {
    for (let sample = -loudest; sample <= loudest; sample += 1) {
      const back = samples[encode(sample)] ?? 0;
      // Sixteen steps from one power of two to the next: a step is a 16th at most, and no finer than 16.
      assert.ok(Math.abs(back - sample) <= 8 + Math.abs(sample) / 31, `${sample} came back as ${back}`);
    }
  }
});

test("from law to law a sample moves by no more than a step of either", () => {
  for (let octet = 0; octet < 256; octet += 1) {
    for (const [from, to, table] of [
      [muLawSamples, aLawSamples, muLawToALaw],
      [aLawSamples, muLawSamples, aLawToMuLaw],
    ] as const) {
      const before = from[octet] ?? 0;
      const after = to[table[octet] ?? 0] ?? 0;
      assert.ok(Math.abs(before - after) <= Math.max(16, Math.abs(before) / 16), `${before} became ${after}`);
    }
  }
});

test("a range is rewritten in place and its surroundings are left alone", () => {
  const octets = Uint8Array.of(1, 2, 3, 4);
  rewriteOctets(octets, { start: 1, end: 3 }, muLawToALaw);
  assert.deepEqual([...octets], [1, muLawToALaw[2], muLawToALaw[3], 4]);
});
