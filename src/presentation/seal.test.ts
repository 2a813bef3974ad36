import assert from "node:assert/strict";
import { test } from "node:test";
import { secureRandom } from "#base/random.ts";
import { CompactEncrypt, compactDecrypt } from "jose";
import { Seal } from "./seal.ts";

const key = secureRandom.bytes(32);
const seal = new Seal(key);
const text = "¿Tipos? 住宅 🏠";

test("another maker of JWE opens what we seal, and we open what it sealed", async () => {
  const { plaintext, protectedHeader } = await compactDecrypt(seal.seal(text, secureRandom), key);
  assert.equal(new TextDecoder().decode(plaintext), text);
  const theirs = await new CompactEncrypt(new TextEncoder().encode(text))
    .setProtectedHeader(protectedHeader)
    .encrypt(key);
  assert.equal(seal.open(theirs), text);
});

test("nothing is sealed twice alike, and no other key opens it", () => {
  const sealed = seal.seal(text, secureRandom);
  assert.notEqual(sealed, seal.seal(text, secureRandom));
  assert.equal(new Seal(secureRandom.bytes(32)).open(sealed), undefined);
});

test("a tag cut short is none", () => {
  const parts = seal.seal(text, secureRandom).split(".");
  const tag = parts.pop() ?? "";
  for (const octets of [15, 12, 4, 0]) {
    const short = Buffer.from(tag, "base64url").subarray(0, octets).toString("base64url");
    assert.equal(seal.open([...parts, short].join(".")), undefined);
  }
  assert.equal(seal.open([...parts, tag, ""].join(".")), undefined);
  assert.equal(seal.open(parts.join(".")), undefined);
  assert.equal(seal.open([...parts, tag].join(".")), text);
});
