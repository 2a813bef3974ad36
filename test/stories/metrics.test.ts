import assert from "node:assert/strict";
import { test } from "node:test";
import { annsNumber, areTalking, tellStory } from "#rig/story.ts";

test("a call is counted from the wish to its end, with its push, and both processes tell how they are", {
  timeout: 120_000,
}, async () => {
  await tellStory({}, async (story) => {
    const { platform } = story;
    const ann = story.caller("Ann");
    await ann.clicks("mortgages", { signed: { context: { phone: annsNumber, whisperCode: "A47" } } });
    const bob = story.agent("Bob");
    await areTalking(ann, bob);
    const during = readMetrics(await platform.metrics());
    assert.equal(during.get('tandem_calls{step="converse"}'), 1);
    assert.equal(during.get('tandem_legs{state="answered"}'), 2);
    assert.equal(during.get('tandem_rtp_port_pairs{state="used"}'), 2);

    await bob.presses("12#");
    await ann.sees("30 years fixed: 6.1 %");
    await bob.hangsUp();
    await ann.isHungUp();
    await ann.sees("Goodbye");
    const text = await platform.metrics();
    const after = readMetrics(text);
    for (const [name, value] of [
      ['tandem_call_wishes_total{answer="begun"}', 1],
      ['tandem_calls_ended_total{outcome="completed"}', 1],
      ['tandem_legs_ended_total{cause="hung-up-by-far-end"}', 1],
      ['tandem_legs_ended_total{cause="hung-up-by-us"}', 1],
      ["tandem_push_seconds_count", 1],
      ['tandem_pushes_total{result="shown"}', 1],
      ["tandem_unit_connected", 1],
      ["tandem_unit_commands_waiting", 0],
      ['tandem_rtp_port_pairs{state="used"}', 0],
    ] as const) {
      assert.equal(after.get(name), value, `${name}\n${text}`);
    }
    for (const thread of ["web", "unit", "media"])
      assert.ok((after.get(`tandem_event_loop_lag_seconds{thread="${thread}",of="max"}`) ?? -1) >= 0, thread);
    for (const thread of ["web", "unit", "media"])
      assert.ok((after.get(`tandem_active_resources{thread="${thread}",type="timers"}`) ?? -1) >= 0, thread);
    for (const process of ["web", "unit"])
      assert.ok((after.get(`tandem_cpu_seconds_total{process="${process}"}`) ?? 0) > 0, process);
    assert.ok((after.get("tandem_database_transaction_seconds_count") ?? 0) > 5);
    assert.ok(!text.includes("0123"), "nobody's number is in it");

    const stranger = await fetch(new URL("/metrics", platform.url));
    assert.equal(stranger.status, 401);
    assert.match(String(stranger.headers.get("content-type")), /^application\/problem\+json/);
  });
});

function readMetrics(text: string): ReadonlyMap<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}
