import assert from "node:assert/strict";
import { openBrowser } from "#rig/chromium.ts";
import { openPlatform, type Platform } from "#rig/platform.ts";
import { installed } from "#rig/processes.ts";
import { callRecords, operatorToken } from "../../bench/flow/call-records.ts";
import { type Check, check } from "./checks.ts";
import { clicksInChromium, type PageInChromium } from "./pushes/chromium-pages.ts";
import { PageClient } from "./pushes/page-client.ts";
import {
  addressOf,
  again,
  clicks,
  keyedAtMs,
  percentile,
  pushingBank,
  startKeyingAgents,
  startListeners,
} from "./pushes/pushing-calls.ts";

const inChromium = 5;
/** All agents of pages without a browser together key ten times a second; those of Chromium's pages twice a second each. */
const everyMsOf = { client: (calls: number) => calls * 100, chromium: 500 };
const rate = 5;
const betweenDeathsMs = 8_000;
/** A page keyed so soon after a death is one of the first. */
const firstMs = 1_000;
const settledMs = 6_000;
const deaths = ["web", "unit", "both", "web", "unit", "both"] as const;

/**
 * C3. Pages are pushed while processes die: what is keyed first after a death is shown within two seconds of it, and nothing is shown
 * twice, by pages in Chromium and by others that do what its script does.
 */
export async function* provePushesOutlive(calls: number): AsyncIterable<Check> {
  if (!installed("chromium", "sipp")) {
    yield { name: "chromium and sipp", passed: false, detail: "are needed: bin/test --setup" };
    return;
  }
  await using rig = new AsyncDisposableStack();
  const endless = { times: 10_000 };
  const users = rig.use(await startListeners(calls + inChromium));
  const everyMs = everyMsOf.client(calls);
  const agents = rig.use(await startKeyingAgents({ calls, code: "12#", everyMs, ...endless }));
  const fast = rig.use(
    await startKeyingAgents({ calls: inChromium, code: "12#", everyMs: everyMsOf.chromium, ...endless }),
  );
  const browser = rig.use(await openBrowser());
  const platform = rig.use(
    await openPlatform({
      config: pushingBank({ users: users.port, center: agents.port, fast: fast.port }),
      environment: {
        TANDEM_OPERATOR_TOKEN: operatorToken,
        TANDEM_LOG: "warn",
        TANDEM_TRUST_PROXY: "127.0.0.1",
      },
      supervised: true,
    }),
  );
  const clients = await followed(platform, calls, rig);
  const pages: PageInChromium[] = [];
  for (let n = 0; n < inChromium; n++)
    pages.push(await clicksInChromium(browser, { url: platform.url, subject: "savings" }, rig));
  yield await check(`${calls + inChromium} calls are bridged`, () =>
    allConverse(platform, calls + inChromium),
  );

  const died: { readonly who: string; readonly atMs: number }[] = [];
  for (const [at, who] of deaths.entries()) {
    yield await check(`death ${at + 1}: ${who}`, async () => {
      died.push({ who, atMs: Date.now() });
      const backMs = await over(platform, who);
      return `back after ${Math.round(backMs)} ms`;
    });
  }
  // Nobody keys any more, and what became of the last page is known.
  await Promise.all([agents.stop(), fast.stop()]);
  await new Promise((resolve) => setTimeout(resolve, settledMs));
  const keyed = new Map([...keyedAtMs(agents), ...keyedAtMs(fast)]);
  const records = new Map(
    (await again(() => callRecords(platform.url))).map((record) => [record.call as string, record]),
  );
  await Promise.all(clients.map((client) => client.close()));

  const shownBy = new Map<string, readonly { readonly push: number; readonly atMs: number }[]>([
    ...clients.map(({ call, met }) => [call, met.filter(({ isShown }) => isShown)] as const),
    ...pages.map(({ call, allowed }) => [call, allowed] as const),
  ]);
  const first = (of: readonly { readonly call: string }[]): readonly number[] =>
    of.flatMap(({ call }) => {
      const moments = keyed.get(records.get(call)?.reference ?? "") ?? [];
      return died.flatMap(({ atMs: diedAtMs }) => {
        const at = moments.findIndex((ms) => ms >= diedAtMs);
        if (at < 0 || (moments[at] ?? 0) > diedAtMs + firstMs) return [];
        const shown = shownBy.get(call)?.find(({ push }) => push === at + 1);
        return [shown === undefined ? Infinity : shown.atMs - diedAtMs];
      });
    });
  for (const [who, ms] of Object.entries({ Chromium: first(pages), "event streams": first(clients) })) {
    yield await check(`${who}: the first page after a death, p95 <= 2 s after it`, () => {
      const [median, p95, most] = [percentile(ms, 50), percentile(ms, 95), percentile(ms, 100)];
      const detail = `median ${median} ms, p95 ${p95} ms, max ${most} ms, over ${ms.length} pushes`;
      assert.ok(p95 <= 2_000, detail);
      return detail;
    });
  }
  yield await check("each push is shown once, and recorded so", () => {
    const wrong = [...shownBy].flatMap(([call, shown]) => {
      const results = records.get(call)?.pagesPushed ?? [];
      return results.flatMap(({ result }, at) => {
        const times = shown.filter(({ push }) => push === at + 1).length;
        return result === "shown" && times === 1
          ? []
          : [`${call} ${at + 1}: ${result}, shown ${times} times`];
      });
    });
    const all = [...shownBy.values()].reduce((sum, shown) => sum + shown.length, 0);
    assert.deepEqual(wrong.slice(0, 20), [], `${wrong.length} of ${all}`);
    return `${all} pushes`;
  });
  yield await check("Chromium's pages put each in its place once", async () => {
    const showings = await Promise.all(pages.map((page) => page.showings()));
    const counts = pages.map(({ allowed }, n) => [allowed.length, showings[n]?.length ?? 0] as const);
    assert.ok(
      counts.every(([allowed, shown]) => allowed === shown && allowed > 0),
      counts.join("; "),
    );
    return `${counts.reduce((sum, [, shown]) => sum + shown, 0)} times in ${pages.length} pages`;
  });
}

async function followed(
  platform: Platform,
  calls: number,
  rig: AsyncDisposableStack,
): Promise<readonly PageClient[]> {
  const clients: PageClient[] = [];
  const beganMs = performance.now();
  for (let visitor = 0; visitor < calls; visitor++) {
    const browser = await clicks(platform.url, "mortgages");
    const { url } = platform;
    const client = new PageClient(browser, { origin: url, way: url, address: addressOf(visitor) });
    rig.defer(() => client.close());
    clients.push(client);
    const nextMs = beganMs + ((visitor + 1) * 1_000) / rate;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, nextMs - performance.now())));
  }
  return clients;
}

async function allConverse(platform: Platform, calls: number): Promise<string> {
  const giveUpMs = performance.now() + 60_000;
  for (;;) {
    const records = await again(() => callRecords(platform.url));
    const talking = records.filter(({ state, step }) => state === "live" && step === "converse").length;
    if (talking === calls) return `${talking}`;
    if (performance.now() > giveUpMs) throw new Error(`${talking}\n${platform.output().slice(-3_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function over(platform: Platform, who: (typeof deaths)[number]): Promise<number> {
  const beganMs = performance.now();
  const back: Promise<unknown>[] = [];
  if (who !== "web") back.push(platform.killUnit().then(() => platform.startUnit()));
  if (who !== "unit") back.push(platform.killWeb().then(() => platform.startWeb()));
  await Promise.all(back);
  const backMs = performance.now() - beganMs;
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, betweenDeathsMs - backMs)));
  return backMs;
}
