import { createHash, randomBytes } from "node:crypto";

/** The only place where chance comes from: secure by default, seeded in the simulator and in tests. */
export interface Random {
  bytes(count: number): Uint8Array;
  /** A whole number, `0 <= n < below`, every one as likely. */
  integer(below: number): number;
}

export const secureRandom: Random = fromBytes(fromPool());

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

/** Asking the system for a few octets costs as much as asking for a thousand, and a call is made of dozens of such draws. */
function fromPool(): (count: number) => Uint8Array {
  let pool: Uint8Array = new Uint8Array(0);
  return (count) => {
    if (count > longestFromPool) return randomBytes(count);
    if (pool.length < count) pool = randomBytes(poolOctets);
    // A copy, whatever a pool's own `slice` would give: it is wiped where it lay, and nobody finds a secret there.
    const taken = new Uint8Array(pool.subarray(0, count));
    pool.fill(0, 0, count);
    pool = pool.subarray(count);
    return taken;
  };
}

const poolOctets = 4096;
const longestFromPool = 64;

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
