import { createHash, randomBytes } from "node:crypto";

/** The only place where chance comes from: secure by default, seeded in the simulator and in tests. */
export interface Random {
  bytes(count: number): Uint8Array;
  /** A whole number, `0 <= n < below`, every one as likely. */
  integer(below: number): number;
}

export const secureRandom: Random = fromBytes((count) => randomBytes(count));

/** The same seed gives the same sequence: SHA-256 in counter mode. Never for secrets. */
export function seededRandom(seed: string): Random {
  let counter = 0;
  let pool: Uint8Array = new Uint8Array(0);
  return fromBytes((count) => {
    while (pool.length < count) {
      const block = createHash("sha256").update(`${seed}:${counter++}`).digest();
      pool = Buffer.concat([pool, block]);
    }
    const taken = pool.slice(0, count);
    pool = pool.slice(count);
    return taken;
  });
}

function fromBytes(bytes: (count: number) => Uint8Array): Random {
  return {
    bytes,
    integer(below) {
      // Draws that fall in the incomplete last run are thrown away, so no value is likelier than another.
      const span = 2 ** 48;
      const fair = span - (span % below);
      for (;;) {
        const drawn = Buffer.from(bytes(6)).readUIntBE(0, 6);
        if (drawn < fair) return drawn % below;
      }
    },
  };
}
