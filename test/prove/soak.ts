import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bankConfig } from "#rig/bank.ts";
import { openPlatform, type Platform } from "#rig/platform.ts";
import { sequence } from "#rig/sound.ts";
import { writeWav } from "#rig/wav.ts";
import { operatorToken } from "../../bench/flow/call-records.ts";
import { cpuMs } from "../../bench/process-cpu.ts";
import { type Check, check } from "./checks.ts";
import { callChecks } from "./soak/call-checks.ts";
import { crash, type CrashSeen, crashesOf } from "./soak/crashes.ts";
import { inspectable, LiveHeaps } from "./soak/live-heap.ts";
import { type Look, look } from "./soak/look.ts";
import { type Phones, startPhones } from "./soak/phones-process.ts";
import { planOf } from "./soak/plan.ts";
import { resourceChecks } from "./soak/resource-checks.ts";
import { type Visit, visit } from "./soak/visitor.ts";

export interface SoakWish {
  /** Of calls, without warming up and the quiet before and after. */
  readonly minutes: number;
  /** Clicks a second. */
  readonly rate: number;
  readonly seed: string;
}

/** S1: so many crashes in half an hour, and the last third of it without any: what lives on long is to be seen, too. */
const crashesPerHalfHour = 50;
const calmShare = 1 / 3;
const lookEveryMs = 5_000;
const warmUpMs = 60_000;
/** RFC 3261: what a transaction still waits for is over after 32 s. */
const quietMs = 40_000;

/** S1: calls without a pause, with deaths of the processes; then everything that was used has been given back, and every call has its end. */
export async function* proveSoak({ minutes, rate, seed }: SoakWish): AsyncIterable<Check> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-soak-"));
  try {
    for (const [name, seconds] of sounds) writeWav(join(folder, name), sequence([{ hz: [400], seconds }]));
    await using phones = await startPhones({ type: "drawn", seed });
    await using platform = await openPlatform({
      config: soakConfig(phones.ports),
      environment: {
        TANDEM_PROMPTS: folder,
        TANDEM_OPERATOR_TOKEN: operatorToken,
        TANDEM_LOG: "warn",
        ...inspectable,
      },
      supervised: true,
    });
    const scene: Scene = { platform, phones, seed, rate };
    const forMs = minutes * 60_000;
    const calls = Math.round((forMs / 1_000) * rate);
    const crashesSeen: CrashSeen[] = [];
    yield await check("warmed up, with a death of each process", () => warmsUp(scene, calls, crashesSeen));
    const heaps = new LiveHeaps(platform);
    await heaps.look();
    await heaps.close();
    const before = await look(platform);

    const crashes = crashesOf(seed, {
      count: Math.round((crashesPerHalfHour * minutes) / 30),
      withinMs: forMs * (1 - calmShare),
    });
    const looks: Look[] = [];
    const beganMs = performance.now();
    const beganAtMs = Date.now();
    const dying = (async () => {
      for await (const each of crash(platform, crashes, beganMs)) crashesSeen.push(each);
    })();
    // It is awaited, and heard, when the clicks are over.
    dying.catch(() => {});
    const clicking = clickEvenly(scene, { from: 0, count: calls });
    const spentBefore = cpuOfPeers(phones);
    for (let minute = 1; minute <= minutes; minute += 1) {
      await looksUntil(beganMs + minute * 60_000, platform, looks);
      yield { name: `minute ${minute}`, passed: true, detail: told(looks.at(-1), crashesSeen.length) };
      if (minute >= minutes * (1 - calmShare)) await heaps.look();
    }
    await heaps.close();
    const visiting = await clicking;
    const spentByPeers = cpuOfPeers(phones) - spentBefore;
    await dying;
    const visits = await Promise.all(visiting);
    yield await check("the telephones and the platform come to rest", () => isQuiet(scene));
    const after = await look(platform);

    const calmFromMs = beganAtMs + forMs * (1 - calmShare);
    yield* callChecks({
      seed,
      visits,
      phones: await phones.told(),
      crashes: crashesSeen,
      folder: platform.folder,
      calls,
    });
    yield* resourceChecks({
      before,
      after,
      looks,
      heaps: heaps.seen,
      calmFromMs,
      calls,
      spentByPeers: spentByPeers / calls,
    });
    yield await check("what the platform printed", () => oddLines(platform));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Scene {
  readonly platform: Platform;
  readonly phones: Phones;
  readonly seed: string;
  readonly rate: number;
}

const sounds = [
  ["announcement.wav", 1],
  ["goodbye.wav", 0.1],
] as const;

function soakConfig(ports: { readonly user: number; readonly center: number }) {
  const file = { file: "announcement.wav" };
  const config = bankConfig(ports, {
    userRingSeconds: 8,
    centerRingSeconds: 12,
    confirmationSeconds: 8,
    signOn: { seconds: 4, asks: 1, whenNobody: "hang-up" },
    announcements: {
      ...{ userGreeting: file, callingCenter: file, centerUnavailable: file },
      goodbye: { file: "goodbye.wav" },
    },
  });
  const bank = config.subscribers["bank"];
  const mortgages = bank?.subjects["mortgages"];
  if (bank === undefined || mortgages === undefined) throw new Error("The rig's bank has no mortgages.");
  const subjects = { ...bank.subjects, mortgages: { ...mortgages, whisper: { en: "{subject}. {code}" } } };
  return { ...config, subscribers: { bank: { ...bank, subjects } } };
}

/** What is compared with in the end are processes that took another's place, as those of the end did, and that have worked. */
async function warmsUp(scene: Scene, firstCall: number, crashesSeen: CrashSeen[]): Promise<string> {
  const count = Math.round((warmUpMs / 1_000) * scene.rate);
  const clicking = clickEvenly(scene, { from: firstCall, count });
  const death = { atMs: warmUpMs / 4, who: "both" } as const;
  for await (const each of crash(scene.platform, [death], performance.now())) crashesSeen.push(each);
  await Promise.all(await clicking);
  return `${count} calls; at rest ${await isQuiet(scene)}`;
}

/** Resolves when the last has clicked; each visit goes on to its own end. */
async function clickEvenly(
  { platform, seed, rate }: Scene,
  wish: { readonly from: number; readonly count: number },
): Promise<readonly Promise<Visit | Error>[]> {
  const visits: Promise<Visit | Error>[] = [];
  const beganMs = performance.now();
  for (let call = wish.from; call < wish.from + wish.count; call += 1) {
    const visiting = visit(platform.url, planOf({ type: "drawn", seed }, call), call);
    visits.push(
      visiting.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error)))),
    );
    // By absolute time: a late click does not make the next one later.
    const nextMs = beganMs + (visits.length * 1_000) / rate;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, nextMs - performance.now())));
  }
  return visits;
}

async function looksUntil(untilMs: number, platform: Platform, looks: Look[]): Promise<void> {
  while (performance.now() < untilMs) {
    looks.push(await look(platform));
    const restMs = Math.min(lookEveryMs, untilMs - performance.now());
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, restMs)));
  }
}

/** No call, no telephone off the hook; and then for as long as anything may still wait for somebody. */
async function isQuiet({ platform, phones }: Scene): Promise<string> {
  const beganMs = performance.now();
  const giveUpMs = beganMs + 120_000;
  for (;;) {
    const [{ metrics }, up] = await Promise.all([look(platform), phones.up()]);
    const calls = [...metrics].filter(([name]) => name.startsWith("tandem_calls{"));
    const inProgress = calls.reduce((sum, [, value]) => sum + value, 0);
    if (metrics.size > 0 && inProgress === 0 && up === 0) break;
    assert.ok(performance.now() < giveUpMs, `${inProgress} calls go on, ${up} telephones are off the hook`);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  const tookMs = performance.now() - beganMs;
  await new Promise((resolve) => setTimeout(resolve, quietMs));
  return `${Math.round(tookMs / 1_000)} s after the last click`;
}

/** The telephones', and this process's, which clicks and watches. */
function cpuOfPeers(phones: Phones): number {
  return cpuMs(phones.pid) + cpuMs(process.pid);
}

function told(last: Look | undefined, deaths: number): string {
  if (last === undefined) return "";
  const processes = Object.entries(last.processes).map(
    ([name, { residentMb, descriptors }]) => `${name} ${residentMb.toFixed(0)} MB ${descriptors} fds`,
  );
  const calls = [...last.metrics].filter(([name]) => name.startsWith("tandem_calls{"));
  // A web process that has just died, or has no time, tells nothing.
  const inProgress = last.metrics.size === 0 ? "?" : calls.reduce((sum, [, value]) => sum + value, 0);
  return `${inProgress} calls, ${deaths} deaths; ${processes.join(", ")}; database ${last.databaseMb.toFixed(0)} MB, the unit's journal ${last.journalMb.toFixed(0)} MB`;
}

/** What a log at `warn` has beside the deaths themselves, by what it says. */
function oddLines(platform: Platform): string {
  const counts = new Map<string, number>();
  for (const line of platform.output().split("\n")) {
    const message = /"msg":"([^"]*)"/.exec(line)?.[1];
    if (message !== undefined) counts.set(message, (counts.get(message) ?? 0) + 1);
  }
  return [...counts].map(([message, times]) => `${times} x ${message}`).join(" | ");
}
