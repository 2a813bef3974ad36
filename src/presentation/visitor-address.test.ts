import assert from "node:assert/strict";
import test from "node:test";
import { presentationWithoutSocket } from "#rig/open-test-presentation.ts";
import { ticketIn, Visitor } from "#rig/visitor.ts";

const talk = "/talk/bank/mortgages";
const proxy = { trustProxy: ["127.0.0.1", "10.0.0.0/8", "fd00::/8"] };

/** The address that a call is begun with, behind a proxy that writes `forwarded`. */
async function addressSeen(forwarded: string, settings = proxy): Promise<string | undefined> {
  await using scene = await presentationWithoutSocket(settings);
  const ann = new Visitor(scene.app);
  const ticket = ticketIn(await ann.get(talk));
  await ann.post(talk, { ticket, phone: "4155550100" }, { "x-forwarded-for": forwarded });
  return scene.callManager.wishes[0]?.ipAddress;
}

test("an address is the same with and without the port that a proxy adds", async () => {
  for (const [forwarded, address] of [
    ["203.0.113.7", "203.0.113.7"],
    ["203.0.113.7:40001", "203.0.113.7"],
    ["2001:db8::7", "2001:db8::7"],
    ["[2001:db8::7]", "2001:db8::7"],
    ["[2001:db8::7]:40001", "2001:db8::7"],
    // The first is the visitor's own word; the last two are proxies of ours, one with a port.
    ["198.51.100.1, 203.0.113.7:40001, 10.0.0.5:443, [fd00::5]:443", "203.0.113.7"],
  ] as const)
    assert.equal(await addressSeen(forwarded), address, forwarded);
});

test("what is no address counts as the proxy's, so nobody is counted by a text of their own", async () => {
  for (const forwarded of ["unknown", "_hidden", "203.0.113.7:x", "[203.0.113", "999.1.1.1:80", ":1", ""])
    assert.equal(await addressSeen(forwarded), "127.0.0.1", forwarded);
});

test("without a trusted proxy the header is nobody's word", async () => {
  assert.equal(await addressSeen("203.0.113.7", { trustProxy: [] }), "127.0.0.1");
  assert.equal(await addressSeen("203.0.113.7", { trustProxy: ["192.0.2.1"] }), "127.0.0.1");
});

test("one visitor whose port changes with each request has one limit", async () => {
  await using scene = await presentationWithoutSocket(proxy);
  const ann = new Visitor(scene.app);
  const ticket = ticketIn(await ann.get(talk));
  const statuses: number[] = [];
  for (let port = 40_000; port < 40_011; port++) {
    const headers = { "x-forwarded-for": `203.0.113.7:${port}` };
    statuses.push((await ann.post(talk, { ticket, phone: "4155550100" }, headers)).statusCode);
  }
  assert.deepEqual(statuses, [...Array.from({ length: 10 }, () => 303), 429]);
});
