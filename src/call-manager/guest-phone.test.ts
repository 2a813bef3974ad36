import assert from "node:assert/strict";
import test from "node:test";
import type { CallId } from "#base/ids.ts";
import { dialTarget } from "#contract/telecom.ts";
import Value from "typebox/value";
import { guestTarget } from "./dial-target.ts";
import { guestLogin, guestPhone } from "./guest-phone.ts";

const call = "call_00000000000000000000000001" as CallId;
const other = "call_00000000000000000000000002" as CallId;
const [key, next] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];

test("a call's browser has one name and one password, in each life of the process", () => {
  const guest = guestPhone(call, [key]);
  assert.deepEqual(guest, guestPhone(call, [key]));
  const login = guestLogin(call, guest, [key]);
  assert.equal(login?.name, guest.phone);
  assert.ok((login?.password.length ?? 0) >= 40);
});

test("a new key in front changes nothing for a call that is up; without the old one nobody gets in", () => {
  const guest = guestPhone(call, [key]);
  assert.deepEqual(guestLogin(call, guest, [next, key]), guestLogin(call, guest, [key]));
  assert.equal(guestLogin(call, guest, [next]), undefined);
});

test("another call's login is another, and does not open this one", () => {
  const [guest, others] = [guestPhone(call, [key]), guestPhone(other, [key])];
  assert.notEqual(guest.phone, others.phone);
  assert.notEqual(guest.digest.md5, others.digest.md5);
  assert.equal(guestLogin(other, guest, [key]), undefined);
});

test("the wire takes it as the target of a dial", () => {
  const { phone, digest } = guestPhone(call, [key]);
  assert.ok(Value.Check(dialTarget, guestTarget(phone, "visitor", digest)));
  assert.ok(!phone.includes("."), "no subscriber's phone has such a name");
});
