/**
 * One whole story, click to goodbye with a pushed page, on the real platform over PostgreSQL: as it is, and with the web process
 * killed (kill -9) between any two lines. `call-flow.test.ts` tells it over SQLite.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { type PostgresqlServer, postgresqlPrograms, startPostgresql } from "#rig/postgresql.ts";
import { type Story, tellStory } from "#rig/story.ts";

const programs = postgresqlPrograms();
const missing =
  programs === undefined ? "PostgreSQL is not installed (Debian: apt install postgresql)" : false;

describe("on PostgreSQL", { skip: missing }, () => {
  let server: PostgresqlServer | undefined;
  before(async () => {
    if (programs !== undefined) server = await startPostgresql(programs);
  });
  after(() => server?.stop());

  for (const crashes of [false, true]) {
    const how = crashes ? "with a kill -9 of the web process between the lines" : "as it is";
    test(`Ann clicks, agrees, talks with Bob, is shown a page, says goodbye: ${how}`, {
      timeout: 110_000,
    }, async () => {
      assert.ok(server !== undefined);
      const databaseUrl = await server.freshDatabase();
      await tellStory({ databaseUrl, crashes }, wholeStory);
      assert.deepEqual(
        await callsIn(databaseUrl),
        [{ outcome: "completed" }],
        "the call stands in PostgreSQL",
      );
    });
  }
});

async function wholeStory(story: Story): Promise<void> {
  const ann = story.caller("Ann");
  await ann.clicks("mortgages");
  await ann.submitsNumber("(202) 555-0123");
  await ann.answers();
  await ann.hears("speech");
  await ann.presses("1");
  await ann.sees("We are calling the right person");
  const bob = story.agent("Bob");
  assert.equal((await bob.rings()).dialled, "7001");
  await bob.answers();
  await bob.hears("speech");
  await bob.presses("#");
  await ann.sees("Leave this page open: pages");
  await bob.presses("12#");
  await ann.sees("30 years fixed: 6.1 %");
  await bob.hears("tone confirm");
  await bob.hangsUp();
  await ann.isHungUp();
  await ann.sees("Goodbye");
  const record = await story.record();
  assert.equal(record.outcome, "completed");
  assert.deepEqual(
    record.pagesPushed.map(({ page, digits }) => ({ page, digits })),
    [{ page: "rates", digits: "12" }],
  );
  assert.equal(ann.phone.digitsHeard.length, 0, "Ann hears no digit");
}

/** Read past the platform: what it says of itself is not asked here. */
async function callsIn(databaseUrl: string): Promise<readonly { outcome: unknown }[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ record: string }>("select record from call where state = 'ended'");
    return rows.map(({ record }) => ({ outcome: (JSON.parse(record) as { outcome?: unknown }).outcome }));
  } finally {
    await client.end();
  }
}
