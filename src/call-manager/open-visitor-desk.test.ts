import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { systemClock, VirtualClock } from "#base/clock.ts";
import type { CallId, PageId, SubjectId, SubscriberId } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { stopCalls } from "#network/dial-permit.ts";
import { storyBank } from "#rig/story-bank.ts";
import { type Database, openDatabase } from "#store/database.ts";
import { SignJWT } from "jose";
import { openVisitorDesk } from "./open-visitor-desk.ts";

const secret = Buffer.from("a-secret-of-the-bank-that-is-long-enough");
const clock = new VirtualClock();
const nowSeconds = Math.floor(clock.now() / 1000);

function bankWithKey() {
  const bank = storyBank();
  const tokenKeys = [{ kid: "k1", kty: "oct", alg: "HS256", k: secret.toString("base64url") }];
  const subscriber = { ...bank.subscriber, tokenKeys };
  return { ...bank.network, subscriber: async (id: string) => (id === "bank" ? subscriber : undefined) };
}

function token(claims: Record<string, unknown>, lifeSeconds = 600): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", kid: "k1" })
    .setAudience("tandem")
    .setIssuer("bank")
    .setJti("t-1")
    .setExpirationTime(nowSeconds + lifeSeconds)
    .sign(secret);
}

describe("visitor desk", () => {
  let database: Database;
  before(async () => {
    database = await openDatabase({ url: "sqlite::memory:", clock: systemClock, log: silentLog });
  });
  after(() => database.close());
  const desk = () => openVisitorDesk({ database, network: bankWithKey(), clock });

  test("what the token says is verified, what stands bare is not", async () => {
    const context = { whisperCode: "A47", phone: "(415) 555-2671" };
    const answer = await desk().readClick({
      subscriber: "bank",
      subject: "mortgages",
      token: await token({ context }),
      bare: { page: "https://www.bank.example/rates" },
    });
    assert.ok(answer.type === "understood");
    assert.deepEqual(answer.context.verified, context);
    assert.deepEqual(answer.context.unverified, { page: "https://www.bank.example/rates" });
    assert.deepEqual(answer.phone, { asGiven: "(415) 555-2671", e164: "+14155552671", signed: true });
    assert.equal(answer.token.type === "verified" && answer.token.tokenId, "t-1");
  });

  test("a bare number is offered, but is not signed", async () => {
    const answer = await desk().readClick({
      subscriber: "bank",
      subject: "mortgages",
      bare: { phone: "12", whisperCode: "X" },
    });
    assert.ok(answer.type === "understood");
    assert.deepEqual(answer.phone, { asGiven: "12", signed: false });
    assert.deepEqual(answer.context.verified, {});
    assert.deepEqual(answer.token, { type: "none" });
  });

  test("a token that is too old, of another subject, or of nobody counts as none, and says why", async () => {
    const why = async (jws: string): Promise<unknown> => {
      const answer = await desk().readClick({
        subscriber: "bank",
        subject: "mortgages",
        token: jws,
        bare: {},
      });
      assert.ok(answer.type === "understood");
      assert.deepEqual(answer.context.verified, {});
      return answer.token.type === "refused" && answer.token.why;
    };
    assert.equal(await why(await token({}, -600)), "expired");
    assert.equal(await why(await token({ subject: "savings" })), "for-another-subject");
    assert.equal(await why("no.token.this"), "not-verifiable");
  });

  test("an unknown subscriber and an unknown subject are told apart", async () => {
    const click = { subscriber: "nobody", subject: "mortgages", bare: {} };
    assert.equal((await desk().readClick(click)).type, "unknown-subscriber");
    assert.equal(
      (await desk().readClick({ ...click, subscriber: "bank", subject: "x" })).type,
      "unknown-subject",
    );
  });

  test("availability tells open from stopped", async () => {
    const wish = {
      subscriber: "bank" as SubscriberId,
      subject: "mortgages" as SubjectId,
      ipAddress: "192.0.2.7",
    };
    assert.deepEqual(await desk().availability(wish), { type: "open" });
    await database.transaction((tx) => stopCalls(tx, "platform", { atMs: clock.now(), why: "test" }));
    assert.deepEqual(await desk().availability(wish), { type: "platform-stopped" });
  });

  test("a library page that was not pushed is shown to nobody", async () => {
    assert.equal(await desk().pushedPage("call_none" as CallId, "rates" as PageId), undefined);
  });
});
