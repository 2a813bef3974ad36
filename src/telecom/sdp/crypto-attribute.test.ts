import { cryptoLineOf, readCryptoLine } from "./crypto-attribute.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

const key = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
const long = "AES_CM_128_HMAC_SHA1_80";

test("a line is read with its tag, its suite and its key, whatever may be passed over", () => {
  const lines: [string, number][] = [
    [`1 ${long} inline:${key}`, 1],
    [`0 ${long} inline:${key}|2^20`, 0],
    [`999999999 AES_CM_128_HMAC_SHA1_32 inline:${key}|1048576 WSH=64`, 999_999_999],
    [`2 ${long}  inline:${key}|2^48 -UNKNOWN=1 WSH=128`, 2],
  ];
  for (const [line, tag] of lines) {
    const read = readCryptoLine(`a=crypto:${line}`);
    assert.equal(read?.tag, tag, line);
    assert.equal(Buffer.from(read?.material ?? []).toString("base64"), key);
  }
});

test("what we cannot do as it is said is no key", () => {
  const lines = [
    "",
    `01 ${long} inline:${key}`,
    `1 AES_256_CM_HMAC_SHA1_80 inline:${key}`,
    `1 F8_128_HMAC_SHA1_80 inline:${key}`,
    `1 ${long} inline:${key.slice(1)}`,
    `1 ${long} inline:${key}AAAA`,
    `1 ${long} inline:${key.slice(0, 39)}*`,
    `1 ${long} inline:${key}|0`,
    `1 ${long} inline:${key}|2^49`,
    `1 ${long} inline:${key}|2^20|1:4`,
    `1 ${long} inline:${key}|1:4`,
    `1 ${long} inline:${key};inline:${key}`,
    `1 ${long} inline:${key} KDR=1`,
    `1 ${long} inline:${key} UNENCRYPTED_SRTP`,
    `1 ${long} inline:${key} WSH=64 UNAUTHENTICATED_SRTP`,
    `1 ${long} inline:${key} -OLD FEC_ORDER=FEC_SRTP`,
    `1 ${long} uri:https://keys.example`,
  ];
  for (const line of lines) assert.equal(readCryptoLine(`a=crypto:${line}`), undefined, line);
});

test("any line is read or passed over, and one of ours comes back as it was", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 100 }), (text) => {
      assert.equal(readCryptoLine(`a=crypto:1 ${text}`), undefined);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 30, maxLength: 30 }), (material) => {
      const { id, suite, config } = cryptoLineOf({ tag: 3, suite: long, material });
      const read = readCryptoLine(`a=crypto:${id} ${suite} ${config}`);
      assert.deepEqual([...(read?.material ?? [])], [...material]);
    }),
  );
});
