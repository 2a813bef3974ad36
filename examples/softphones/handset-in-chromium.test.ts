import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openBrowser } from "#rig/chromium.ts";
import { openCaller } from "#rig/phone-caller.ts";
import { sequence } from "#rig/sound.ts";
import { writeWav } from "#rig/wav.ts";
import { share } from "./hearing.ts";
import { openPhonePage } from "./phone-page.ts";
import { openSoftphone } from "./softphone.ts";

const options = existsSync("/usr/bin/chromium") ? {} : { skip: "no /usr/bin/chromium" };
const microphonesHz = 700;

test("whoever holds the handset in the page speaks on the line and hears it", options, async () => {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "tandem-handset-"));
  opened.defer(() => rm(folder, { recursive: true }));
  const microphone = join(folder, "microphone.wav");
  writeWav(microphone, sequence([{ hz: [microphonesHz], seconds: 2 }]));
  const browser = opened.use(await openBrowser({ microphone }));
  const bob = await openSoftphone({ name: "Bob", sipPort: 0 });
  opened.defer(() => bob.close());
  const served = await openPhonePage(bob, 0);
  opened.defer(() => served.close());

  let heardMicrophone = (): void => {};
  let heardNothing = (): void => {};
  const caller = opened.use(
    await openCaller(bob.sipPort, (pcm) => {
      if (pcm.every((sample) => sample === 0)) heardNothing();
      else if (share(pcm, microphonesHz) > 0.8) heardMicrophone();
    }),
  );
  const page = await (await browser.visitor()).newPage();
  await page.goto(`http://127.0.0.1:${served.port}`);

  await caller.invites();
  await page.getByRole("button", { name: "Answer" }).click();
  await caller.agrees();
  const speaks = new Promise<void>((resolve) => (heardMicrophone = resolve));
  await page.getByRole("button", { name: "Speak" }).click();
  await speaks;
  await page.getByText("somebody speaks into it", { exact: true }).waitFor();
  await page.locator("#speak[aria-pressed=true]").waitFor();

  await page.getByRole("button", { name: "Listen" }).click();
  await page.locator("#level:not([value='0']):not([value='0.00'])").waitFor();

  await page.getByRole("button", { name: "Speak" }).click();
  await page.getByText("nobody speaks into it any more").waitFor();
  await new Promise<void>((resolve) => (heardNothing = resolve));
});

test("a microphone that the browser refuses is told in words", options, async () => {
  await using opened = new AsyncDisposableStack();
  const browser = opened.use(await openBrowser({ microphone: "beep" }));
  const bob = await openSoftphone({ name: "Bob", sipPort: 0 });
  opened.defer(() => bob.close());
  const served = await openPhonePage(bob, 0);
  opened.defer(() => served.close());
  const page = await (await browser.visitor()).newPage();
  await page.goto(`http://127.0.0.1:${served.port}`);
  // The browser asks the person; nobody has said yes.
  await page.getByRole("button", { name: "Speak" }).click();
  await page.getByText("The browser does not let this page use the microphone.").waitFor();
  await page.locator("#speak[aria-pressed=false]").waitFor();
});

test("another site's page neither hears nor speaks", async () => {
  const bob = await openSoftphone({ name: "Bob", sipPort: 0 });
  const served = await openPhonePage(bob, 0);
  try {
    for (const [path, origin] of [
      ["/sound", "http://elsewhere.example"],
      ["/other", `http://127.0.0.1:${served.port}`],
    ] as const) {
      const socket = new WebSocket(`ws://127.0.0.1:${served.port}${path}`, { headers: { origin } });
      const outcome = await new Promise((resolve) => {
        socket.onopen = () => resolve("open");
        socket.onerror = () => resolve("refused");
      });
      assert.equal(outcome, "refused", `${path} from ${origin}`);
    }
  } finally {
    await served.close();
    await bob.close();
  }
});
