import { type Language, messages } from "#presentation/messages/messages.ts";
import type { Page } from "playwright-core";
import type { Browser } from "./chromium.ts";
import { openFarEnd } from "./far-end-page.ts";
import { presentationOnLoopback } from "./open-test-presentation.ts";
import { openPhoneServer } from "./phone-server.ts";
import type { Look } from "./visitor-tour.ts";

/** A call that is held in the visitor's browser, from the welcome page's offer to the last page, in one language. */
export async function tourOfVisitorPhone(browser: Browser, language: Language, look: Look): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const server = opened.use(await openPhoneServer());
  const scene = opened.use(
    await presentationOnLoopback({ browserPhones: { socketUrl: server.url, iceServers: [] } }),
  );
  scene.callManager.subscriberFace = { ...scene.callManager.subscriberFace, browserCalls: true };
  const context = await browser.visitor({ locale: language === "en" ? "en-US" : "es-ES" });
  opened.defer(() => context.close());
  const ann = await context.newPage();
  const words = messages(language).phone;
  const looks = (kind: string, which = "", page: Page = ann) => look({ page, url: scene.url, kind, which });
  const clicks = (name: string) => ann.getByRole("button", { name }).click();
  const says = (text: string, page = ann) => page.getByText(text, { exact: true }).waitFor();

  await ann.goto(`${scene.url}/talk/bank/mortgages`);
  await ann.getByRole("button", { name: words.visitor.begin }).waitFor();
  await looks("welcome", "offered");
  await clicks(words.visitor.begin);
  await ann.getByText(words.program.whyNotReady["microphone-refused"].why).waitFor();
  await looks("welcome", "refused");
  // The page notices by itself.
  await context.grantPermissions(["microphone"]);
  await says(words.visitor.speak);
  await looks("welcome", "heard");

  await clicks(words.visitor.now);
  await ann.waitForURL("**/call/**");
  await server.registered();
  scene.callManager.moves("calling-you");
  await ann
    .getByRole("heading", { name: messages(language).connect.stagesInBrowser["calling-you"]?.headline ?? "" })
    .waitFor();
  await looks("connect", "connecting");
  const far = await openFarEnd(context, scene.url);
  const call = await server.calls(await far.offers());
  await ann.bringToFront();
  await far.accepts((await call.answered).sdp);
  await far.hears();
  scene.callManager.moves("connected");
  await says(words.visitor.soundIsOn);
  await looks("connect", "talking");
  await clicks(words.sound.mute);
  await says(words.program.muted);
  await looks("connect", "muted");

  const second = await context.newPage();
  await second.goto(ann.url());
  await second.getByRole("button", { name: words.sound.useThisTab }).waitFor();
  await looks("connect", "elsewhere", second);
  await second.close();
  await ann.bringToFront();

  scene.callManager.ends("completed");
  await ann.getByRole("heading", { name: messages(language).outcomes.completed.title }).waitFor();
  await ann.locator("[data-phone]").waitFor({ state: "detached" });
  await looks("disconnect");
}
