import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import test from "node:test";
import type { SubjectId, SubscriberId } from "#base/ids.ts";
import { systemClock } from "#base/clock.ts";
import { secureRandom } from "#base/random.ts";
import { contextFields } from "#contract/interaction-context.ts";
import { toTag2 } from "#network/tag2.ts";
import { readClick } from "#presentation/click.ts";
import { bankConfig } from "#rig/bank.ts";
import { PlainBrowser } from "#rig/plain-browser.ts";
import { openPlatform } from "#rig/platform.ts";
import { signedToken } from "#rig/story.ts";
import { begin } from "#telecom/sip/dialog/calling.ts";
import { withTopHeader } from "#telecom/sip/message/build.ts";
import { serialize } from "#telecom/sip/message/serialize.ts";
import { invitesFor } from "#telecom/switch/invite.ts";
import Value from "typebox/value";
import { assertConstantInvite } from "./center-invite.ts";
import { smugglingStrings } from "./smuggling-strings.ts";

const parameters = ["page", "title", "ref", "code", "phone", "lang", "x-branch"];
const calls = 60;
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** One string in every field of the context that has room for it. */
function everywhere(text: string): Record<string, unknown> {
  const fields = {
    whisperCode: text.slice(0, 64),
    phone: text.slice(0, 40),
    page: text.slice(0, 500),
    pageTitle: text.slice(0, 120),
    referrer: text.slice(0, 500),
    extra: { branch: text.slice(0, 100) },
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));
}

test("no spelling in a context changes the center's INVITE but within its User-to-User", () => {
  const strings = smugglingStrings();
  assert.ok(strings.length >= 150);
  assert.match(assertConstantInvite(inviteWith(everywhere("A;r=1"))), /;c=A%3Br=1;/);
  for (const text of strings) {
    const verified = everywhere(text);
    if (!Value.Check(contextFields, verified)) continue;
    assertConstantInvite(inviteWith(verified));
  }
});

test("a click holds no control character, however it is spelled", () => {
  for (const text of smugglingStrings()) {
    for (const name of parameters) {
      // Percent-encoded as a browser does it, by octets, and as it stands.
      for (const value of [Buffer.from(text).toString("hex").replaceAll(/../g, "%$&"), text]) {
        const reading = readClick({ subscriber: "bank", subject: "mortgages", query: `${name}=${value}` });
        if (reading.type !== "click") continue;
        for (const bare of Object.values({ ...reading.click.bare, ...reading.click.bare.extra })) {
          if (typeof bare === "string") assert.doesNotMatch(bare, control, text);
        }
      }
    }
  }
});

test(`${calls} calls with smuggled lines in every parameter, field and claim: the center's INVITE is the constant one`, {
  timeout: 100_000,
}, async (t) => {
  await using center = await openBusyCenter();
  const config = bankConfig(
    { user: center.port, center: center.port },
    { legOrder: "center-first", confirmation: "never" },
  );
  const bank = config.subscribers["bank"];
  assert.ok(bank);
  await using platform = await openPlatform({
    config: { ...config, subscribers: { bank: { ...bank, privateNumbers: "7xxx" } } },
  });
  const strings = smugglingStrings();
  let placed = 0;
  for (let call = 0; call < calls; call++) {
    const text = strings[Math.floor((call * strings.length) / calls)] ?? "";
    const browser = new PlainBrowser(platform.url);
    const claims = everywhere(text);
    const token = await signedToken({ context: Value.Check(contextFields, claims) ? claims : {} });
    // What the door refuses, the visitor sends as a claim and in the form alone.
    const query = parameters
      .filter((name) => name !== "lang")
      .map((name) => `${name}=${encoded(text.slice(0, 40))}`);
    await browser.opens(`/talk/bank/mortgages?token=${token}&${query.join("&")}`);
    if (browser.page.status !== 200) await browser.opens(`/talk/bank/mortgages?token=${token}`);
    assert.equal(browser.page.status, 200, `${JSON.stringify(text)}: ${browser.text}`);
    await browser.submits("/talk/", { phone: text });
    assert.equal(center.invites.length, placed, `a number was made of ${JSON.stringify(text)}`);
    // A number with a control character is a broken form, and its page has none.
    await browser.opens(`/talk/bank/mortgages?token=${token}`);
    const rung = center.next();
    await browser.submits("/talk/", { phone: `7${String(call).padStart(3, "0")}` });
    assertConstantInvite(await rung);
    placed = center.invites.length;
  }
  assert.equal(new Set(center.invites.map((invite) => /^Call-ID: (.*)$/m.exec(invite)?.[1])).size, calls);
  t.diagnostic(`${strings.length} spellings, ${calls} calls, ${placed} INVITEs`);
});

function encoded(text: string): string {
  return Buffer.from(text).toString("hex").replaceAll(/../g, "%$&");
}

/** The INVITE of a context, by the functions that make it: TAG2, the dial command's INVITE, the message. */
function inviteWith(verified: Record<string, unknown>): string {
  const subscriber = "bank" as SubscriberId;
  const subject = { subscriber, id: "mortgages" as SubjectId, name: { en: "Mortgages" }, whisper: {} };
  const context = { version: 1 as const, subscriber, subject: subject.id, verified, unverified: verified };
  const tag2 = toTag2({
    context,
    subject,
    route: { dnis: "7001", showAni: true },
    visitorNumber: "7123",
    reference: "123456",
  });
  const address = { transport: "udp", port: 5060 } as const;
  const [wish] = invitesFor({
    identity: {
      callingNumber: tag2.ani ?? "",
      userToUserHex: Buffer.from(tag2.userToUser).toString("hex"),
      xContext: tag2.xContext,
    },
    way: {
      type: "trunk",
      target: { type: "trunk", host: "127.0.0.1", ...address, user: tag2.dnis, codecs: ["PCMU"] },
      targets: [{ address: "127.0.0.1", ...address }],
    },
    offers: {
      plain:
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
      webrtc: undefined,
      relayHeaders: [],
    },
    resumes: false,
    addressOver: () => ({ host: "127.0.0.1", port: 5061 }),
    random: secureRandom,
  });
  assert.ok(wish !== undefined);
  const [, effects] = begin(wish, { nowMs: systemClock.now(), random: secureRandom });
  const sent = effects.find((effect) => effect.type === "send-invite");
  assert.ok(sent?.type === "send-invite");
  const via = "SIP/2.0/UDP 127.0.0.1:5061;rport;branch=z9hG4bK0123456789abcdef";
  return Buffer.from(serialize(withTopHeader(sent.request, "Via", via))).toString("latin1");
}

/** A center that is always busy, and keeps every INVITE as it came. */
async function openBusyCenter() {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const invites: string[] = [];
  let tell: (invite: string) => void = () => {};
  socket.on("message", (octets, from) => {
    const text = octets.toString("latin1");
    if (!text.startsWith("INVITE ")) return;
    const echoed = text.split("\r\n").filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));
    const tagged = echoed.map((line) => (line.startsWith("To:") ? `${line};tag=busy` : line));
    socket.send(
      ["SIP/2.0 486 Busy Here", ...tagged, "Content-Length: 0", "\r\n"].join("\r\n"),
      from.port,
      from.address,
    );
    invites.push(text);
    tell(text);
  });
  return {
    port: socket.address().port,
    invites,
    next(): Promise<string> {
      const { promise, resolve } = Promise.withResolvers<string>();
      tell = resolve;
      return promise;
    },
    async [Symbol.asyncDispose]() {
      socket.close();
    },
  };
}
