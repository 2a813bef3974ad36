import { type Language, messages } from "#presentation/messages/messages.ts";
import type { Page } from "playwright-core";
import type { Browser } from "./chromium.ts";
import { type FarEnd, openFarEnd } from "./far-end-page.ts";
import { presentationOnLoopback } from "./open-test-presentation.ts";
import { openPhoneServer, type PhoneServer, type ServerCall } from "./phone-server.ts";
import type { Look } from "./visitor-tour.ts";

/** Bob at his telephone in a page, with the platform's side of it said by the test. */
export interface BobsPhone extends AsyncDisposable {
  readonly page: Page;
  readonly url: string;
  readonly server: PhoneServer;
  signsIn(password?: string): Promise<void>;
  /** He has signed in, and the platform has asked and heard that all is well. */
  isReady(): Promise<void>;
  /** A call comes, and its far end. */
  isCalled(more?: {
    readonly resumes?: boolean;
    readonly from?: string;
  }): Promise<{ call: ServerCall; far: FarEnd }>;
}

export async function openBobsPhone(
  browser: Browser,
  options: { readonly language?: Language; readonly microphone?: "allowed" | "refused" } = {},
): Promise<BobsPhone> {
  const { language = "en", microphone = "allowed" } = options;
  await using opened = new AsyncDisposableStack();
  const server = opened.use(await openPhoneServer());
  const scene = opened.use(
    await presentationOnLoopback({ browserPhones: { socketUrl: server.url, iceServers: [] } }),
  );
  const context = await browser.visitor({ locale: language === "en" ? "en-US" : "es-ES" });
  opened.defer(() => context.close());
  // Chromium without a window takes silence for a no.
  if (microphone === "allowed") await context.grantPermissions(["microphone"]);
  const page = await context.newPage();
  await page.goto(`${scene.url}/phone`);
  const all = opened.move();
  const words = messages(language).phone;
  const bob: BobsPhone = {
    page,
    url: scene.url,
    server,
    async signsIn(password = "correct-horse-battery") {
      await page.locator("#name").fill("bob.bank");
      await page.locator("#password").fill(password);
      await page.getByRole("button", { name: words.agent.signIn }).click();
    },
    async isReady() {
      await bob.signsIn();
      await server.registered();
      await server.asks();
      await page.getByText(words.program.ready, { exact: true }).waitFor();
    },
    async isCalled(more = {}) {
      const far = await openFarEnd(context, scene.url);
      const call = await server.calls(await far.offers(), more);
      await page.bringToFront();
      return { call, far };
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
  return bob;
}

/** The agent's telephone in each of its states, in one language. */
export async function tourOfAgentPhone(browser: Browser, language: Language, look: Look): Promise<void> {
  const words = messages(language).phone;
  await using bob = await openBobsPhone(browser, { language });
  const { page, server, url } = bob;
  const looks = (kind: string, which = "") => look({ page, url, kind, which });
  const says = (text: string) => page.getByText(text, { exact: true }).waitFor();
  await looks("sign-in");
  server.answers = { status: 403 };
  await bob.signsIn("wrong");
  await says(words.program.wrongPassword);
  await looks("sign-in", "wrong-password");
  server.answers = { status: 200 };
  await bob.signsIn();
  await page.locator("[data-why=not-asked]").waitFor();
  await looks("idle", "not-asked");
  await server.asks();
  await says(words.program.ready);
  await looks("idle");

  const { call, far } = await bob.isCalled();
  await says(words.program.rings);
  await looks("ringing");
  await page.getByRole("button", { name: words.agent.answer }).click();
  const { sdp } = await call.answered;
  await far.accepts(sdp);
  await says(words.program.talking);
  for (const key of ["1", "2", "#"]) await page.getByRole("button", { name: key, exact: true }).click();
  await page.locator("#quality").getByText("%").waitFor();
  await looks("talking");
  await page.getByRole("button", { name: words.sound.mute }).click();
  await says(words.program.muted);
  await looks("talking", "muted");

  const second = await page.context().newPage();
  await second.goto(`${url}/phone`);
  await second.evaluate(
    (login) => sessionStorage.setItem("tandem-phone-login", login),
    JSON.stringify({ name: "bob.bank", password: "x", instance: "00000000-0000-4000-8000-000000000000" }),
  );
  await second.reload();
  await second.getByRole("button", { name: words.sound.useThisTab }).waitFor();
  await look({ page: second, url, kind: "idle", which: "elsewhere" });
  await second.close();

  call.hangsUp();
  await says(words.program.nobodyCalls);
  server.cuts();
  await page.locator("[data-why=connection-lost]").waitFor();
  await looks("idle", "connection-lost");

  await using carol = await openBobsPhone(browser, { language, microphone: "refused" });
  await carol.signsIn();
  await carol.page.locator("[data-why=microphone-refused]").waitFor();
  await look({ page: carol.page, url: carol.url, kind: "idle", which: "microphone-refused" });

  await using scene = await presentationOnLoopback();
  await page.goto(`${scene.url}/phone`);
  await look({ page, url: scene.url, kind: "off", which: "" });
}
