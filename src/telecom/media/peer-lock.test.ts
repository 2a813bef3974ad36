import { PeerLock } from "./peer-lock.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

const behindNat = { address: "192.168.1.20", port: 4_000 };
const router = { address: "203.0.113.9", port: 61_000 };
// No packet goes there: the addresses kept for documents do not count as public.
const publicPhone = { address: "45.60.70.80", port: 4_000 };
const thief = { address: "203.0.113.66", port: 4_000 };

test("only the endpoint that was named is heard", () => {
  const lock = new PeerLock();
  assert.equal(lock.accepts(publicPhone), false, "nobody is, before one is named");
  lock.negotiated(publicPhone, undefined);
  assert.equal(lock.accepts(publicPhone), true);
  assert.equal(lock.accepts({ ...publicPhone, port: 4_002 }), false);
  assert.equal(lock.accepts(thief), false);
});

test("a phone that names a public address is not learned from anywhere else, its signalling address included", () => {
  const lock = new PeerLock();
  lock.negotiated(publicPhone, router.address);
  assert.equal(lock.accepts(router), false);
});

test("a phone behind a NAT is learned from its signalling address, once", () => {
  const lock = new PeerLock();
  lock.negotiated(behindNat, router.address);
  assert.deepEqual(lock.peer, behindNat);
  assert.equal(lock.accepts(thief), false);
  assert.equal(lock.accepts(router), true);
  assert.deepEqual(lock.peer, router);
  assert.equal(
    lock.accepts({ ...router, port: 61_002 }),
    false,
    "another port of the same router is another phone",
  );
});

test("a phone whose signalling comes from the address that it names is not behind a NAT", () => {
  const lock = new PeerLock();
  lock.negotiated(behindNat, behindNat.address);
  assert.equal(lock.accepts({ ...behindNat, port: 9 }), false);
});

test("the named endpoint takes its place back while learning is young, and not later", () => {
  const lock = new PeerLock();
  lock.negotiated(behindNat, router.address);
  for (let n = 0; n < 9; n += 1) assert.ok(lock.accepts(router));
  assert.equal(lock.accepts(behindNat), true);
  assert.equal(lock.accepts(router), false);

  const old = new PeerLock();
  old.negotiated(behindNat, router.address);
  for (let n = 0; n < 10; n += 1) old.accepts(router);
  assert.equal(old.accepts(behindNat), false);
});

test("port 0 is nobody's: nothing can be sent there", () => {
  const lock = new PeerLock();
  lock.negotiated(behindNat, router.address);
  assert.equal(lock.accepts({ ...router, port: 0 }), false);
  assert.deepEqual(lock.peer, behindNat);
});

test("the same description again keeps what was learned; another one begins anew", () => {
  const lock = new PeerLock();
  lock.negotiated(behindNat, router.address);
  lock.accepts(router);
  lock.negotiated({ ...behindNat }, router.address);
  assert.deepEqual(lock.peer, router);
  lock.negotiated({ ...behindNat, port: 4_010 }, router.address);
  assert.deepEqual(lock.peer, { ...behindNat, port: 4_010 });
  assert.equal(lock.accepts({ ...router, port: 61_010 }), true);
});

test("a look beforehand says what acceptance would say, and learns nothing", () => {
  const endpoint = fc.constantFrom(
    behindNat,
    router,
    { ...router, port: 61_010 },
    { ...router, port: 0 },
    {
      address: "203.0.113.99",
      port: 4_000,
    },
  );
  fc.assert(
    fc.property(fc.boolean(), fc.array(endpoint, { maxLength: 40 }), (signalled, froms) => {
      const lock = new PeerLock();
      assert.equal(lock.wouldAccept(behindNat), false);
      lock.negotiated(behindNat, signalled ? router.address : undefined);
      for (const from of froms) {
        const peer = lock.peer;
        const wouldAccept = lock.wouldAccept(from);
        assert.deepEqual(lock.peer, peer);
        assert.equal(lock.accepts(from), wouldAccept);
      }
    }),
  );
});
