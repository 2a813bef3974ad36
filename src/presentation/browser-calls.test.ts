import assert from "node:assert/strict";
import test from "node:test";
import { presentationWithoutSocket } from "#rig/open-test-presentation.ts";
import { ticketIn, Visitor } from "#rig/visitor.ts";

const browserPhones = { socketUrl: "wss://talk.example/sip", iceServers: [] };
const talk = "/talk/bank/mortgages";

async function openScene(more: { browserPhones?: typeof browserPhones; browserCalls?: true } = {}) {
  const { browserPhones: phones, browserCalls } = more;
  const scene = await presentationWithoutSocket(phones === undefined ? {} : { browserPhones: phones });
  if (browserCalls === true)
    scene.callManager.subscriberFace = { ...scene.callManager.subscriberFace, browserCalls };
  return scene;
}

test("to talk from the browser is offered where the operator and the subscriber both say so", async () => {
  for (const [phones, calls, offered] of [
    [browserPhones, true, true],
    [browserPhones, undefined, false],
    [undefined, true, false],
  ] as const) {
    await using scene = await openScene({
      ...(phones === undefined ? {} : { browserPhones: phones }),
      ...(calls === undefined ? {} : { browserCalls: calls }),
    });
    const page = await scene.app.inject({ url: talk });
    assert.equal(page.body.includes('id="talk-here"'), offered);
    assert.equal(/microphone=\(self\)/.test(String(page.headers["permissions-policy"])), offered);
  }
});

test("the call's pages have the telephone, and its login is for their own session alone", async () => {
  await using scene = await openScene({ browserPhones, browserCalls: true });
  const ann = new Visitor(scene.app);
  const ticket = ticketIn(await ann.get(talk));
  // What stands in the number's field is not meant.
  const answer = await ann.post(talk, { ticket, by: "browser", phone: "415 555 0100" });
  assert.equal(answer.statusCode, 303);
  const [wish] = scene.callManager.wishes;
  assert.deepEqual([wish?.fromBrowser, wish?.phone, wish?.phoneSigned], [true, "", false]);
  const url = String(answer.headers.location);
  const page = await ann.get(url);
  assert.match(page.body, /data-phone="[^"]*guest-[^"]*password-of-/);
  assert.match(String(page.headers["content-security-policy"]), /connect-src 'self' wss:\/\/talk\.example;/);
  assert.match(String(page.headers["cache-control"]), /no-store/);
  scene.callManager.moves("calling-you");
  assert.match((await ann.get(url)).body, /We are connecting your browser/);

  const zoe = new Visitor(scene.app);
  await zoe.get(talk);
  const others = await zoe.get(url);
  assert.equal(others.statusCode, 404);
  assert.ok(!others.body.includes("password-of-"));

  scene.callManager.ends("user-no-answer");
  const last = await ann.get(url);
  assert.match(last.body, /Your browser was not connected/);
  assert.ok(!last.body.includes("password-of-"));
});

test("a call to a telephone has no telephone in its pages", async () => {
  await using scene = await openScene({ browserPhones, browserCalls: true });
  const ann = new Visitor(scene.app);
  const answer = await ann.post(talk, { ticket: ticketIn(await ann.get(talk)), phone: "415 555 0100" });
  assert.ok(!(await ann.get(String(answer.headers.location))).body.includes("data-phone"));
});

test("while the operator has it off a form that asks for it begins nothing, and says what else can be done", async () => {
  await using scene = await openScene({ browserCalls: true });
  const ann = new Visitor(scene.app);
  const answer = await ann.post(talk, { ticket: ticketIn(await ann.get(talk)), by: "browser" });
  assert.equal(answer.statusCode, 422);
  assert.match(answer.body, /Calls from the browser are not taken just now/);
  assert.equal(scene.callManager.wishes.length, 0);
});

test("the limit of submits holds for browsers, too", async () => {
  await using scene = await presentationWithoutSocket({ browserPhones, limits: { beginsPerMinute: 2 } });
  scene.callManager.subscriberFace = { ...scene.callManager.subscriberFace, browserCalls: true };
  const ann = new Visitor(scene.app);
  const ticket = ticketIn(await ann.get(talk));
  const statuses = [];
  for (let time = 0; time < 3; time++)
    statuses.push((await ann.post(talk, { ticket, by: "browser" })).statusCode);
  assert.deepEqual(statuses, [303, 303, 429]);
});
