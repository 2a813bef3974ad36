/**
 * What one bridged G.711 call costs: CPU time of the unit's process and of the web process, all of it, while `calls` calls are up
 * that came about as calls do: clicked, dialled, signed on to, whispered, bridged. sipp is both parties of each; what they say
 * comes from `bridge/phones.ts`, which stamps each frame with its moment, so that loss and delay are measured frame by frame.
 *
 * Beside it, in the same run and with the same phones: the media engine alone, and the floor, a relay that does nothing but
 * receive and send, in Node and (where there is a C compiler) in C.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bankConfig } from "#rig/bank.ts";
import { openPlatform, type Platform } from "#rig/platform.ts";
import { PlainBrowser } from "#rig/plain-browser.ts";
import { asks, farEnd, hears, hearsResponse, pause, says, saysInDialog } from "#rig/sipp/far-end.ts";
import { type Sipp, startSipp } from "#rig/sipp.ts";
import { signedToken } from "#rig/story.ts";
import { type PhonesOfBench, startPhones, type WayFigures } from "./bridge/phones-process.ts";
import { measurePlainRelay, measureRelay, type RelayFigures, thousandths } from "./bridge/relays.ts";
import { callRecords, operatorToken } from "./flow/call-records.ts";
import { cpuMs } from "./process-cpu.ts";

export interface BridgeOptions {
  readonly calls: number;
  readonly seconds: number;
  /** Of the engine measured alone; the platform's takes what fits best. */
  readonly sockets: "auto" | "dgram" | "koffi";
}

export function readBridgeOptions(given: readonly string[]): BridgeOptions {
  const { values } = parseArgs({
    args: [...given],
    options: {
      calls: { type: "string", default: "250" },
      seconds: { type: "string", default: "10" },
      sockets: { type: "string", default: "auto" },
    },
  });
  const sockets = values.sockets === "dgram" || values.sockets === "koffi" ? values.sockets : "auto";
  return { calls: Number(values.calls), seconds: Number(values.seconds), sockets };
}

export async function runBridgeBench(options: BridgeOptions): Promise<Readonly<Record<string, unknown>>> {
  const { ways: _ways, ...calls } = await measureCalls(options);
  const engineAlone = await measureRelay(options, { program: "engine", sockets: options.sockets });
  const floor = await measurePlainRelay(options);
  const floorInC = await measureRelay(options, { program: "c" });
  return { ...calls, engineAlone, floor, ...(floorInC === undefined ? {} : { floorInC }) };
}

/** Clicks a second while the calls are set up. */
const rate = 10;

/** What the platform's calls cost, and how their frames went beside those of `direct` pairs of phones with nobody between them. */
export async function measureCalls(
  options: Pick<BridgeOptions, "calls" | "seconds">,
  direct = 0,
): Promise<
  RelayFigures & {
    readonly unitCpuMs: number;
    readonly webCpuMs: number;
    readonly ways: { readonly relayed: WayFigures; readonly direct: WayFigures };
  }
> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-bench-"));
  try {
    await using phones = await startPhones(options.calls, direct);
    await using users = await startParty(
      folder,
      phones.ports.map(([user]) => user),
      [],
    );
    await using centers = await startParty(
      folder,
      phones.ports.map(([, center]) => center),
      signsOn,
    );
    await using platform = await openPlatform({
      config: bankConfig({ user: users.port, center: centers.port }),
      environment: { TANDEM_OPERATOR_TOKEN: operatorToken, TANDEM_LOG: "warn" },
    });
    phones.speak("to whom they hear");
    await clickEvenly(platform, options.calls);
    await allBridged(platform, options.calls);
    return await measureWhile(phones, platform, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureWhile(
  phones: PhonesOfBench,
  platform: Platform,
  options: Pick<BridgeOptions, "calls" | "seconds">,
) {
  const spent = (): readonly number[] => [cpuMs(platform.unitPid), cpuMs(platform.webPid())];
  const { direct, ...measured } = await phones.measure(options.seconds, spent);
  const perCall = measured.spent.map((ms) => ms / measured.seconds / options.calls);
  const [unitCpuMs = 0, webCpuMs = 0] = perCall.map(thousandths);
  return {
    cpuMsPerSecondPerCall: thousandths(perCall.reduce((sum, each) => sum + each, 0)),
    calls: options.calls,
    lossPercent: thousandths(measured.lossPercent),
    jitterP99Ms: thousandths(measured.jitterP99Ms),
    unitCpuMs,
    webCpuMs,
    ways: { relayed: measured, direct },
  };
}

/** One sipp for all visitors, one for the center: each call's media is one of the phones'. */
async function startParty(folder: string, ports: readonly number[], acts: readonly string[]): Promise<Sipp> {
  const fields = join(folder, `ports-${ports[0]}.csv`);
  writeFileSync(fields, `SEQUENTIAL\n${ports.join("\n")}\n`);
  const answer = says(200, { sdp: true, mediaPort: "[field0]", retransmitted: true });
  return await startSipp({
    scenario: farEnd(
      hears("INVITE"),
      says(180),
      answer,
      hears("ACK"),
      ...acts,
      hears("BYE"),
      saysInDialog(200),
    ),
    words: ["-inf", fields, "-deadcall_wait", "0"],
  });
}

const signsOn = [
  pause(200),
  asks("INFO", { content: { type: "application/dtmf-relay", text: "Signal=#\nDuration=100\n" } }),
  hearsResponse(200),
];

async function clickEvenly(platform: Platform, calls: number): Promise<void> {
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

const patienceMs = 60_000;

async function allBridged(platform: Platform, calls: number): Promise<void> {
  const giveUpMs = performance.now() + patienceMs;
  for (;;) {
    const records = await callRecords(platform.url);
    const bridged = records.filter(({ state, step }) => state === "live" && step === "converse").length;
    if (bridged === calls) return;
    if (performance.now() > giveUpMs || records.some(({ state }) => state === "ended"))
      throw new Error(`${bridged} of ${calls} calls are bridged.\n${platform.output().slice(-4_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
