import assert from "node:assert/strict";
import { readFileSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { bankConfig } from "#rig/bank.ts";
import { openPlatform, type Platform } from "#rig/platform.ts";
import { PlainBrowser } from "#rig/plain-browser.ts";
import { sequence } from "#rig/sound.ts";
import { signedToken } from "#rig/story.ts";
import { writeWav } from "#rig/wav.ts";
import { operatorToken } from "../../bench/flow/call-records.ts";
import { cpuMs } from "../../bench/process-cpu.ts";
import { type Check, check } from "./checks.ts";
import { readLedger } from "./soak/ledger.ts";
import { type Phones, startPhones } from "./soak/phones-process.ts";
import { type Manner, type Plan, planOf } from "./soak/plan.ts";

const wanted = { callsPerSecondPerCore: 50, delayP99Ms: 30 };
const heldSeconds = 60;
const triedSeconds = 15;
const stepOfRate = 2;
/** It looks every five seconds whether it has too much to do, at as much that has passed: then it takes calls again. */
const restMs = 11_000;
const manner: Manner = { type: "set-up" };

/**
 * K2: two-leg calls set up at a rate, from the click to the hang-up, both telephones called at once; how long after the visitor's
 * word each rings is the platform's own delay, the browser's request in it. First the promise itself; where it is not kept, the
 * highest rate at which nothing fails, for as long, and what stood against a higher one.
 */
export async function* proveSetUpRate(): AsyncIterable<Check> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-rate-"));
  try {
    writeWav(join(folder, "short.wav"), sequence([{ hz: [400], seconds: 0.1 }]));
    await using phones = await startPhones(manner);
    await using platform = await openPlatform({
      config: quickConfig(phones.ports),
      environment: { TANDEM_PROMPTS: folder, TANDEM_OPERATOR_TOKEN: operatorToken, TANDEM_LOG: "warn" },
    });
    const scene: Scene = { platform, phones, nextCall: 0 };
    // Code that is new to its compiler is no part of a server that runs for days.
    await callsAt(scene, 10, 20);
    const held: Held[] = [];
    const holds = async (rate: number, seconds: number): Promise<Held> => {
      const figures = await callsAt(scene, rate, seconds);
      held.push(figures);
      return figures;
    };
    const first = await holds(wanted.callsPerSecondPerCore, triedSeconds);
    const best = isHeld(first)
      ? await holds(wanted.callsPerSecondPerCore, heldSeconds)
      : await highest(holds, wanted.callsPerSecondPerCore);
    for (const each of held)
      yield { name: `${each.rate} a second for ${each.seconds} s`, passed: true, detail: told(each) };
    yield await check("some rate is held", () => {
      assert.ok(best !== undefined, "none was");
      return `${best.rate} calls a second for ${best.seconds} s without a failure; ${told(best)}`;
    });
    yield await check(
      `${wanted.callsPerSecondPerCore} calls a second a core, added delay p99 <= ${wanted.delayP99Ms} ms`,
      () => {
        assert.ok(best !== undefined, "no rate is held");
        const perCore = 1_000 / best.cpuMs;
        const against = held.find((each) => each.rate > best.rate && !isHeld(each));
        const detail = `${perCore.toFixed(1)} a core by their processor time (${best.cpuMs.toFixed(1)} ms a call); against more: ${against === undefined ? "nothing tried" : `at ${against.rate} a second ${whatStood(against)}`}`;
        const { callsPerSecondPerCore, delayP99Ms } = wanted;
        assert.ok(perCore >= callsPerSecondPerCore && best.rate >= callsPerSecondPerCore, detail);
        assert.ok(best.delayP99Ms <= delayP99Ms, `the delay's p99 was ${best.delayP99Ms} ms; ${detail}`);
        return detail;
      },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Scene {
  readonly platform: Platform;
  readonly phones: Phones;
  nextCall: number;
}

interface Held {
  readonly rate: number;
  readonly seconds: number;
  readonly calls: number;
  /** Refused, not answered, not completed, or rung otherwise than once a telephone; by what it was. */
  readonly failures: Readonly<Record<string, number>>;
  readonly delayMedianMs: number;
  readonly delayP99Ms: number;
  /** Of unit and web process, a call. */
  readonly cpuMs: number;
  readonly peersCpuMs: number;
  /** Of all cores, whoever used them. */
  readonly idlePercent: number;
}

function isHeld({ failures }: Held): boolean {
  return Object.keys(failures).length === 0;
}

/** The highest rate below `tooMany` at which nothing fails: looked for by halves, then held for the whole time, or the next lower one. */
async function highest(
  holds: (rate: number, seconds: number) => Promise<Held>,
  tooMany: number,
): Promise<Held | undefined> {
  let [kept, broken] = [0, tooMany];
  while (broken - kept > stepOfRate) {
    const rate = Math.round((kept + broken) / 2);
    if (isHeld(await holds(rate, triedSeconds))) kept = rate;
    else broken = rate;
  }
  for (let rate = kept; rate > 0; rate -= stepOfRate) {
    const figures = await holds(rate, heldSeconds);
    if (isHeld(figures)) return figures;
  }
  return undefined;
}

async function callsAt(scene: Scene, rate: number, seconds: number): Promise<Held> {
  const { platform, phones } = scene;
  const from = scene.nextCall;
  const calls = Math.round(rate * seconds);
  scene.nextCall += calls;
  const cpuBefore = spent(scene);
  const idleBefore = idleMs();
  const beganMs = performance.now();
  const visits: Promise<{ confirmedAtMs: number; status: number }>[] = [];
  for (let call = from; call < from + calls; call += 1) {
    visits.push(visitOnce(platform.url, planOf(manner, call)).catch(() => ({ confirmedAtMs: 0, status: 0 })));
    const nextMs = beganMs + (visits.length * 1_000) / rate;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, nextMs - performance.now())));
  }
  const idlePercent =
    ((idleMs() - idleBefore) / (performance.now() - beganMs) / availableParallelism()) * 100;
  const answers = await Promise.all(visits);
  await isOver(scene);
  const cpuAfter = spent(scene);

  const kept = new Map(readLedger(platform.folder).map((each) => [each.number, each]));
  const { legs } = await phones.told();
  const legsOf = Map.groupBy(
    legs.filter(({ call }) => call >= from),
    ({ call }) => call,
  );
  const failures: Record<string, number> = {};
  const delays: number[] = [];
  for (const [n, { status, confirmedAtMs }] of answers.entries()) {
    const rang = legsOf.get(from + n) ?? [];
    const outcome = kept.get(from + n)?.call.outcome;
    const failure =
      status !== 200
        ? `the site said ${status}`
        : outcome !== "completed"
          ? `${outcome}`
          : rang.length !== 2
            ? `${rang.length} rang`
            : undefined;
    if (failure !== undefined) failures[failure] = (failures[failure] ?? 0) + 1;
    else delays.push(...rang.map(({ rangAtMs }) => rangAtMs - confirmedAtMs));
  }
  if (Object.keys(failures).length > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
  delays.sort((one, other) => one - other);
  return {
    ...{ rate, seconds, calls, failures, idlePercent },
    delayMedianMs: delays[Math.floor(delays.length / 2)] ?? Number.NaN,
    delayP99Ms: delays[Math.floor(delays.length * 0.99)] ?? Number.NaN,
    cpuMs: (cpuAfter.platform - cpuBefore.platform) / calls,
    peersCpuMs: (cpuAfter.peers - cpuBefore.peers) / calls,
  };
}

/** 201-204, by somebody who does not try again. From `confirmedAtMs` on the time until the telephones ring is the platform's. */
async function visitOnce(
  platformUrl: string,
  plan: Plan,
): Promise<{ readonly confirmedAtMs: number; readonly status: number }> {
  const browser = new PlainBrowser(platformUrl);
  const token = await signedToken({ context: { phone: plan.phone, whisperCode: "7" } });
  const { status } = await browser.opens(`/talk/bank/mortgages?token=${token}`);
  const confirmedAtMs = Date.now();
  if (status !== 200) return { confirmedAtMs, status };
  return { confirmedAtMs, status: (await browser.submits("/talk/")).status };
}

async function isOver({ platform, phones }: Scene): Promise<void> {
  const giveUpMs = performance.now() + 90_000;
  for (;;) {
    const up = await phones.up();
    const live = up > 0 ? [] : readLedger(platform.folder).filter(({ call }) => call.state === "live");
    if (up === 0 && live.length === 0) break;
    if (performance.now() > giveUpMs)
      throw new Error(`${up} lines and ${live.length} calls do not end\n${platform.output().slice(-4_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function quickConfig(ports: { readonly user: number; readonly center: number }) {
  const file = { file: "short.wav" };
  const config = bankConfig(ports, {
    legOrder: "both-at-once",
    confirmation: "never",
    announcements: { userGreeting: file, callingCenter: file, goodbye: file },
  });
  const bank = config.subscribers["bank"];
  const mortgages = bank?.subjects["mortgages"];
  if (bank === undefined || mortgages === undefined) throw new Error("The rig's bank has no mortgages.");
  const subjects = { ...bank.subjects, mortgages: { ...mortgages, whisper: { en: "{code}" } } };
  return { ...config, subscribers: { bank: { ...bank, subjects } } };
}

function spent({ platform, phones }: Scene): { readonly platform: number; readonly peers: number } {
  return {
    platform: cpuMs(platform.unitPid) + cpuMs(platform.webPid()),
    peers: cpuMs(phones.pid) + cpuMs(process.pid),
  };
}

/** Of all cores together (proc(5): the fourth and fifth number of `cpu`, in ticks of 10 ms). */
function idleMs(): number {
  const [, , , , idle = 0, waits = 0] = (readFileSync("/proc/stat", "latin1").split("\n")[0] ?? "")
    .split(/ +/)
    .map(Number);
  return (idle + waits) * 10;
}

function whatStood({ failures, delayP99Ms }: Held): string {
  const failed = Object.entries(failures).map(([what, times]) => `${times} x ${what}`);
  return failed.length > 0 ? failed.join(", ") : `the delay's p99 was ${delayP99Ms} ms`;
}

function told(held: Held): string {
  const { calls, delayMedianMs, delayP99Ms, peersCpuMs, idlePercent } = held;
  const failed = Object.keys(held.failures).length === 0 ? "none failed" : whatStood(held);
  return `${calls} calls, ${failed}; delay median ${delayMedianMs}, p99 ${delayP99Ms} ms; ${held.cpuMs.toFixed(1)} ms of processor a call, the telephones and visitors ${peersCpuMs.toFixed(1)}; ${idlePercent.toFixed(0)} % idle`;
}
