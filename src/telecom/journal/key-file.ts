import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { TandemError } from "#base/errors.ts";
import type { Random } from "#base/random.ts";

const keyOctets = 32;

/**
 * Reads the key, or makes one where there is none: 32 octets in a file of its own, readable by its owner alone, so that a copy of the
 * journal is no use without it. Throws SETTINGS_INVALID for a file that holds something else.
 */
export function keyIn(path: string, random: Random): Uint8Array {
  if (!existsSync(path)) {
    writeFileSync(path, Buffer.from(random.bytes(keyOctets)).toString("base64url"), {
      mode: 0o600,
      flag: "wx",
    });
  }
  const key = Buffer.from(readFileSync(path, "utf8").trim(), "base64url");
  if (key.length !== keyOctets) throw new TandemError("SETTINGS_INVALID", { [path]: "holds no key of ours" });
  return key;
}
