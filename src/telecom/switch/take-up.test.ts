import assert from "node:assert/strict";
import { test } from "node:test";
import type { PhonePlace } from "../sip/registrar/registrar.ts";
import { comesBackAt, elsewhere } from "./take-up.ts";

const place = (uri: string, transport: "ws" | "wss" | "udp" = "ws"): PhonePlace => ({
  uri,
  routes: [],
  flow: { transport, localAddress: "127.0.0.1", localPort: 1, remoteAddress: "127.0.0.1", remotePort: 2 },
});
const page = place("sip:page@a.invalid");
const desk = place("sip:desk@192.0.2.9", "udp");
const lost = { place: page, others: new Set(["sip:other@b.invalid", desk.uri]) };

test("a leg comes back at the page that it talked to, whichever connection that has now", () => {
  assert.deepEqual(comesBackAt([desk, place("sip:new@c.invalid"), page], lost), page);
});

test("a leg comes back at a page that has registered since", () => {
  const loadedAgain = place("sip:new@c.invalid", "wss");
  assert.deepEqual(comesBackAt([desk, loadedAgain], lost), loadedAgain);
});

test("a browser or a telephone that stood beside it answers nothing by itself", () => {
  assert.equal(comesBackAt([place("sip:other@b.invalid"), desk, place("sip:d@e", "udp")], lost), undefined);
});

test("what rings already is not rung again", () => {
  assert.deepEqual(elsewhere([page, desk], [page]), [desk]);
});
