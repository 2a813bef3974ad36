import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import test from "node:test";
import { setImmediate } from "node:timers/promises";
import type { PageId } from "#base/ids.ts";
import type { Presentation } from "#presentation/open-presentation.ts";
import { presentationOnLoopback } from "#rig/open-test-presentation.ts";
import { EventStream, type LivePage } from "#rig/event-stream.ts";

const page = (id: string, text = "text") =>
  ({ id: id as PageId, title: { en: id }, content: { type: "text", text: { en: text } } }) as const;

/** Ann's call, begun over HTTP, and her cookie. */
async function annCalls(limits = {}) {
  const scene = await presentationOnLoopback({ limits });
  const talk = `${scene.url}/talk/bank/mortgages`;
  const welcome = await fetch(talk);
  const cookie = (welcome.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  const ticket = /name="ticket" value="([^"]+)"/.exec(await welcome.text())?.[1] ?? "";
  const body = new URLSearchParams({ ticket, phone: "4155550100" });
  const headers = { cookie, origin: scene.url };
  await fetch(talk, { method: "POST", body, headers, redirect: "manual" });
  const events = `${scene.url}/call/${scene.callManager.newest}/events`;
  const listen = (query = "", more: Record<string, string> = {}) =>
    EventStream.open(events + query, { cookie, ...more });
  return { ...scene, cookie, events, listen };
}

test("each change of the page log reaches every tab, numbered by the log", async () => {
  await using scene = await annCalls();
  await using first = await scene.listen("?after=1");
  await using second = await scene.listen("?after=1");
  scene.callManager.moves("calling-you");
  for (const tab of [first, second]) {
    const event = await tab.next();
    assert.equal(event.id, "2");
    assert.match(event.data.main, /Your telephone is ringing/);
    assert.equal(event.data.title, "Your telephone is ringing – Example Bank");
  }
});

test("a tab that was away reads on: every pushed page, and of the rest the newest", async () => {
  await using scene = await annCalls();
  for (const stage of ["calling-you", "calling-center", "connected"] as const) scene.callManager.moves(stage);
  scene.callManager.pushes(page("rates"));
  scene.callManager.pushes(page("terms"));
  scene.callManager.moves("connected");
  await using tab = await scene.listen("?after=1", { "last-event-id": "2" });
  const said = [await tab.next(), await tab.next(), await tab.next()].map(({ id, data }) => [id, data.said]);
  assert.deepEqual(said, [
    ["5", "rates"],
    ["6", "terms"],
    ["7", "You are connected"],
  ]);
});

test("a lost hint costs a heartbeat, not a page", async () => {
  await using scene = await annCalls();
  await using tab = await scene.listen("?after=1");
  await tab.opened();
  scene.callManager.pages = { changed: () => {} };
  scene.callManager.moves("calling-you");
  await scene.clock.advance(15_000);
  assert.equal((await tab.next()).id, "2");
  assert.ok(tab.comments > 0);
});

test("a long poll is answered with what has come since, or comes", async () => {
  await using scene = await annCalls();
  const poll = async (query: string) => {
    const answer = await fetch(`${scene.events}?${query}&poll`, { headers: { cookie: scene.cookie } });
    assert.equal(answer.headers.get("content-type"), "application/json");
    assert.equal(answer.headers.get("cache-control"), "no-store, no-transform");
    const pages = (await answer.json()) as readonly { readonly seq: number; readonly page: LivePage }[];
    return pages.map(({ seq, page }) => [seq, page.said]);
  };
  scene.callManager.moves("calling-you");
  assert.deepEqual(await poll("after=1"), [[2, "Your telephone is ringing"]]);
  const waiting = poll("after=2");
  await liveConnections(scene, 1);
  scene.callManager.pushes(page("rates"));
  scene.callManager.pushes(page("terms"));
  const [first, ...others] = await waiting;
  assert.deepEqual(first, [3, "rates"]);
  if (others.length === 0) assert.deepEqual(await poll("after=3"), [[4, "terms"]]);
});

test("a long poll that nothing comes to is answered with nothing after 20 s", async () => {
  await using scene = await annCalls();
  const answer = fetch(`${scene.events}?after=1&poll`, { headers: { cookie: scene.cookie } });
  await liveConnections(scene, 1);
  await scene.clock.advance(20_000);
  assert.deepEqual(await (await answer).json(), []);
  await liveConnections(scene, 0);
});

test("after the last page the stream ends", async () => {
  await using scene = await annCalls();
  await using tab = await scene.listen("?after=1");
  scene.callManager.ends("completed");
  assert.equal((await tab.next()).data.final, true);
  await tab.ended();
});

test("who has seen the last page is told not to come back, whatever number they say", async () => {
  await using scene = await annCalls();
  scene.callManager.ends("completed");
  for (const after of [2, 3, 999_999]) {
    const answer = await fetch(`${scene.events}?after=${after}`, { headers: { cookie: scene.cookie } });
    assert.equal(answer.status, 204);
  }
});

test("a number that no row has yet hides none", async () => {
  await using scene = await annCalls();
  await using tab = await scene.listen("?after=999999");
  scene.callManager.ends("completed");
  assert.equal((await tab.next()).data.final, true);
  await tab.ended();
});

test("a line end or a tag in a pushed title stays inside its event", async () => {
  await using scene = await annCalls();
  await using tab = await scene.listen("?after=1");
  scene.callManager.pushes(page("x\n\nevent: page\ndata: {}\n\n<script>"));
  const event = await tab.next();
  assert.match(event.data.main, /&#60;script&#62;/);
  assert.ok(!event.data.main.includes("<script>"));
});

test("what is said to a screen reader says its language, which may be the subscriber's alone", async () => {
  await using scene = await annCalls();
  await using tab = await scene.listen("?after=1", { "accept-language": "es" });
  scene.callManager.pushes(page("rates"));
  const pushed = (await tab.next()).data;
  assert.deepEqual([pushed.said, pushed.language], ["rates", "en"]);
  scene.callManager.moves("connected");
  assert.equal((await tab.next()).data.language, "es");
});

test("a ninth tab of a session is refused, and there is room again when one closes", async () => {
  await using scene = await annCalls({ liveConnectionsPerSession: 2 });
  await using _first = await scene.listen();
  {
    await using _second = await scene.listen();
    const third = await fetch(scene.events, { headers: { cookie: scene.cookie } });
    assert.equal(third.status, 503);
    assert.equal(third.headers.get("retry-after"), "30");
    await third.text();
  }
  await roomForOneMore(scene);
});

/** Resolves when so many are open. */
async function liveConnections(
  { presentation }: { presentation: Presentation },
  count: number,
): Promise<void> {
  for (let turns = 0; presentation.liveConnections() !== count; turns++) {
    assert.ok(turns < 100_000);
    await setImmediate();
  }
}

/** The server notices a closed socket on a later turn. */
async function roomForOneMore(scene: { events: string; cookie: string }): Promise<void> {
  for (let tries = 0; ; tries++) {
    const answer = await fetch(scene.events, {
      headers: { cookie: scene.cookie },
      signal: AbortSignal.timeout(5000),
    });
    await answer.body?.cancel();
    if (answer.status === 200) break;
    assert.ok(tries < 1000);
  }
}

test("a visitor who goes away before the database has answered takes no room", async () => {
  await using scene = await annCalls({ liveConnectionsPerSession: 1 });
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  const call = scene.callManager.call.bind(scene.callManager);
  scene.callManager.call = async (id) => {
    asked.resolve();
    await answered.promise;
    return await call(id);
  };
  const gone = await asksForEvents(scene);
  await asked.promise;
  gone.destroy();
  await once(gone, "close");
  // By the time that the server has answered somebody else, it has noticed.
  await (await fetch(new URL("/healthz", scene.events))).text();
  answered.resolve();
  await roomForOneMore(scene);
});

test("a browser that takes nothing is cut, and the others go on", async () => {
  await using scene = await annCalls();
  await using tab = await scene.listen("?after=1");
  const slow = await deafTab(scene);
  const closed = once(slow, "close");
  const long = "A".repeat(4_000_000);
  for (let at = 0; at < 4; at++) {
    scene.callManager.pushes(page(`long-${at}`, long));
    assert.ok((await tab.next()).data.main.length > long.length);
  }
  await scene.clock.advance(2 * 15_000);
  slow.resume();
  await closed;
  scene.callManager.moves("connected");
  assert.match((await tab.next()).data.main, /You are connected/);
});

/** A connection that asks for the events and never reads one. */
async function deafTab(scene: { events: string; cookie: string }): Promise<Socket> {
  const socket = await asksForEvents(scene);
  await once(socket, "data");
  socket.pause();
  return socket;
}

async function asksForEvents(scene: { events: string; cookie: string }): Promise<Socket> {
  const { hostname, port, pathname } = new URL(scene.events);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(`GET ${pathname} HTTP/1.1\r\nHost: x\r\nCookie: ${scene.cookie}\r\n\r\n`);
  return socket;
}

test("closing the presentation ends the live connections and leaves nothing behind", async () => {
  const scene = await annCalls();
  await using tab = await scene.listen("?after=1");
  await tab.opened();
  await scene.presentation.close();
  await tab.ended();
  assert.equal(scene.clock.waiting, 0);
  await scene.presentation.close();
});
