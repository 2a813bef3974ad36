import assert from "node:assert/strict";
import test from "node:test";
import { presentationWithoutSocket } from "#rig/open-test-presentation.ts";
import { virtualToken } from "#rig/virtual-call-manager.ts";
import { ticketIn, Visitor } from "#rig/visitor.ts";

const talk = "/talk/bank/mortgages";

test("Ann clicks, enters her number, and is led to her call", async () => {
  await using scene = await presentationWithoutSocket();
  const ann = new Visitor(scene.app);
  const welcome = await ann.get(`${talk}?title=Rates&code=A47&x-cart=3`);
  assert.equal(welcome.statusCode, 200);
  assert.match(welcome.body, /Mortgages/);
  const begun = await ann.post(talk, { ticket: ticketIn(welcome), phone: " 415 555 0100 " });
  assert.equal(begun.statusCode, 303);
  assert.equal(begun.headers.location, `/call/${scene.callManager.newest}`);
  const [wish] = scene.callManager.wishes;
  assert.equal(wish?.phone, "415 555 0100");
  assert.equal(wish?.phoneSigned, false);
  assert.equal(wish?.language, "en");
  assert.equal(wish?.ipAddress, "127.0.0.1");
  assert.deepEqual(wish?.context.verified, {});
  assert.deepEqual(wish?.context.unverified, {
    whisperCode: "A47",
    pageTitle: "Rates",
    extra: { cart: "3" },
  });
});

test("a click alone stores nothing", async () => {
  await using scene = await presentationWithoutSocket();
  for (let at = 0; at < 20; at++) await new Visitor(scene.app).get(`${talk}?title=${at}`);
  assert.deepEqual(scene.callManager.sizes, { calls: 0, rows: 0 });
});

test("a signed number is shown masked, and submitted unchanged it counts as signed", async () => {
  await using scene = await presentationWithoutSocket();
  const ann = new Visitor(scene.app);
  const token = virtualToken({ phone: "+14155550123", whisperCode: "A47" });
  const welcome = await ann.get(`${talk}?token=${token}`);
  assert.match(welcome.body, /\+1415•+23/);
  assert.ok(!welcome.body.includes("4155550123"));
  await ann.post(talk, { ticket: ticketIn(welcome), phone: "" });
  const [wish] = scene.callManager.wishes;
  assert.deepEqual([wish?.phone, wish?.phoneSigned, wish?.tokenId], ["+14155550123", true, "token-of-A47"]);
  assert.deepEqual(wish?.context.verified, { phone: "+14155550123", whisperCode: "A47" });
});

test("another number than the signed one does not count as signed", async () => {
  await using scene = await presentationWithoutSocket();
  const ann = new Visitor(scene.app);
  const welcome = await ann.get(`${talk}?token=${virtualToken({ phone: "+14155550123" })}`);
  await ann.post(talk, { ticket: ticketIn(welcome), phone: "+14155550199" });
  assert.equal(scene.callManager.wishes[0]?.phoneSigned, false);
});

test("only what the bank has signed stands on the page, and is promised to be told", async () => {
  await using scene = await presentationWithoutSocket();
  const ann = new Visitor(scene.app);
  const stranger = "URGENT: call 1-900-555-0199";
  const bare = await ann.get(`${talk}?title=${encodeURIComponent(stranger)}`);
  const shown = ({ body }: { body: string }): string => body.replaceAll(/<[^>]*>/g, "");
  assert.ok(!shown(bare).includes("URGENT"));
  assert.match(bare.body, /tell them what this is about: <bdi>Mortgages<\/bdi>\./);
  const token = virtualToken({ pageTitle: "Rates" });
  const signed = await ann.get(`${talk}?token=${token}&title=${encodeURIComponent(stranger)}`);
  assert.match(signed.body, /You were reading: <bdi>Rates<\/bdi>.*tell them what you were reading/s);
  assert.ok(!shown(signed).includes("URGENT"));
});

test("a subject's name stands as the subscriber wrote it, where a capital letter may stand", async () => {
  await using scene = await presentationWithoutSocket();
  const ann = new Visitor(scene.app);
  assert.match((await ann.get(talk)).body, /<h1><bdi>Mortgages<\/bdi>: talk to us<\/h1>/);
  assert.match(
    (await ann.get(`${talk}?lang=es`)).body,
    /<h1><bdi>Hipotecas<\/bdi>: hable con nosotros<\/h1>/,
  );
});

test("the welcome page tells whose telephone rings first: nobody is called before a consent", async () => {
  await using scene = await presentationWithoutSocket();
  scene.callManager.subscriberFace = { ...scene.callManager.subscriberFace, legOrder: "center-first" };
  const ann = new Visitor(scene.app);
  const signed = await ann.get(`${talk}?token=${virtualToken({ phone: "+14155550123" })}`);
  assert.match(signed.body, /We call the right person.*<li>As soon as they are there, your telephone rings/s);
  assert.match((await ann.get(talk)).body, /rings within seconds.*Press 1 on its keypad.*We call the right/s);
});

test("an expired token is told, and its fields are not believed", async () => {
  await using scene = await presentationWithoutSocket();
  const ann = new Visitor(scene.app);
  const welcome = await ann.get(`${talk}?token=${virtualToken({ phone: "+14155550123", expired: true })}`);
  assert.match(welcome.body, /no longer valid/);
  assert.ok(!welcome.body.includes("•"));
});

test("a double click, a reload and the back button are one call", async () => {
  await using scene = await presentationWithoutSocket();
  const ann = new Visitor(scene.app);
  const ticket = ticketIn(await ann.get(talk));
  const phone = "4155550100";
  const both = await Promise.all([ann.post(talk, { ticket, phone }), ann.post(talk, { ticket, phone })]);
  scene.callManager.ends("completed");
  const later = await ann.post(talk, { ticket, phone });
  const places = [...both, later].map((answer) => answer.headers.location);
  assert.equal(new Set(places).size, 1);
  assert.equal(scene.callManager.sizes.calls, 1);
});

test("a second tab's welcome page leads back to the live call", async () => {
  await using scene = await presentationWithoutSocket();
  const ann = new Visitor(scene.app);
  await ann.post(talk, { ticket: ticketIn(await ann.get(talk)), phone: "4155550100" });
  const second = await ann.get(talk);
  assert.match(second.body, new RegExp(`href="/call/${scene.callManager.newest}"`));
});

for (const query of [
  "title=a&title=b",
  `title=${"t".repeat(121)}`,
  "title=%0d%0aX:1",
  "code=%ff",
  "page=%00",
]) {
  test(`a malformed click is answered by a clear page: ${query.slice(0, 20)}`, async () => {
    await using scene = await presentationWithoutSocket();
    const answer = await new Visitor(scene.app).get(`${talk}?${query}`);
    assert.equal(answer.statusCode, 400);
    assert.match(answer.body, /This link cannot be read/);
    assert.match(String(answer.headers["content-type"]), /text\/html/);
    assert.equal(scene.callManager.clicks.length, 0);
  });
}

test("a line end in any parameter, name or path is refused by a page, and stored nowhere", async () => {
  await using scene = await presentationWithoutSocket();
  const parameters = ["token", "page", "title", "ref", "code", "phone", "lang", "x-cart", "utm_source"];
  for (const smuggled of ["%0d%0a", "%0a", "%0d", "%00", "%0d%0aVia:%20SIP/2.0/UDP%20evil.example"]) {
    const urls = [
      ...parameters.flatMap((name) => [`${talk}?${name}=a${smuggled}b`, `${talk}?${name}${smuggled}=a`]),
      `/talk/bank${smuggled}/mortgages`,
      `/talk/bank/mortgages${smuggled}`,
    ];
    for (const url of urls) {
      const answer = await new Visitor(scene.app).get(url);
      assert.ok([400, 404].includes(answer.statusCode), `${url}: ${answer.statusCode}`);
      assert.match(answer.body, /<h1>/);
      assert.ok(!JSON.stringify(answer.headers).includes("evil"), url);
    }
  }
  assert.deepEqual([scene.callManager.clicks.length, scene.callManager.sizes.calls], [0, 0]);
});

test("a path that does not decode is answered by a page too", async () => {
  await using scene = await presentationWithoutSocket();
  for (const url of ["/talk/%ff/x", "/talk/bank/%", "/%c0%80"]) {
    const answer = await new Visitor(scene.app).get(url);
    assert.ok([400, 404].includes(answer.statusCode), url);
    assert.match(answer.body, /<h1>/);
  }
  const long = await new Visitor(scene.app).get(`${talk}?utm=${"u".repeat(9000)}`);
  assert.equal(long.statusCode, 400);
});

test("an unknown subscriber, and an unknown subject of a known one, have a page each", async () => {
  await using scene = await presentationWithoutSocket();
  const nobody = await new Visitor(scene.app).get("/talk/nobody/mortgages");
  const nothing = await new Visitor(scene.app).get("/talk/bank/gardening");
  assert.deepEqual([nobody.statusCode, nothing.statusCode], [404, 404]);
  assert.match(nothing.body, /Example Bank takes no calls about this subject/);
});

test("every refusal of a call comes back to the form, with the number still in it", async () => {
  await using scene = await presentationWithoutSocket();
  const ann = new Visitor(scene.app);
  scene.callManager.refuses = "number-impossible";
  const welcome = await ann.get(talk);
  const answer = await ann.post(talk, { ticket: ticketIn(welcome), phone: "12" });
  assert.equal(answer.statusCode, 422);
  assert.match(answer.body, /role="alert"/);
  assert.match(answer.body, /value="12"/);
  scene.callManager.refuses = undefined;
  const again = await ann.post(talk, { ticket: ticketIn(answer), phone: "4155550100" });
  assert.equal(again.statusCode, 303);
});

test("while the platform has all that it can do, the form comes back with when to try again and another way", async () => {
  await using scene = await presentationWithoutSocket();
  for (const [language, words] of [
    ["en", "we can take no more calls at this moment. Nobody was called."],
    ["es", "en este momento no podemos atender más llamadas. No se ha llamado a nadie."],
  ] as const) {
    const ann = new Visitor(scene.app);
    const welcome = await ann.get(`${talk}?lang=${language}`);
    for (const [why, seconds] of [
      ["overloaded", "60"],
      ["unit-unreachable", "30"],
    ] as const) {
      scene.callManager.refuses = why;
      const answer = await ann.post(talk, { ticket: ticketIn(welcome), phone: "4155550100" });
      assert.deepEqual([answer.statusCode, answer.headers["retry-after"]], [503, seconds]);
      assert.equal(answer.body.includes(words), why === "overloaded");
      assert.match(answer.body, /value="4155550100"/);
      const [site] = scene.callManager.subscriberFace.origins;
      assert.ok(site !== undefined && answer.body.includes(`href="${site}"`), "the way back to the site");
    }
    scene.callManager.refuses = undefined;
    assert.equal((await ann.post(talk, { ticket: ticketIn(welcome), phone: "4155550100" })).statusCode, 303);
  }
});

test("a form of another site, of no page of ours, or of another visitor places no call", async () => {
  await using scene = await presentationWithoutSocket();
  const ann = new Visitor(scene.app);
  const ticket = ticketIn(await ann.get(talk));
  const form = { ticket, phone: "4155550100" };
  const eve = new Visitor(scene.app);
  const eves = ticketIn(await eve.get(talk));
  const answers = await Promise.all([
    ann.post(talk, form, { origin: "https://evil.example" }),
    ann.post(talk, form, { origin: "null" }),
    ann.post(talk, { ...form, ticket: "x.y.z.a.b" }),
    ann.post("/talk/bank/cards", form),
    new Visitor(scene.app).post(talk, form),
  ]);
  assert.deepEqual(
    answers.map(({ statusCode }) => statusCode),
    [403, 403, 403, 403, 403],
  );
  // Two tabs may have raced for the cookie: a genuine ticket of another session is asked for again, not obeyed.
  const other = await ann.post(talk, { ...form, ticket: eves });
  assert.equal(other.statusCode, 409);
  assert.equal(scene.callManager.sizes.calls, 0);
  assert.equal((await ann.post(talk, { ticket: ticketIn(other), phone: "4155550100" })).statusCode, 303);
});

test("a page left open too long is renewed, but not for ever", async () => {
  await using scene = await presentationWithoutSocket();
  const ann = new Visitor(scene.app);
  const ticket = ticketIn(await ann.get(talk));
  await scene.clock.advance(31 * 60_000);
  const renewed = await ann.post(talk, { ticket, phone: "4155550100" });
  assert.equal(renewed.statusCode, 409);
  assert.match(renewed.body, /value="4155550100"/);
  await scene.clock.advance(2 * 60 * 60_000);
  assert.equal((await ann.post(talk, { ticket, phone: "4155550100" })).statusCode, 403);
});

test("a form with a broken body is a bad link, and another content type is not read", async () => {
  await using scene = await presentationWithoutSocket();
  const ann = new Visitor(scene.app);
  const ticket = ticketIn(await ann.get(talk));
  const origin = "http://127.0.0.1:0";
  const cookie = `tandem-session=${ann.cookie("tandem-session") ?? ""}`;
  const send = (payload: string, type: string) =>
    scene.app.inject({
      method: "POST",
      url: talk,
      payload,
      headers: { origin, cookie, "content-type": type },
    });
  const form = "application/x-www-form-urlencoded";
  for (const [payload, type] of [
    [`ticket=${ticket}&ticket=${ticket}`, form],
    [`ticket=${ticket}&phone=%0d%0a`, form],
    [`ticket=${ticket}&phone=${"1".repeat(81)}`, form],
    ["", form],
    ["a".repeat(30_000), form],
    ['{"ticket":1}', "application/json"],
    ["x", "text/plain"],
  ] as const) {
    assert.equal((await send(payload, type)).statusCode, 400, payload.slice(0, 60));
  }
  assert.equal(scene.callManager.wishes.length, 0);
});

test("an address may begin ten calls a minute, then is asked to wait", async () => {
  await using scene = await presentationWithoutSocket();
  const ann = new Visitor(scene.app);
  const ticket = ticketIn(await ann.get(talk));
  for (let at = 0; at < 10; at++) await ann.post(talk, { ticket, phone: "4155550100" });
  const eleventh = await ann.post(talk, { ticket, phone: "4155550100" });
  assert.equal(eleventh.statusCode, 429);
  assert.equal(eleventh.headers["retry-after"], "6");
  await scene.clock.advance(6000);
  assert.equal((await ann.post(talk, { ticket, phone: "4155550100" })).statusCode, 303);
});

test("the language is the link's, then this browser's choice, then its preference, then the subscriber's", async () => {
  await using scene = await presentationWithoutSocket();
  const lang = async (visitor: Visitor, query: string, accept?: string) => {
    const page = await visitor.get(talk + query, accept === undefined ? {} : { "accept-language": accept });
    return /<html lang="(..)">/.exec(page.body)?.[1];
  };
  assert.equal(await lang(new Visitor(scene.app), ""), "en");
  assert.equal(await lang(new Visitor(scene.app), "", "fr, es-MX;q=0.8, en;q=0.2"), "es");
  assert.equal(await lang(new Visitor(scene.app), "", "es;q=0, en;q=0.1"), "en");
  const ann = new Visitor(scene.app);
  assert.equal(await lang(ann, "?lang=es", "en"), "es");
  assert.equal(await lang(ann, "", "en"), "es");
});

test("behind https the cookies are bound to the host, and browsers are told to stay there", async () => {
  await using scene = await presentationWithoutSocket({ publicUrl: "https://talk.example" });
  const ann = new Visitor(scene.app, "https://talk.example");
  const welcome = await ann.get(talk);
  const cookie = String(welcome.headers["set-cookie"]);
  assert.match(
    cookie,
    /^__Host-tandem-session=session_[0-9a-z]{26}; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  );
  assert.match(String(welcome.headers["strict-transport-security"]), /max-age=\d{8}/);
  assert.equal((await ann.post(talk, { ticket: ticketIn(welcome), phone: "4155550100" })).statusCode, 303);
});

test("every page says what it may load, and that nobody may frame it", async () => {
  await using scene = await presentationWithoutSocket();
  for (const url of [talk, "/talk/nobody/x", `${talk}?title=%00`, "/nothing"]) {
    const { headers, body } = await new Visitor(scene.app).get(url);
    const policy = String(headers["content-security-policy"]);
    assert.match(policy, /default-src 'none'; script-src 'self';/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.ok(!policy.includes("unsafe"));
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["cache-control"], "no-store");
    assert.ok(!/<script(?![^>]*\bsrc=)|\son\w+=|style="/.test(body));
  }
});
