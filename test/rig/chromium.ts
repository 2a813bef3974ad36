import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** Debian's Chromium, driven by Playwright: a browser that nobody here wrote. Close it, or the test leaves a process behind. */
export interface Browser {
  /** A visitor of their own: no cookies, no cache. */
  visitor(options?: BrowserContextOptions): Promise<BrowserContext>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * `microphone`: a WAV file that it hears over and over, and pages get the right to it without a question; or `beep`, Chromium's own false
 * sound, once a second, for which they have to be given it. Without one the machine's own, if any.
 */
export async function openBrowser({ microphone }: { readonly microphone?: string } = {}): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), "tandem-chromium-"));
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    headless: true,
    // The wrapper script of the package prints to standard error at times: not ours to judge.
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...(microphone === undefined ? [] : withMicrophone(microphone)),
    ],
    env: { ...process.env, HOME: profile },
  });
  return {
    visitor: async (options = {}) => {
      const context = await browser.newContext({ locale: "en-US", ...options });
      context.setDefaultTimeout(20_000);
      return context;
    },
    async [Symbol.asyncDispose]() {
      await browser.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function withMicrophone(file: string): readonly string[] {
  if (file === "beep") return ["--use-fake-device-for-media-stream"];
  return [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    `--use-file-for-fake-audio-capture=${file}`,
    "--autoplay-policy=no-user-gesture-required",
  ];
}

/** Fails with axe's own words when the page breaks a rule of WCAG 2.2, A or AA, or a best practice. */
async function assertAccessible(page: Page, what: string): Promise<void> {
  // Set through the debugger's door, so that the page's Content-Security-Policy need not be loosened for the test.
  await page.evaluate(await axeSource());
  const findings = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: (options: object) => Promise<AxeResults> } };
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const results = await axe.run({ runOnly: tags, iframes: false });
    return results.violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} (${node.failureSummary})`).join("; ")}`,
    );
  });
  assert.deepEqual(findings, [], `${what} is not accessible`);
}

interface AxeResults {
  violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
}

let axe: string | undefined;
async function axeSource(): Promise<string> {
  axe ??= await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  return axe;
}

/** The widths at which pages are looked at, in CSS pixels: a small telephone, a tablet, a desk. */
export const widths = [320, 768, 1280] as const;

export const colorSchemes = ["light", "dark"] as const;

/**
 * Accessible at 320 pixels (WCAG 2.2, 1.4.10), where nothing may need to be scrolled sideways, and at a desk: in the light there, in
 * the dark here. No rule of ours gives a width colours of its own, so each theme is asked once.
 */
export async function assertGoodLooks(page: Page, what: string): Promise<void> {
  for (const [width, colorScheme] of [
    [320, "light"],
    [1280, "dark"],
  ] as const) {
    await page.setViewportSize({ width, height: 720 });
    await page.emulateMedia({ colorScheme });
    const overflow = Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth"));
    assert.ok(overflow <= 0, `${what} is ${overflow} pixels wider than ${width}`);
    await assertAccessible(page, `${what}, ${colorScheme}, ${width} pixels wide`);
  }
}
