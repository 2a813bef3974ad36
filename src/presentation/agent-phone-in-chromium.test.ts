/** The agent's telephone in a page, with a real browser's sound; what the platform says to it, the test says. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import { openBobsPhone, tourOfAgentPhone } from "#rig/agent-phone-tour.ts";
import { assertGoodLooks, type Browser, openBrowser } from "#rig/chromium.ts";

const chromiumIsThere = existsSync("/usr/bin/chromium");
const options = chromiumIsThere ? {} : { skip: "no /usr/bin/chromium" };

let browser: Browser | undefined;
before(async () => {
  if (chromiumIsThere) browser = await openBrowser({ microphone: "beep" });
});
after(async () => await browser?.[Symbol.asyncDispose]());

function chromium(): Browser {
  assert.ok(browser);
  return browser;
}

for (const language of ["en", "es"] as const)
  test(`in ${language} each state is accessible, in both themes, and fits 320 pixels`, options, async () => {
    const seen: string[] = [];
    await tourOfAgentPhone(chromium(), language, async ({ page, kind, which }) => {
      seen.push(`${kind} ${which}`.trim());
      await assertGoodLooks(page, `a telephone that is ${kind} ${which}`);
    });
    assert.equal(seen.length, 11);
  });

test("Bob is rung, answers, is heard, keys, and hangs up", options, async () => {
  await using bob = await openBobsPhone(chromium());
  const { page } = bob;
  const quietTitle = await page.title();
  await bob.isReady();
  const { call, far } = await bob.isCalled();
  await page.getByText("It rings!").waitFor();
  assert.equal(await page.title(), "It rings!");
  assert.equal(await page.locator("#caller").textContent(), "From +12025550123. Called: 7001.");
  // The bell has the focus: whoever uses the keyboard answers with it.
  await page.keyboard.press("Enter");
  const { status, sdp } = await call.answered;
  assert.equal(status, 200);
  assert.match(sdp, /^m=audio .*UDP\/TLS\/RTP\/SAVPF/m);
  await far.accepts(sdp);
  await far.hears();
  assert.equal(await page.title(), quietTitle);
  await page.getByText("You are talking.").waitFor();
  await page.keyboard.press("1");
  await page.getByRole("button", { name: "#" }).click();
  assert.equal(await page.locator("#keyed").textContent(), "1#");
  // A digit that is typed into a list chooses there.
  await page.locator("#microphones").focus();
  await page.keyboard.press("9");
  assert.equal(await page.locator("#keyed").textContent(), "1#");
  const goodbye = call.said("BYE");
  await page.getByRole("button", { name: "Hang up" }).click();
  await goodbye;
  await page.getByText("Nobody calls.").waitFor();
});

test(
  "a call that nobody answers falls silent when the caller has gone, and one is declined",
  options,
  async () => {
    await using bob = await openBobsPhone(chromium());
    await bob.isReady();
    const first = await bob.isCalled();
    await bob.page.getByText("It rings!").waitFor();
    first.call.cancels();
    assert.equal((await first.call.answered).status, 487);
    await bob.page.getByText("Nobody calls.").waitFor();
    const second = await bob.isCalled();
    await bob.page.getByRole("button", { name: "Decline" }).click();
    assert.equal((await second.call.answered).status, 603);
  },
);

test(
  "a page that is loaded anew comes back by itself, and takes its call up without a ring",
  options,
  async () => {
    await using bob = await openBobsPhone(chromium());
    const { page, server } = bob;
    await bob.isReady();
    const before = await bob.isCalled();
    await page.getByRole("button", { name: "Answer" }).click();
    await before.far.accepts((await before.call.answered).sdp);
    await before.far.hears();
    await page.reload();
    await server.registered();
    const taken = await bob.isCalled({ resumes: true });
    await taken.far.accepts((await taken.call.answered).sdp);
    await taken.far.hears();
    await page.getByText("You are talking.").waitFor();
    assert.ok(!server.heard.some((message) => message.startsWith("BYE")), "the call was never ended");
    const instances = new Set(
      server.heard.flatMap((message) => /urn:uuid:[0-9a-f-]+/.exec(message)?.[0] ?? []),
    );
    assert.equal(instances.size, 1, "the new life takes the place of the old one");
  },
);

test("without a microphone the platform hears why, and when it is allowed all is well", options, async () => {
  await using bob = await openBobsPhone(chromium(), { microphone: "refused" });
  await bob.signsIn();
  await bob.server.registered();
  assert.deepEqual(await bob.server.asks(), {
    status: 480,
    reason: 'SIP;cause=480;text="microphone refused"',
  });
  await bob.page.getByText("This page may not use the microphone.").waitFor();
  await bob.page.context().grantPermissions(["microphone"]);
  await bob.page.locator("[data-why=ready]").waitFor();
  assert.equal((await bob.server.asks()).status, 200);
});

test("no microphone in the machine is told as that", options, async () => {
  await using deaf = await openBrowser();
  await using bob = await openBobsPhone(deaf);
  await bob.signsIn();
  await bob.page.getByText("There is no microphone.").waitFor();
  await bob.server.registered();
  assert.equal((await bob.server.asks()).status, 480);
});

test("a wrong password is told, many of them too, and none leaves the browser", options, async () => {
  await using bob = await openBobsPhone(chromium());
  const { page, server } = bob;
  const sent: string[] = [];
  page.on("request", (request) => sent.push(request.url() + (request.postData() ?? "")));
  server.answers = { status: 403 };
  await bob.signsIn("a-wrong-password");
  await page.getByText("The name or the password is wrong.").waitFor();
  assert.equal(await page.locator(":focus").getAttribute("id"), "name");
  server.answers = { status: 403, headers: ["Retry-After: 30"] };
  await bob.signsIn("a-wrong-password");
  await page.getByText("Too many wrong passwords.").waitFor();
  assert.ok(server.heard.length >= 2);
  assert.deepEqual(
    [...sent, ...server.heard].filter((text) => text.includes("a-wrong-password")),
    [],
  );
  await page.reload();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
});

test("a connection that is lost is told, and mends by itself", options, async () => {
  await using bob = await openBobsPhone(chromium());
  await bob.isReady();
  bob.server.cuts();
  await bob.page.getByText("The connection to the server is lost.").waitFor();
  await bob.server.registered();
  await bob.server.asks();
  await bob.page.getByText("Ready", { exact: true }).waitFor();
});

test(
  "what rings falls silent when the connection is lost, and the next call rings again",
  options,
  async () => {
    await using bob = await openBobsPhone(chromium());
    await bob.isReady();
    await bob.isCalled();
    await bob.page.getByText("It rings!").waitFor();
    bob.server.cuts();
    await bob.page.getByText("It rings!").waitFor({ state: "hidden" });
    await bob.page.getByRole("button", { name: "Answer" }).waitFor({ state: "hidden" });
    await bob.server.registered();
    await bob.isCalled();
    await bob.page.getByText("It rings!").waitFor();
  },
);

test("of two tabs one has the telephone; the other says so, and can take it", options, async () => {
  await using bob = await openBobsPhone(chromium());
  const { page, server } = bob;
  await bob.isReady();
  const login = await page.evaluate(() => sessionStorage.getItem("tandem-phone-login") ?? "");
  const second = await page.context().newPage();
  await second.goto(`${bob.url}/phone`);
  await second.evaluate((kept) => sessionStorage.setItem("tandem-phone-login", kept), login);
  await second.reload();
  await second.getByText("The sound is in another tab of this browser.").waitFor();
  await second.getByRole("button", { name: "Use this tab" }).click();
  await page.getByText("The sound is in another tab of this browser.").waitFor();
  await server.registered();
  await server.asks();
  await second.getByText("Ready", { exact: true }).waitFor();
  // Whoever closes the tab that has it gives it back to the one that waits.
  await second.close();
  await page.locator("[data-why=not-asked], [data-why=ready]").waitFor();
});
