import assert from "node:assert/strict";
import test from "node:test";
import type { PageId, SubjectId } from "#base/ids.ts";
import type { CallOutcome, ConnectStage } from "#call-manager/pages.ts";
import { presentationWithoutSocket } from "#rig/open-test-presentation.ts";
import { virtualToken } from "#rig/virtual-call-manager.ts";
import { ticketIn, Visitor } from "#rig/visitor.ts";
import { messages } from "./messages/messages.ts";

const talk = "/talk/bank/mortgages";
const rates = {
  id: "rates" as PageId,
  title: { en: "Table of rates" },
  content: { type: "text", text: { en: "Ten years: 3.1 %" } },
} as const;

async function annCalls(query = "") {
  const scene = await presentationWithoutSocket({ limits: { beginsPerMinute: 1000 } });
  const ann = new Visitor(scene.app);
  const phone = query.includes("token=") ? "" : "4155550100";
  const begun = await ann.post(talk, { ticket: ticketIn(await ann.get(talk + query)), phone });
  return { ...scene, ann, callUrl: String(begun.headers.location) };
}

test("the call's page is seen by its own session; to anybody else it does not exist", async () => {
  await using scene = await annCalls();
  assert.equal((await scene.ann.get(scene.callUrl)).statusCode, 200);
  const eve = new Visitor(scene.app);
  await eve.get(talk);
  for (const url of ["", "/events", "/again"]) {
    assert.equal((await eve.get(scene.callUrl + url)).statusCode, 404);
    assert.equal((await new Visitor(scene.app).get(scene.callUrl + url)).statusCode, 404);
  }
  for (const url of ["/cancel", "/close-page"]) {
    assert.equal((await eve.post(scene.callUrl + url, {})).statusCode, 404);
  }
  for (const call of ["call_9", "x", "..%2f..", "%00", "call_<b>"]) {
    assert.equal((await scene.ann.get(`/call/${call}`)).statusCode, 404);
  }
});

test("the page follows the call through every stage, and says by itself when to look again", async () => {
  await using scene = await annCalls();
  const stages = Object.keys(messages("en").connect.stages) as ConnectStage[];
  for (const stage of stages) {
    scene.callManager.moves(stage);
    const page = await scene.ann.get(scene.callUrl);
    assert.ok(page.body.includes(`tabindex="-1">${messages("en").connect.stages[stage].headline}</h1>`));
    assert.match(page.body, /<\/script><meta http-equiv="refresh" content="4"><\/template>/);
  }
});

test("the progress list has this call's milestones, in the order in which it lives through them", async () => {
  const token = `?token=${virtualToken({ phone: "+14155550123" })}`;
  for (const [legOrder, query, stage, told] of [
    ["user-first", "", "calling-center", ["your-phone done", "confirmed done", "center now", "agent later"]],
    ["user-first", token, "calling-center", ["your-phone done", "center now", "agent later"]],
    ["center-first", token, "calling-you", ["center done", "agent done", "your-phone now"]],
    // Consent first, whatever the policy says.
    ["center-first", "", "calling-you", ["your-phone now", "confirmed later", "center later", "agent later"]],
    ["both-at-once", token, "calling-you", ["your-phone now", "center later", "agent later"]],
  ] as const) {
    await using scene = await presentationWithoutSocket();
    scene.callManager.subscriberFace = { ...scene.callManager.subscriberFace, legOrder };
    const ann = new Visitor(scene.app);
    const phone = query === "" ? "4155550100" : "";
    const begun = await ann.post(talk, { ticket: ticketIn(await ann.get(talk + query)), phone });
    scene.callManager.moves(stage);
    const { body } = await ann.get(String(begun.headers.location));
    const words = new Map(
      Object.entries(messages("en").connect.milestones).map(([name, text]) => [text, name]),
    );
    const items = [...body.matchAll(/<li class="(\w+)"[^>]*>(.+?) <span/g)];
    assert.deepEqual(
      items.map(([, state, text = ""]) => `${words.get(text)} ${state}`),
      [...told, "connected later"],
      `${legOrder} ${query}`,
    );
  }
});

test("before the visitor's telephone has rung, no stage speaks of a line to hold or to hear", async () => {
  const token = `?token=${virtualToken({ phone: "+14155550123" })}`;
  for (const language of ["en", "es"] as const) {
    await using scene = await presentationWithoutSocket();
    scene.callManager.subscriberFace = { ...scene.callManager.subscriberFace, legOrder: "center-first" };
    const ann = new Visitor(scene.app);
    const begun = await ann.post(talk, { ticket: ticketIn(await ann.get(talk + token)), phone: "" });
    for (const stage of ["placing", "calling-center", "agent-briefed", "calling-you"] as const) {
      scene.callManager.moves(stage);
      const { body } = await ann.get(`${String(begun.headers.location)}?lang=${language}`);
      const { headline, text } = messages(language).connect.stagesCenterFirst[stage] ?? {};
      assert.ok(
        headline !== undefined && body.includes(`>${headline}</h1>`) && body.includes(`>${text}</p>`),
      );
      assert.ok(!body.includes(messages(language).connect.stages[stage].text), `${stage} in ${language}`);
    }
  }
});

for (const outcome of Object.keys(messages("en").outcomes) as CallOutcome[]) {
  test(`the disconnect page has its own words for ${outcome}, in both languages`, async () => {
    await using scene = await annCalls();
    scene.callManager.ends(outcome);
    const english = await scene.ann.get(scene.callUrl);
    assert.ok(english.body.includes(messages("en").outcomes[outcome].title));
    assert.equal(english.body.includes("/again"), outcome !== "user-refused-calls");
    assert.ok(!/http-equiv="refresh"|<script/.test(english.body));
    const spanish = await scene.ann.get(`${scene.callUrl}?lang=es`);
    assert.ok(spanish.body.includes(messages("es").outcomes[outcome].title));
  });
}

test("no two outcomes say the same", () => {
  for (const language of ["en", "es"] as const) {
    const texts = Object.values(messages(language).outcomes).map(({ title, text }) => title + text);
    assert.equal(new Set(texts).size, texts.length);
  }
});

test("a pushed page stands in our frame until Ann closes it", async () => {
  await using scene = await annCalls();
  scene.callManager.moves("connected");
  scene.callManager.pushes(rates);
  const pushed = await scene.ann.get(scene.callUrl);
  assert.match(pushed.body, /Table of rates/);
  assert.match(pushed.body, /Ten years: 3\.1 %/);
  const closed = await scene.ann.post(`${scene.callUrl}/close-page`, {});
  assert.equal(closed.headers.location, scene.callUrl);
  assert.match((await scene.ann.get(scene.callUrl)).body, /You are connected/);
});

test("a page that the agent pushed is shown when the browser says so, and not when it was taken back", async () => {
  await using scene = await annCalls();
  const { ann, callUrl, callManager } = scene;
  callManager.moves("connected");
  callManager.pushes(rates);
  callManager.pushes(rates);
  callManager.takesBack(2);
  const says = async (push: string, who = ann, headers = {}) =>
    (await who.post(`${callUrl}/shown/${push}`, {}, headers)).statusCode;
  const eve = new Visitor(scene.app);
  await eve.get(talk);
  assert.equal(await says("1", eve), 404);
  assert.equal(await says("1", ann, { origin: "https://evil.example" }), 403);
  assert.deepEqual(callManager.pushResults(), ["awaited", "not-shown"]);
  assert.equal(await says("1"), 204);
  assert.equal(await says("1"), 204);
  assert.deepEqual(callManager.pushResults(), ["shown", "not-shown"]);
  for (const push of ["2", "3", "0", "1e1", "-1", "99999999999999999999"])
    assert.equal(await says(push), 409);
});

test("who loads the page itself has been shown what it shows; what was taken back is not shown", async () => {
  await using scene = await annCalls();
  const { ann, callUrl, callManager } = scene;
  callManager.moves("connected");
  callManager.pushes(rates);
  assert.match((await ann.get(callUrl)).body, /Table of rates/);
  assert.deepEqual(callManager.pushResults(), ["shown"]);
  await ann.post(`${callUrl}/close-page`, {});
  callManager.pushes(rates);
  callManager.takesBack(2);
  assert.match((await ann.get(callUrl)).body, /You are connected/);
});

test("what a subscriber has in another language alone says which one it is", async () => {
  await using scene = await annCalls();
  scene.callManager.subscriberFace = {
    ...scene.callManager.subscriberFace,
    connectContent: { en: "Our rates." },
  };
  scene.callManager.subjectFaces = [{ id: "mortgages" as SubjectId, name: { en: "Mortgages" } }];
  const spanish = async (url: string) => (await scene.ann.get(`${url}?lang=es`)).body;
  assert.match(await spanish(scene.callUrl), /<p><bdi lang="en">Our rates\.<\/bdi><\/p>/);
  assert.match(await spanish(talk), /<h1>[^<]*<bdi lang="en">Mortgages<\/bdi>/);
  scene.callManager.pushes(rates);
  const pushed = await spanish(scene.callUrl);
  assert.match(pushed, /<h1 [^>]*><bdi lang="en">Table of rates<\/bdi><\/h1>/);
  assert.match(pushed, /<p><bdi lang="en">Ten years/);
  // In its own language it says nothing.
  assert.match((await scene.ann.get(`${scene.callUrl}?lang=en`)).body, /<p><bdi>Ten years/);
});

test("an address is framed only when it lies on an origin of the subscriber's", async () => {
  await using scene = await annCalls();
  const push = async (url: string) => {
    scene.callManager.pushes({ id: url as PageId, title: { en: "Page" }, content: { type: "url", url } });
    return (await scene.ann.get(scene.callUrl)).body;
  };
  const framed = await push("https://www.bank.example/rates?year=2026");
  assert.match(
    framed,
    /<iframe src="https:\/\/www\.bank\.example\/rates\?year&#61;2026" title="[^"]+" sandbox="/,
  );
  assert.match(framed, /target="_blank" rel="noopener noreferrer"/);
  for (const url of [
    "https://evil.example/",
    "https://www.bank.example.evil.example/",
    "https://www.bank.example@evil.example/",
    "http://www.bank.example/",
    "https://user:x@www.bank.example/",
    "javascript:alert(1)",
    "//evil.example",
    "data:text/html,x",
    "\\\\evil.example",
  ]) {
    assert.ok(!/<iframe|target="_blank"/.test(await push(url)), url);
  }
});

test("a page of our own origin is not framed, even if a subscriber claims that origin", async () => {
  await using scene = await annCalls();
  const own = "http://localhost:0";
  scene.callManager.subscriberFace = { ...scene.callManager.subscriberFace, origins: [new URL(own).origin] };
  scene.callManager.pushes({
    id: "own" as PageId,
    title: { en: "Own" },
    content: { type: "url", url: `${own}/call/x` },
  });
  assert.ok(!(await scene.ann.get(scene.callUrl)).body.includes("<iframe"));
});

test("Ann cancels: a form of our own page alone can", async () => {
  await using scene = await annCalls();
  const foreign = await scene.ann.post(`${scene.callUrl}/cancel`, {}, { origin: "https://evil.example" });
  assert.equal(foreign.statusCode, 403);
  assert.match((await scene.ann.get(scene.callUrl)).body, /about to call you/);
  const cancelled = await scene.ann.post(`${scene.callUrl}/cancel`, {});
  assert.deepEqual([cancelled.statusCode, cancelled.headers.location], [303, scene.callUrl]);
  assert.match((await scene.ann.get(scene.callUrl)).body, /The call was cancelled/);
  assert.equal((await scene.ann.post(`${scene.callUrl}/cancel`, {})).statusCode, 303);
});

test("call again keeps the verified context for the session, with a fresh ticket and no spent token", async () => {
  await using scene = await annCalls(`?token=${virtualToken({ phone: "+14155550123", whisperCode: "A47" })}`);
  scene.callManager.ends("center-busy");
  const again = await scene.ann.get(`${scene.callUrl}/again`);
  assert.equal(again.statusCode, 200);
  const begun = await scene.ann.post(talk, { ticket: ticketIn(again), phone: "" });
  assert.equal(begun.statusCode, 303);
  assert.notEqual(begun.headers.location, scene.callUrl);
  const [first, second] = scene.callManager.wishes;
  assert.deepEqual(second?.context, first?.context);
  assert.deepEqual([second?.phoneSigned, second?.tokenId], [true, undefined]);
  assert.notEqual(second?.ticket, first?.ticket);
});

test("call again offers the number that was typed, to be confirmed by key as before", async () => {
  await using scene = await annCalls();
  scene.callManager.ends("user-busy");
  const again = await scene.ann.get(`${scene.callUrl}/again`);
  assert.match(again.body, /name="phone"[^>]* value="4155550100"/);
  await scene.ann.post(talk, { ticket: ticketIn(again), phone: "4155550100" });
  assert.equal(scene.callManager.wishes[1]?.phoneSigned, false);
});

test("after a double click, call again has the context too; another tab's does not replace it", async () => {
  await using scene = await presentationWithoutSocket();
  const ann = new Visitor(scene.app);
  const token = virtualToken({ phone: "+14155550123", whisperCode: "A47" });
  const form = { ticket: ticketIn(await ann.get(`${talk}?token=${token}`)), phone: "" };
  const cards = "/talk/bank/cards";
  const elsewhere = { ticket: ticketIn(await ann.get(cards)), phone: "4155550100" };
  await ann.post(talk, form);
  const second = await ann.post(talk, form);
  assert.match(String(second.headers["set-cookie"]), /^tandem-again=/);
  await scene.clock.advance(1000);
  const later = { ticket: ticketIn(await ann.get(talk)), phone: "4155550100" };
  for (const [url, other] of [
    [cards, elsewhere],
    [talk, later],
  ] as const) {
    const resumed = await ann.post(url, other);
    assert.equal(resumed.headers.location, second.headers.location);
    assert.equal(resumed.headers["set-cookie"], undefined);
  }
});

test("two hours after the click, call again begins from the bare link", async () => {
  await using scene = await annCalls();
  scene.callManager.ends("completed");
  await scene.clock.advance(2 * 60 * 60_000);
  const again = await scene.ann.get(`${scene.callUrl}/again`);
  assert.deepEqual([again.statusCode, again.headers.location], [303, talk]);
});

test("a page log of many calls and pages is read to its end", async () => {
  await using scene = await annCalls();
  for (let at = 0; at < 250; at++) scene.callManager.moves(at % 2 === 0 ? "calling-you" : "calling-center");
  scene.callManager.moves("connected");
  assert.match((await scene.ann.get(scene.callUrl)).body, /You are connected/);
});
