/**
 * What one call flow costs: CPU time of the unit's process and of the web process, from the click to the last BYE. A visitor clicks
 * with a signed number and keeps the connect page open; their telephone answers and hears 2 s of announcements; the center's
 * answers, keys `#`, hears a whisper of about 2 s with this visitor's code; 3 s bridged; the center hangs up. sipp is both
 * telephones, and sends audio for as long as they are off the hook.
 *
 * Beside it the floor: what a plain relay in Node takes for the same packets on this machine. And what speaking costs: a whisper
 * of the same length of which not one word was said before.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { CallRecord } from "#call-manager/call-record.ts";
import { bankConfig } from "#rig/bank.ts";
import { openPlatform, type Platform } from "#rig/platform.ts";
import { sequence } from "#rig/sound.ts";
import { writeWav } from "#rig/wav.ts";
import { measurePlainRelay } from "./bridge/relays.ts";
import { callRecords, operatorToken } from "./flow/call-records.ts";
import { measureSpeech } from "./flow/speech.ts";
import { startTelephones } from "./flow/telephones.ts";
import { visit } from "./flow/visitor.ts";
import { cpuMs } from "./process-cpu.ts";

export interface FlowOptions {
  /** Clicks a second, evenly. */
  readonly rate: number;
  /** How long there are clicks. */
  readonly seconds: number;
  /** `code`: subject and code, as the example bank whispers; `page`: the page's title too, which differs from flow to flow. */
  readonly whisper: "code" | "page";
  /** Flows before the measured ones: a server runs for days, and a compiler at work on code that is new to it is no part of that. */
  readonly warmUp: number;
}

export function readFlowOptions(given: readonly string[]): FlowOptions {
  const { values } = parseArgs({
    args: [...given],
    options: {
      rate: { type: "string", default: "10" },
      seconds: { type: "string", default: "20" },
      whisper: { type: "string", default: "code" },
      "warm-up": { type: "string", default: "200" },
    },
  });
  const whisper = values.whisper === "page" ? "page" : "code";
  const warmUp = Number(values["warm-up"]);
  return { rate: Number(values.rate), seconds: Number(values.seconds), whisper, warmUp };
}

const announcementSeconds = 1;
const bridgedSeconds = 3;
/** What the center's telephone sees: `#`, the whisper, the conversation. */
const center = { poundAtMs: 200, hangUpAtMs: 200 + 2_000 + 100 + bridgedSeconds * 1_000 };

export async function runFlowBench(options: FlowOptions): Promise<Readonly<Record<string, unknown>>> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-bench-"));
  try {
    for (const [name, seconds] of [
      ["announcement.wav", announcementSeconds],
      ["goodbye.wav", 0.1],
    ] as const)
      writeWav(join(folder, name), sequence([{ hz: [400], seconds }]));
    const speech = await measureSpeech();
    const flows = await measureFlows(options, folder);
    const atOnce = Math.max(1, Math.round(options.rate * flows.legSeconds));
    const relay = await measurePlainRelay({ calls: atOnce, seconds: 8 });
    return {
      ...flows,
      whisper: options.whisper,
      floor: {
        /** The same packets through a plain relay: a call of two telephones for as long as an average leg was up. */
        cpuMsPerFlow: round(relay.cpuMsPerSecondPerCall * flows.legSeconds),
        ...relay,
      },
      speech,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureFlows(options: FlowOptions, folder: string) {
  const { users, centers } = await startTelephones(folder, center);
  await using platform = await openPlatform({
    config: benchConfig(options, { user: users.port, center: centers.port }),
    environment: { TANDEM_PROMPTS: folder, TANDEM_OPERATOR_TOKEN: operatorToken, TANDEM_LOG: "warn" },
  });
  try {
    await clickEvenly(platform, { from: 0, count: options.warmUp, rate: options.rate });
    const flows = Math.round(options.rate * options.seconds);
    const before = spent(platform);
    const clicks = await clickEvenly(platform, { from: options.warmUp, count: flows, rate: options.rate });
    const after = spent(platform);
    const unitCpuMs = after.unit - before.unit;
    const webCpuMs = after.web - before.web;

    const records = (await callRecords(platform.url)).slice(0, flows);
    const outcomes = counted(records.map(told));
    const completed = outcomes["completed"] ?? 0;
    const [usersTold, centersTold] = await Promise.all([users.stop(), centers.stop()]);
    const legs = records.map((record) => (record.userLegSeconds + record.centerLegSeconds) / 2 - 0.5);
    return {
      cpuMsPerFlow: round((unitCpuMs + webCpuMs) / completed),
      /** How fast flows came to their end, once the first had. */
      flowsPerSecond: round(ratePerSecond(records.flatMap(({ endedAtMs }) => endedAtMs ?? []))),
      /** Whatever was not as it should be, as any of those who took part saw it. */
      failed: flows - completed + clicks.failed + usersTold.failed + centersTold.failed,
      flows,
      unitCpuMs: round(unitCpuMs / completed),
      webCpuMs: round(webCpuMs / completed),
      outcomes,
      browsersFailed: clicks.failures,
      sipp: {
        users: { successful: usersTold.successful, failed: usersTold.failed },
        centers: { successful: centersTold.successful, failed: centersTold.failed },
        expected: flows + options.warmUp,
      },
      legSeconds: round(legs.reduce((sum, each) => sum + each, 0) / Math.max(1, legs.length)),
    };
  } catch (error) {
    throw new Error(`${String(error)}\n${platform.output().slice(-4_000)}`, { cause: error });
  } finally {
    await users[Symbol.asyncDispose]();
    await centers[Symbol.asyncDispose]();
  }
}

function benchConfig(options: FlowOptions, ports: { readonly user: number; readonly center: number }) {
  const file = { file: "announcement.wav" };
  const config = bankConfig(ports, {
    announcements: { userGreeting: file, callingCenter: file, goodbye: { file: "goodbye.wav" } },
  });
  const bank = config.subscribers["bank"];
  const mortgages = bank?.subjects["mortgages"];
  if (bank === undefined || mortgages === undefined) throw new Error("The rig's bank has no mortgages.");
  // Each about 2 s long.
  const whisper = { en: options.whisper === "code" ? "{subject}. {code}" : "{subject}, {page}." };
  const subjects = { ...bank.subjects, mortgages: { ...mortgages, whisper } };
  return { ...config, subscribers: { bank: { ...bank, subjects } } };
}

function ratePerSecond(momentsMs: readonly number[]): number {
  const tookMs = Math.max(...momentsMs) - Math.min(...momentsMs);
  return ((momentsMs.length - 1) / tookMs) * 1_000;
}

/** Resolves when the last flow's browser has shown its last page; `failures` tells the first few of the `failed`. */
async function clickEvenly(
  platform: Platform,
  wish: { readonly from: number; readonly count: number; readonly rate: number },
): Promise<{ readonly failed: number; readonly failures: readonly string[] }> {
  let failed = 0;
  const failures: string[] = [];
  const flows: Promise<void>[] = [];
  const beganMs = performance.now();
  for (let flow = wish.from; flow < wish.from + wish.count; flow += 1) {
    const visitor = {
      phone: `+1415${2_000_000 + flow}`,
      whisperCode: String(10 + (flow % 90)),
      pageTitle: `page ${flow}`,
    };
    flows.push(
      visit(platform.url, visitor).catch((error: unknown) => {
        failed += 1;
        if (failures.length < 5) failures.push(String(error).slice(0, 300));
      }),
    );
    // By absolute time: a late click does not make the next one later.
    const nextMs = beganMs + (flows.length * 1_000) / wish.rate;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, nextMs - performance.now())));
  }
  await Promise.all(flows);
  return { failed, failures };
}

/** A completed call that was not bridged as long as it should be says so: this machine could not keep the times. */
function told(record: CallRecord): string {
  const outcome = record.outcome ?? record.state;
  const asPlanned = Math.abs(record.bridgedSeconds - bridgedSeconds) <= 1;
  return outcome !== "completed" || asPlanned ? outcome : `${outcome}, ${record.bridgedSeconds} s bridged`;
}

function spent(platform: Platform): { readonly unit: number; readonly web: number } {
  return { unit: cpuMs(platform.unitPid), web: cpuMs(platform.webPid()) };
}

function counted(words: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
