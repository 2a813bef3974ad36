import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { readClickToken } from "#network/click-token.ts";
import { readConfigFile } from "#network/config-file.ts";
import { openBankSite } from "./server.ts";

const tandem = "http://127.0.0.1:8080";
const configuration = () => readConfigFile({ path: join(import.meta.dirname, "..", "tandem.config.jsonc") });

async function get(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: string; policy: string; cookie: string }> {
  const site = openBankSite(tandem);
  try {
    const answer = await site.inject({ url: path, headers });
    return {
      status: answer.statusCode,
      body: answer.body,
      policy: String(answer.headers["content-security-policy"]),
      cookie: String(answer.headers["set-cookie"]).split(";")[0] ?? "",
    };
  } finally {
    await site.close();
  }
}

const talkLinks = (body: string): readonly URL[] =>
  [...body.matchAll(/href="([^"]*\/talk\/[^"]*)"/g)].map(
    ([, link = ""]) =>
      new URL(
        link
          .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
          .replaceAll("&amp;", "&"),
      ),
  );

test("the home page has a plain button for each subject, in both languages", async () => {
  for (const [path, language] of [
    ["/", "en"],
    ["/es", "es"],
  ] as const) {
    const { body } = await get(path);
    const links = talkLinks(body);
    assert.deepEqual(
      links.map((link) => link.pathname),
      ["/talk/bank/mortgages", "/talk/bank/savings", "/talk/bank/cards"],
    );
    for (const link of links) assert.equal(link.searchParams.get("lang"), language);
    assert.ok(body.includes(`<html lang="${language}">`) && body.includes(`${tandem}/snippet.js`));
    assert.ok(body.length < 15_000);
  }
});

test("a subject's page has a button whose token the platform believes, a new one each time", async () => {
  const { subscribers } = await configuration();
  const bank = subscribers.find((subscriber) => subscriber.id === "bank");
  assert.ok(bank !== undefined);
  const ids = new Set<string>();
  for (const path of ["/mortgages", "/mortgages", "/es/savings"]) {
    const [signed, plain] = talkLinks((await get(path)).body);
    assert.equal(plain?.searchParams.has("token"), false);
    const answer = await readClickToken(signed?.searchParams.get("token") ?? "", {
      subscriber: bank,
      subject: path.replace(/.*\//, ""),
      clock: systemClock,
    });
    assert.equal(answer.type, "verified", JSON.stringify(answer));
    if (answer.type !== "verified") return;
    assert.equal(answer.fields.whisperCode, "A47");
    assert.equal(answer.fields.phone, "+12025550123");
    ids.add(answer.tokenId);
  }
  assert.equal(ids.size, 3);
});

test("the pages that an agent may push are there, and the platform alone may frame them", async () => {
  const { pages } = await configuration();
  for (const { content } of pages) {
    if (content.type !== "url") continue;
    const { status, policy } = await get(new URL(content.url).pathname);
    assert.equal(status, 200, content.url);
    assert.match(policy, /frame-ancestors http:\/\/127\.0\.0\.1:8080$/);
  }
});

test("what is pushed, and the way back, come in the visitor's language", async () => {
  const languageOf = (body: string): string | undefined => /<html lang="(..)">/.exec(body)?.[1];
  for (const path of ["/", "/pages/rates", "/pages/calculator"]) {
    const { cookie } = await get("/es/mortgages");
    for (const [headers, language] of [
      [{}, "en"],
      [{ "accept-language": "es-MX,es;q=0.9,en;q=0.8" }, "es"],
      [{ "accept-language": "en-US,en;q=0.9,es;q=0.5" }, "en"],
      // What was chosen on the site counts for more than what the browser prefers.
      [{ "accept-language": "en-US", cookie }, "es"],
    ] as const)
      assert.equal(
        languageOf((await get(path, headers)).body),
        language,
        `${path} ${JSON.stringify(headers)}`,
      );
    const spanish = { "accept-language": "es" };
    const [, english = ""] = /href="([^"]+)" lang="en"/.exec((await get(path, spanish)).body) ?? [];
    assert.equal(languageOf((await get(english.replace("&#61;", "="), spanish)).body), "en", english);
    assert.equal(languageOf((await get(`/es${path.replace(/\/$/, "")}`)).body), "es");
  }
});

test("the calculator computes, whatever it is asked", async () => {
  assert.match((await get("/pages/calculator?amount=100000&years=10&rate=0")).body, /\$833\.33/);
  const odd = await get("/pages/calculator?amount=<script>&years=1e999&rate=-4");
  assert.equal(odd.status, 200);
  assert.ok(!odd.body.includes("<script>&"));
});

test("what is not there is not found", async () => {
  for (const path of ["/loans", "/es/loans", "/pages/../server.ts"])
    assert.equal((await get(path)).status, 404);
});
