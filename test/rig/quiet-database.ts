import type { Database } from "#store/database.ts";
import type { KyselyPlugin } from "kysely";

/**
 * A database that can be waited for: virtual time must not move on while a real server is still at work on what happened before.
 * `quiet` resolves when nothing is under way and nothing follows at once.
 */
export function quietDatabase(inner: Database): { readonly database: Database; quiet(): Promise<void> } {
  let atWork = 0;
  const counted: KyselyPlugin = {
    transformQuery: ({ node }) => {
      atWork += 1;
      return node;
    },
    transformResult: async ({ result }) => {
      atWork -= 1;
      return result;
    },
  };
  return {
    database: {
      make: inner.make,
      tables: <T>() => inner.tables<T>().withPlugin(counted),
      async rows(query, parameters) {
        atWork += 1;
        try {
          return await inner.rows(query, parameters);
        } finally {
          atWork -= 1;
        }
      },
      async transaction(work) {
        atWork += 1;
        try {
          return await inner.transaction(work);
        } finally {
          atWork -= 1;
        }
      },
      close: () => inner.close(),
    },
    async quiet() {
      for (let quietTurns = 0; quietTurns < 3; quietTurns++) {
        await new Promise((resolve) => setImmediate(resolve));
        if (atWork > 0) quietTurns = -1;
      }
    },
  };
}
