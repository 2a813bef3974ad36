import assert from "node:assert/strict";
import { test } from "node:test";
import { paramValue } from "../message/grammar.ts";
import { parseNameAddress } from "../message/headers.ts";
import type { Flow } from "../message/message.ts";
import { type Bindings, step } from "./bindings.ts";
import type { ContactWish, RegisterWish } from "./register-wish.ts";

const startMs = 1_800_000_000_000;
const flow: Flow = {
  transport: "tcp",
  localAddress: "192.0.2.1",
  localPort: 5060,
  remoteAddress: "198.51.100.7",
  remotePort: 40_000,
};

function contact(uri: string, more: Partial<ContactWish> = {}): ContactWish {
  return { uri, instance: undefined, regId: undefined, seconds: 600, ...more };
}

function wish(contacts: RegisterWish["contacts"], more: Partial<RegisterWish> = {}): RegisterWish {
  return { callId: "one", cseq: 1, contacts, path: [], flow, userAgent: undefined, ...more };
}

/** A phone's bindings, and what each REGISTER was answered: `200 sip:a sip:b`. */
function phone() {
  let bindings: Bindings = [];
  return {
    registers(asked: RegisterWish, atMs = startMs): string {
      const [after, effects] = step(bindings, { type: "register", wish: asked }, atMs);
      bindings = after;
      const answer = effects.find((effect) => effect.type === "answer");
      const contacts = (answer?.headers ?? []).filter(({ name }) => name === "Contact");
      return [answer?.status, ...contacts.map(({ value }) => parseNameAddress(value)?.uri)].join(" ");
    },
    answers: (asked: RegisterWish, atMs = startMs) =>
      step(bindings, { type: "register", wish: asked }, atMs)[1].find((effect) => effect.type === "answer"),
    closes(closed: Flow): string {
      bindings = step(bindings, { type: "flow-closed", flow: closed }, startMs)[0];
      return bindings.map(({ uri }) => uri).join(" ");
    },
    at: (atMs: number) => step(bindings, { type: "look" }, atMs)[0].map(({ uri }) => uri),
  };
}

test("several contacts stand side by side, each refreshed by its address, and a question changes nothing", () => {
  const bob = phone();
  assert.equal(bob.registers(wish([contact("sip:b@10.0.0.1")])), "200 sip:b@10.0.0.1");
  const second = wish([contact("sip:b@10.0.0.2")], { callId: "two" });
  assert.equal(bob.registers(second), "200 sip:b@10.0.0.1 sip:b@10.0.0.2");
  assert.equal(bob.registers(wish([], { cseq: 9 })), "200 sip:b@10.0.0.1 sip:b@10.0.0.2");
  // RFC 3261 19.1.4: the same address in other letters. What was refreshed last is rung first, and stands last.
  assert.equal(
    bob.registers(wish([contact("sip:b@10.0.0.1;x=1")], { cseq: 2 })),
    "200 sip:b@10.0.0.2 sip:b@10.0.0.1;x=1",
  );
});

test("a REGISTER that is older than its binding changes nothing, not even in part", () => {
  const bob = phone();
  bob.registers(wish([contact("sip:b@10.0.0.1")], { cseq: 5 }));
  const late = wish([contact("sip:new@10.0.0.9"), contact("sip:b@10.0.0.1")], { cseq: 5 });
  assert.equal(bob.registers(late), "500");
  assert.equal(bob.registers(wish("remove-all", { cseq: 4 })), "500");
  assert.deepEqual(bob.at(startMs), ["sip:b@10.0.0.1"]);
  // Another Call-ID is another life of the phone: its count begins anew.
  assert.equal(bob.registers(wish([contact("sip:b@10.0.0.1")], { callId: "two" })), "200 sip:b@10.0.0.1");
});

test("bindings end one by one, all at once, by themselves, and with their flow", () => {
  const bob = phone();
  const other = { ...flow, remotePort: 40_001 };
  bob.registers(wish([contact("sip:a@h"), contact("sip:b@h"), contact("sip:c@h", { seconds: 60 })]));
  bob.registers(wish([contact("sip:d@h")], { callId: "two", flow: other }));
  assert.equal(
    bob.registers(wish([contact("sip:a@h", { seconds: 0 })], { cseq: 2 })),
    "200 sip:b@h sip:c@h sip:d@h",
  );
  assert.deepEqual(bob.at(startMs + 60_000), ["sip:b@h", "sip:d@h"]);
  assert.equal(bob.closes({ ...flow, transport: "udp" }), "sip:b@h sip:c@h sip:d@h");
  assert.equal(bob.closes({ ...flow }), "sip:d@h");
  assert.equal(bob.registers(wish("remove-all", { callId: "three" })), "200");
});

test("outbound: the same phone and flow take the binding's place, whatever its address; the answer says so", () => {
  const bob = phone();
  const browser = { instance: "<urn:uuid:1>", regId: 1 };
  bob.registers(wish([contact("sip:x@a.invalid;transport=ws", browser)]));
  const again = wish([contact("sip:x@b.invalid;transport=ws", browser)], {
    callId: "two",
    path: ["<sip:edge;lr>"],
  });
  const answer = bob.answers(again);
  const header = (name: string) => answer?.headers?.find((line) => line.name === name)?.value;
  assert.equal(header("Require"), "outbound");
  assert.equal(header("Path"), "<sip:edge;lr>");
  assert.match(header("Date") ?? "", /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/);
  const bound = parseNameAddress(header("Contact") ?? "");
  assert.deepEqual(
    ["expires", "reg-id", "+sip.instance"].map((name) => paramValue(bound?.params ?? [], name)),
    ["600", "1", "<urn:uuid:1>"],
  );
  assert.equal(bob.registers(again), "200 sip:x@b.invalid;transport=ws");
  const second = wish([contact("sip:x@b.invalid;transport=ws", { ...browser, regId: 2 })], { callId: "x" });
  assert.equal(bob.registers(second), "200 sip:x@b.invalid;transport=ws sip:x@b.invalid;transport=ws");
});

test("a phone has ten places: the one that was registered longest ago makes room", () => {
  const bob = phone();
  for (let n = 1; n <= 12; n++) bob.registers(wish([contact(`sip:b${n}@h`)], { callId: `call-${n}` }));
  assert.deepEqual(
    bob.at(startMs),
    Array.from({ length: 10 }, (_, at) => `sip:b${at + 3}@h`),
  );
});
