import type { Database } from "#store/database.ts";
import { type Life, never } from "#rig/mortal.ts";

/**
 * The database as a process that may die has it: before a transaction, within it, when nothing of it is kept, or after its commit,
 * before it hears of that. What was acknowledged to it is there for the next one.
 */
export function storeThatForgets(database: Database, life: Life): Database {
  return {
    make: database.make,
    tables: () => database.tables(),
    rows: (query, parameters) => database.rows(query, parameters),
    async transaction(work) {
      if (!life.cross()) return never();
      try {
        const done = await database.transaction(async (tx) => {
          const result = await work(tx);
          if (!life.cross()) throw new Forgotten();
          return result;
        });
        return life.cross() ? done : await never();
      } catch (error) {
        if (life.dead) return never();
        throw error;
      }
    },
    close: async () => {},
  };
}

class Forgotten extends Error {}
