import assert from "node:assert/strict";
import test from "node:test";
import { presentationWithoutSocket, testOperatorToken } from "#rig/open-test-presentation.ts";
import { ticketIn, Visitor } from "#rig/visitor.ts";

const operator = { authorization: `Bearer ${testOperatorToken}` };

async function sceneWithCalls(count: number) {
  const scene = await presentationWithoutSocket();
  for (let at = 0; at < count; at++) {
    const ann = new Visitor(scene.app);
    const ticket = ticketIn(await ann.get("/talk/bank/mortgages"));
    await ann.post("/talk/bank/mortgages", { ticket, phone: `415555010${at}` });
  }
  return scene;
}

test("call records, newest first, page by page", async () => {
  await using scene = await sceneWithCalls(3);
  const read = async (query: string) => {
    const { calls } = (await scene.app.inject({ url: `/api/calls${query}`, headers: operator })).json();
    return calls.map((call: { visitorNumber: string }) => call.visitorNumber);
  };
  assert.deepEqual(await read(""), ["4155550102", "4155550101", "4155550100"]);
  assert.deepEqual(await read("?limit=1"), ["4155550102"]);
  assert.deepEqual(await read(`?before=${scene.callManager.newest}&limit=1`), ["4155550101"]);
  assert.deepEqual(await read("?subscriber=another"), []);
});

test("one call record, or a problem in the shape of RFC 9457", async () => {
  await using scene = await sceneWithCalls(1);
  const call = scene.callManager.newest;
  const found = await scene.app.inject({ url: `/api/calls/${call}`, headers: operator });
  assert.deepEqual(found.json(), JSON.parse(JSON.stringify(await scene.callManager.call(call))));
  for (const id of ["call_0", "nothing", "%3Cb%3E"]) {
    const missing = await scene.app.inject({ url: `/api/calls/${id}`, headers: operator });
    assert.equal(missing.statusCode, 404);
    assert.match(String(missing.headers["content-type"]), /^application\/problem\+json/);
    assert.equal(missing.json().status, 404);
  }
  for (const query of ["limit=0", "limit=201", "limit=x", "before=%3Cb%3E", `subscriber=${"b".repeat(64)}`]) {
    const wrong = await scene.app.inject({ url: `/api/calls?${query}`, headers: operator });
    assert.equal(wrong.statusCode, 400, query);
    assert.match(String(wrong.headers["content-type"]), /^application\/problem\+json/);
  }
});

test("whatever goes wrong below /api/ is told as a problem, not as a page", async () => {
  await using scene = await presentationWithoutSocket({ limits: { pagesPerMinute: 3 } });
  scene.callManager.calls = async () => {
    throw new Error("the database is gone");
  };
  const long = `/api/calls?subscriber=${"b".repeat(9000)}`;
  for (const [url, status] of [
    ["/api/nothing", 404],
    ["/api", 404],
    ["/api/calls", 500],
    [long, 400],
    ["/api/calls/%ff", 400],
    ["/api/calls", 429],
  ] as const) {
    const answer = await scene.app.inject({ url, headers: operator });
    assert.equal(answer.statusCode, status, url.slice(0, 30));
    assert.match(String(answer.headers["content-type"]), /^application\/problem\+json/);
    const { type, title, status: told, detail } = answer.json();
    assert.deepEqual([type, told], ["about:blank", status]);
    assert.ok(title !== "" && detail !== "" && !JSON.stringify(answer.json()).includes("database"));
  }
});

test("without the token every question has the same answer", async () => {
  await using scene = await sceneWithCalls(1);
  const urls = [
    "/api/calls",
    `/api/calls/${scene.callManager.newest}`,
    "/api/calls/call_0",
    "/api/calls?limit=x",
    "/api/phones",
  ];
  const tokens = [
    undefined,
    "",
    "Bearer",
    "Bearer x",
    `Basic ${testOperatorToken}`,
    `Bearer ${testOperatorToken}x`,
  ];
  const answers = new Set<string>();
  for (const url of urls) {
    for (const authorization of tokens) {
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await scene.app.inject({ url, headers });
      assert.equal(answer.statusCode, 401);
      assert.match(String(answer.headers["www-authenticate"]), /^Bearer/);
      answers.add(answer.body);
    }
  }
  assert.equal(answers.size, 1);
});

test("without a token in the settings nobody is the operator", async () => {
  await using scene = await presentationWithoutSocket({ operatorToken: undefined });
  for (const authorization of ["Bearer undefined", "Bearer ", "Bearer x"]) {
    assert.equal((await scene.app.inject({ url: "/api/calls", headers: { authorization } })).statusCode, 401);
  }
});

test("the API describes itself, and the platform says that it is there", async () => {
  await using scene = await presentationWithoutSocket();
  const description = (await scene.app.inject("/api/openapi.json")).json();
  assert.deepEqual(Object.keys(description.paths).toSorted(), [
    "/api/calls",
    "/api/calls/{id}",
    "/api/phones",
  ]);
  assert.deepEqual((await scene.app.inject("/healthz")).json(), { status: "ok" });
});
