import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { type SessionId, sessionMark } from "#base/ids.ts";
import { annsNumber, tellStory } from "#rig/story.ts";

const secretsOfAnn = {
  whisperCode: "CODE-A47-QUILL",
  pageTitle: "Divorce and the family house",
  page: "https://www.bank.example/divorce-and-house",
  referrer: "https://search.example/how-to-hide-money",
  extra: { branch: "branch-of-pemberton" },
};
const typedNumber = "+12025550177";
const refusedNumber = "+12025550199";

test("the platform's logs, at their most talkative, hold nothing about Ann", {
  timeout: 120_000,
}, async () => {
  const environment = { TANDEM_LOG: "debug" };
  await tellStory({ environment, policy: { confirmation: "always" } }, async (story) => {
    // What is no SIP is worth a line too, which may quote nothing of it.
    await sends(`call ${annsNumber} for ${typedNumber}\r\n\r\n`, story.platform.sipPort);
    while (!story.platform.output().includes('"level":20')) await setTimeout(20);
    const ann = story.caller("Ann");
    // What is refused leads to logging more often than what succeeds.
    await ann.clicks("mortgages", {
      query: `?phone=${encodeURIComponent(typedNumber)}&title=%00&code=CODE-A47-QUILL`,
    });
    await ann.clicks("mortgages", { signed: { context: { phone: annsNumber, ...secretsOfAnn } } });
    await ann.submitsNumber("+1 202 555 0177 0000");
    await ann.submitsNumber(typedNumber);
    await ann.answers();
    await ann.hears("speech");
    await ann.presses("1");
    const bob = story.agent("Bob");
    await bob.answers();
    await bob.hears("speech");
    await bob.presses("#");
    await ann.sees("Leave this page open: pages");
    await bob.presses("12#");
    await ann.sees("30 years fixed");
    await bob.hangsUp();
    await ann.sees("Goodbye");

    // The next call is refused by key: its number is kept from then on.
    const carl = story.caller("Carl");
    await carl.clicks("mortgages");
    await carl.submitsNumber(refusedNumber);
    await carl.answers();
    await carl.hears("speech");
    await carl.presses("9");
    await carl.sees("You will not be called again");

    const output = story.platform.output();
    const cookies = [ann, carl].flatMap(({ browser }) => browser.cookies.split(/[=;\s]+/));
    const personal = [
      ...[annsNumber, typedNumber, refusedNumber].map((number) => number.slice(-7)),
      ...Object.values(secretsOfAnn).map((value) => (typeof value === "string" ? value : value.branch)),
      encodeURIComponent(secretsOfAnn.pageTitle),
      ...cookies.filter((value) => value.length >= 16),
    ];
    assert.ok(personal.length >= 10);
    for (const value of personal)
      assert.ok(!output.includes(value), `${value} stands in the log:\n${output}`);

    // What it holds instead: each call from its beginning to its end, found by its id, and by the browser's mark.
    for (const [at, { call, reference, outcome }] of (await story.calls()).entries()) {
      const { browser } = [carl, ann][at] ?? ann;
      const [session] = /session_[0-9a-z]{26}/.exec(browser.cookies) ?? [];
      const lines = linesOf(output).filter((line) => line["call"] === call);
      assert.deepEqual(
        new Set(lines.map((line) => line["session"])),
        new Set([sessionMark(session as SessionId)]),
      );
      const told = lines.map((line) => line["msg"]);
      assert.deepEqual([told[0], told.at(-1)], ["A call began.", "A call ended."]);
      assert.ok(told.filter((message) => message === "A call went on.").length >= 5, "each step, at debug");
      const end = lines.at(-1);
      assert.deepEqual([end?.["reference"], end?.["outcome"]], [reference, outcome]);
    }

    // Speech of one visitor is never on disk; the database and its journal are where such things belong.
    const database = /tandem\.sqlite/;
    const stored = filesBelow(story.platform.folder).map((file) => readFileSync(file, "latin1"));
    assert.ok(
      stored.some((content) => content.includes(refusedNumber)),
      "the search finds what is there",
    );
    for (const file of filesBelow(story.platform.folder).filter((each) => !database.test(each))) {
      const content = readFileSync(file, "latin1");
      for (const value of [...personal, typedNumber])
        assert.ok(!content.includes(value), `${value} stands in ${file}`);
    }
  });
});

async function sends(datagram: string, port: number): Promise<void> {
  const stranger = createSocket("udp4");
  await new Promise<void>((sent) => stranger.send(datagram, port, "127.0.0.1", () => sent()));
  stranger.close();
}

function linesOf(output: string): readonly Record<string, unknown>[] {
  return output.split("\n").flatMap((line) => (line.startsWith('{"level"') ? [JSON.parse(line)] : []));
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}
