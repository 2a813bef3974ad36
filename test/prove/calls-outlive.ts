import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "#base/log.ts";
import { bankConfig } from "#rig/bank.ts";
import { PlainBrowser } from "#rig/plain-browser.ts";
import { freePort } from "#rig/ports.ts";
import { openPlatform, type Platform } from "#rig/platform.ts";
import { asks, farEnd, hears, hearsResponse, pause, says, saysInDialog } from "#rig/sipp/far-end.ts";
import { type Sipp, startSipp } from "#rig/sipp.ts";
import { signedToken } from "#rig/story.ts";
import { supervise } from "../../src/supervise.ts";
import { callRecords, operatorToken } from "../../bench/flow/call-records.ts";
import { type Check, check } from "./checks.ts";
import { RealPairs } from "./outlive/real-pairs.ts";
import { type Heard, startTalkers, type Talkers } from "./outlive/talkers-process.ts";

/** Clicks a second while the calls are set up, and seconds from one death to the next. */
const rate = 5;
const betweenDeathsMs = 6_000;
/** Of baresip with baresip, and of Chromium's page with baresip. Two cores do not carry them and two hundred calls at once. */
const realPairsBeside = (calls: number): number => (calls <= 50 ? 5 : 0);
const deaths = ["unit", "web", "unit", "web", "unit", "both"] as const;
const unitDeaths = deaths.filter((who) => who !== "web").length;

/**
 * C1, C2: bridged calls with audio both ways, over the death of each process; then half of the users and half of the agents hang up. Most
 * are sipp's, with light talkers for their audio; beside fifty or fewer, five are between real telephones, and five between a page in
 * Chromium and one.
 * Beside it a plain relay that is killed and started again in the same way.
 */
export async function* proveCallsOutlive(calls: number): AsyncIterable<Check> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-outlive-"));
  try {
    yield await check("a plain relay, killed and started again", () => floor(calls));
    // From the answer to the hang-up: all are up, all deaths are over, and a moment more.
    const talkMs = (calls / rate) * 1_000 + 70_000 + deaths.length * betweenDeathsMs;
    await using talkers = await startTalkers(calls);
    await using users = await party(folder, { talkers, side: 0, talkMs, acts: [] });
    await using centers = await party(folder, { talkers, side: 1, talkMs, acts: signsOn });
    await using real = await RealPairs.start(realPairsBeside(calls));
    const all = calls + real.count;
    await using platform = await openPlatform({
      config: real.addedTo(bankConfig({ user: users.port, center: centers.port })),
      environment: {
        TANDEM_OPERATOR_TOKEN: operatorToken,
        TANDEM_LOG: "warn",
        TANDEM_SIP_WEBSOCKET_PORT: String(await freePort()),
      },
      supervised: true,
    });
    // First, while there is nothing else to do.
    await real.begin(platform);
    talkers.speak("to whom they hear");
    await click(platform, calls);
    yield await check(`${all} calls are bridged`, () => allBridged(platform, all));
    const unitGaps: number[] = [];
    for (const [at, who] of deaths.entries()) {
      yield await check(`death ${at + 1}: ${who}`, async () => {
        await real.listen();
        const heard = await over(talkers, platform, who);
        if (who !== "web") unitGaps.push(...heard.map(({ gapMs }) => gapMs));
        assert.ok(
          heard.every(({ frames }) => frames > 0),
          "each hears the other again",
        );
        assert.equal(Math.max(...heard.map(({ sources }) => sources)), 1, "one source each");
        assert.equal(Math.max(...heard.map(({ backwards }) => backwards)), 0, "no number goes back");
        return `${told(heard)}; ${await real.areAlive()}`;
      });
    }
    yield await check("the gap of audio: median <= 500 ms, max <= 1 s", () => {
      const { median, most } = figures(unitGaps);
      assert.ok(median <= 500 && most <= 1_000, `median ${median} ms, max ${most} ms`);
      return `median ${median} ms, max ${most} ms, over ${unitGaps.length} legs' deaths`;
    });
    yield await check("a hang-up ends both ends of the real telephones' calls", () =>
      real.hangUp(unitDeaths),
    );
    yield await check(`${all} calls end as completed, and none is extra`, () => allCompleted(platform, all));
    for (const [name, sipp] of Object.entries({ users, centers })) {
      yield await check(`the ${name}' telephones saw nothing but their call`, async () => {
        const { successful, failed, unexpected } = await sipp.result(30_000);
        assert.deepEqual(
          { successful, failed },
          { successful: calls, failed: 0 },
          unexpected.slice(0, 2_000),
        );
        const again = [...sipp.trace().matchAll(/^INVITE /gm)].length;
        return `${successful} of ${calls}; ${again} INVITEs came`;
      });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function over(
  talkers: Talkers,
  platform: Platform,
  who: (typeof deaths)[number],
): Promise<readonly Heard[]> {
  const listened = await talkers.listen();
  const died: Promise<unknown>[] = [];
  if (who !== "web") died.push(platform.killUnit().then(() => platform.startUnit()));
  if (who !== "unit") died.push(platform.killWeb().then(() => platform.startWeb()));
  const rest = new Promise((resolve) => setTimeout(resolve, betweenDeathsMs));
  await Promise.all([...died, rest]);
  return await listened();
}

/** As many relayed pairs, the relay's death as many times. */
async function floor(calls: number): Promise<string> {
  await using talkers = await startTalkers(calls);
  const ports = talkers.ports.map(([user, center], n) => [12_000 + n * 2, 12_001 + n * 2, user, center]);
  let wake = (): void => {};
  const supervisor = supervise(
    [
      {
        name: "relay",
        script: join(import.meta.dirname, "outlive/plain-relay.ts"),
        environment: { RELAY_PORTS: JSON.stringify(ports) },
        onLine: () => wake(),
      },
    ],
    silentLog,
  );
  try {
    await new Promise<void>((resolve) => (wake = resolve));
    talkers.speak(ports.map(([first = 0, second = 0]) => [first, second] as const));
    const gaps: number[] = [];
    for (let death = 0; death < 3; death++) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const listened = await talkers.listen();
      process.kill(supervisor.pids()["relay"] ?? 0, "SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, betweenDeathsMs));
      gaps.push(...(await listened()).map(({ gapMs }) => gapMs));
    }
    const { median, most } = figures(gaps);
    return `median ${median} ms, max ${most} ms`;
  } finally {
    await supervisor.close();
  }
}

interface Party {
  readonly talkers: Talkers;
  /** Which of a pair's telephones are its. */
  readonly side: 0 | 1;
  readonly talkMs: number;
  readonly acts: readonly string[];
}

/** One sipp for all visitors, one for the center. Every second call is hung up by the one, every other by the other. */
async function party(folder: string, { talkers, side, talkMs, acts }: Party): Promise<Sipp> {
  const fields = join(folder, `side-${side}.csv`);
  const rows = talkers.ports.map((pair, n) => `${pair[side]};${n % 2 === side ? "hangs up" : "waits"}`);
  writeFileSync(fields, `SEQUENTIAL\n${rows.join("\n")}\n`);
  const answer = says(200, { sdp: true, mediaPort: "[field0]", retransmitted: true });
  return await startSipp({
    scenario: farEnd(
      ...[hears("INVITE"), says(180), answer, hears("ACK"), ...acts, asksWhoHangsUp],
      ...[hears("BYE"), saysInDialog(200), `<nop next="2" />`, `<label id="1" />`],
      ...[pause(talkMs), asks("BYE"), hearsResponse(200), `<label id="2" />`],
    ),
    calls: rows.length,
    words: ["-inf", fields, "-deadcall_wait", "0"],
  });
}

const signsOn = [
  pause(200),
  asks("INFO", { content: { type: "application/dtmf-relay", text: "Signal=#\nDuration=100\n" } }),
  hearsResponse(200),
];

const asksWhoHangsUp = `<nop><action>
  <assignstr assign_to="role" value="[field1]" />
  <strcmp assign_to="differs" variable="role" value="hangs up" />
  <test assign_to="hangsUp" variable="differs" compare="equal" value="0" />
</action></nop>
<nop next="1" test="hangsUp" />`;

async function click(platform: Platform, calls: number): Promise<void> {
  const beganMs = performance.now();
  for (let call = 0; call < calls; call += 1) {
    const browser = new PlainBrowser(platform.url);
    const token = await signedToken({ context: { phone: `+1415${2_000_000 + call}` } });
    await browser.opens(`/talk/bank/mortgages?token=${token}`);
    await browser.submits("/talk/");
    const nextMs = beganMs + ((call + 1) * 1_000) / rate;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, nextMs - performance.now())));
  }
}

async function allBridged(platform: Platform, calls: number): Promise<string> {
  return await recordsWhen(platform, 120_000, (records) => {
    const bridged = records.filter(({ state, step }) => state === "live" && step === "converse").length;
    return bridged === calls ? `${bridged}` : undefined;
  });
}

async function allCompleted(platform: Platform, calls: number): Promise<string> {
  return await recordsWhen(platform, (calls / rate) * 1_000 + 90_000, (records) => {
    const completed = records.filter(({ outcome }) => outcome === "completed").length;
    return completed === calls && records.length === calls ? `${completed} of ${records.length}` : undefined;
  });
}

async function recordsWhen(
  platform: Platform,
  withinMs: number,
  look: (records: Awaited<ReturnType<typeof callRecords>>) => string | undefined,
): Promise<string> {
  const giveUpMs = performance.now() + withinMs;
  for (;;) {
    const records = await callRecords(platform.url);
    const seen = look(records);
    if (seen !== undefined) return seen;
    if (performance.now() > giveUpMs) {
      const outcomes = Object.entries(Object.groupBy(records, ({ outcome, step }) => `${outcome ?? step}`));
      const counts = outcomes.map(([name, all]) => `${all?.length} ${name}`).join(", ");
      throw new Error(`${counts}\n${platform.output().slice(-3_000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function figures(gaps: readonly number[]): { readonly median: number; readonly most: number } {
  const sorted = gaps.toSorted((one, other) => one - other);
  const at = (place: number): number => Math.round(sorted[Math.floor(place)] ?? Number.NaN);
  return { median: at(sorted.length / 2), most: at(sorted.length - 1) };
}

function told(heard: readonly Heard[]): string {
  const { median, most } = figures(heard.map(({ gapMs }) => gapMs));
  return `${heard.length} of ${heard.length} hear each other; gap median ${median} ms, max ${most} ms`;
}
