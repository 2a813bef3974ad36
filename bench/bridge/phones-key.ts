/** What all phones of the bench that speak SRTP have as their key: each has an SSRC of its own. */
const material = Buffer.alloc(30, 0x55);

export const phonesKey = {
  suite: "AES_CM_128_HMAC_SHA1_80",
  material,
  text: material.toString("base64"),
} as const;
