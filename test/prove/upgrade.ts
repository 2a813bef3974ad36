import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ConfigShape } from "#network/config-schema.ts";
import { linearToMuLaw } from "#telecom/media/g711.ts";
import { openSoftphone, type Softphone } from "../../examples/softphones/softphone.ts";
import { bankConfig } from "#rig/bank.ts";
import { openPlatform, type Platform } from "#rig/platform.ts";
import { PlainBrowser } from "#rig/plain-browser.ts";
import { previousRelease } from "#rig/previous-release.ts";
import { temporaryFolder } from "#rig/processes.ts";
import { sequence } from "#rig/sound.ts";
import { writeWav } from "#rig/wav.ts";
import { type Check, check } from "./checks.ts";

const root = join(import.meta.dirname, "../..");
const patience = (): { readonly signal: AbortSignal } => ({ signal: AbortSignal.timeout(60_000) });
/**
 * Upgrade without notice: the previous release's processes hold a call in which two talk, one that rings and one in which is whispered; this
 * release takes all of them up; then the previous one takes them up again, and they end as calls end. No gap of the talk may be longer than
 * `mostGapMs`.
 */
export async function* proveUpgrade(mostGapMs: number): AsyncIterable<Check> {
  await using rig = new AsyncDisposableStack();
  const previous = rig.use(previousRelease());
  const pair = async (hz: readonly [number, number]): Promise<Pair> => {
    const [caller, agent] = await Promise.all(hz.map((tone) => telephone(tone)));
    assert.ok(caller !== undefined && agent !== undefined);
    for (const phone of [caller, agent]) rig.defer(() => phone.close());
    return { caller, agent };
  };
  const talking = await pair([700, 1000]);
  const ringing = await pair([700, 1000]);
  const whispered = await pair([700, 1000]);
  const platform = rig.use(
    await openPlatform({
      config: threeBanks({ talking, ringing, whispered }),
      environment: rig.use(slowWhisperer()).environment,
      supervised: true,
    }),
  );
  const { unitPid } = platform;
  yield await check("the previous release takes the place of this one", () =>
    upgrade(platform, previous.path),
  );
  yield await check("it is its unit that serves", () => assert.notEqual(platform.unitPid, unitPid));

  yield await check("two talk, one telephone rings, and one agent is told", async () => {
    await isBridged(platform, "talking", talking);
    await clicks(platform, "ringing");
    await ringing.caller.rings(patience().signal);
    await isTold(platform, whispered);
  });
  yield await overUpgrade("this release", { platform, folder: root, pair: talking, mostGapMs });
  yield await check("the telephone still rings, and is answered; the agent is told on", async () => {
    assert.equal(ringing.caller.state, "ringing");
    await ringing.caller.answer();
    await ringing.caller.hears("speech", patience());
    for (const { caller, agent } of [talking, ringing, whispered])
      for (const phone of [caller, agent]) assert.ok(timesRung(phone) <= 1, `${phone.name} was rung again`);
  });
  yield await check("the whisper goes on until it is cut short, and a key shows a page", async () => {
    const { step } = (await recordOf(platform, "whispered")) ?? {};
    // On a machine that stands still for half a minute it has come to its end.
    if (step === "whisper") whispered.agent.press("#");
    await untilStep(platform, "whispered", "converse");
    whispered.agent.press("12#");
    await recordWhen(platform, "whispered", ({ pagesPushed }) => pagesPushed.length === 1);
  });
  yield await overUpgrade("the previous release", {
    platform,
    folder: previous.path,
    pair: talking,
    mostGapMs,
  });
  yield await check(
    "a version whose unit dies goes back by itself, says why, and the talk has no gap",
    async () => {
      const broken = rig.use(previousRelease());
      writeFileSync(join(broken.path, "src/telecom/process.ts"), "process.exit(5);");
      const ears = [talking.caller, talking.agent].map(listen);
      const { unitPid: atWork } = platform;
      await assert.rejects(
        upgrade(platform, broken.path),
        /Not upgraded: the new unit process ended \(code 5\)/,
      );
      assert.equal(platform.unitPid, atWork);
      assert.ok(Math.max(...(await Promise.all(ears.map((ear) => ear.goesOn())))) <= mostGapMs);
    },
  );
  yield await check("who hangs up ends the other line, and all records are complete", async () => {
    talking.agent.hangUp();
    await talking.caller.ends(patience().signal);
    whispered.caller.hangUp();
    await whispered.agent.ends(patience().signal);
    ringing.caller.hangUp();
    for (const name of ["talking", "whispered"])
      await recordWhen(platform, name, ({ outcome }) => outcome === "completed");
    await recordWhen(platform, "ringing", ({ outcome }) => outcome !== undefined);
    assert.equal((await platform.calls()).length, 3, "no call is extra");
  });
}

const slowly = "Slowly first. {pause} Slowly second. {pause} Slowly third.";

/** A speech program that says everything in a moment, but what is whispered: an agent who hears it to its end is a patient one. */
function slowWhisperer(): Disposable & { readonly environment: Readonly<Record<string, string>> } {
  const folder = temporaryFolder("voice");
  for (const [name, seconds] of Object.entries({ short: 0.6, long: 25 }))
    writeWav(join(folder.path, `${name}.wav`), sequence([{ hz: [1400], seconds }]));
  const program = join(folder.path, "voice.sh");
  writeFileSync(
    program,
    `cd ${folder.path}\nread -r said\ncase "$said" in *Slowly*) cat long.wav ;; *) cat short.wav ;; esac\n`,
  );
  return {
    environment: { TANDEM_SPEECH_COMMAND: `/bin/sh ${program}` },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

interface Pair {
  readonly caller: Softphone;
  readonly agent: Softphone;
}

/** It says its tone all the time. */
async function telephone(hz: number): Promise<Softphone> {
  const { samples } = sequence([{ hz: [hz], seconds: 1 }]);
  const says = Uint8Array.from(samples, (sample) => linearToMuLaw(Math.round(sample * 32_767)));
  return await openSoftphone({ name: `${hz} Hz`, sipPort: 0, says });
}

/** A bank for each pair, with trunks of its own: a telephone has one line. */
function threeBanks(pairs: Readonly<Record<string, Pair>>): ConfigShape {
  const trunks: ConfigShape["trunks"] = {};
  const subscribers: ConfigShape["subscribers"] = {};
  for (const [name, { caller, agent }] of Object.entries(pairs)) {
    const config = bankConfig({ user: caller.sipPort, center: agent.sipPort });
    for (const [trunk, record] of Object.entries(config.trunks)) trunks[`${name}-${trunk}`] = record;
    const { bank } = config.subscribers;
    const mortgages = bank?.subjects["mortgages"];
    const [route] = mortgages?.routes ?? [];
    assert.ok(bank !== undefined && mortgages !== undefined && route !== undefined);
    subscribers[name] = {
      ...bank,
      trunk: `${name}-users`,
      subjects: {
        mortgages: {
          ...mortgages,
          ...(name === "whispered" ? { whisper: { en: slowly, es: slowly } } : {}),
          routes: [{ ...route, trunk: `${name}-center` }],
        },
      },
    };
  }
  return { trunks, subscribers };
}

async function clicks(platform: Platform, subscriber: string): Promise<void> {
  const browser = new PlainBrowser(platform.url);
  await browser.opens(`/talk/${subscriber}/mortgages`);
  await browser.submits("/talk/", { phone: "+12025550123" });
}

/** Until the agent has signed on. */
async function signsOn(platform: Platform, subscriber: string, { caller, agent }: Pair): Promise<void> {
  await clicks(platform, subscriber);
  await caller.rings(patience().signal);
  await caller.answer();
  await untilStep(platform, subscriber, "user-confirms");
  caller.press("1");
  await agent.rings(patience().signal);
  await agent.answer();
  await agent.hears("speech", patience());
  agent.press("#");
}

async function isBridged(platform: Platform, subscriber: string, pair: Pair): Promise<void> {
  await signsOn(platform, subscriber, pair);
  await untilStep(platform, subscriber, "converse");
}

async function isTold(platform: Platform, pair: Pair): Promise<void> {
  await signsOn(platform, "whispered", pair);
  await untilStep(platform, "whispered", "whisper");
}

interface Over {
  readonly platform: Platform;
  readonly folder: string;
  readonly pair: Pair;
  readonly mostGapMs: number;
}

function overUpgrade(name: string, { platform, folder, pair, mostGapMs }: Over): Promise<Check> {
  return check(`${name} takes the calls up, and two go on talking`, async () => {
    const ears = [pair.caller, pair.agent].map(listen);
    const said = await upgrade(platform, folder);
    const gaps = await Promise.all(ears.map((ear) => ear.goesOn()));
    const told = `Gaps: ${gaps.join(" and ")} ms.`;
    assert.ok(Math.max(...gaps) <= mostGapMs, told);
    return `${said} ${told}`;
  });
}

/** How long one does not hear the other, from now on. */
function listen(phone: Softphone): { goesOn(): Promise<number> } {
  let lastMs = performance.now();
  let longestMs = 0;
  let heard = (): void => {};
  const stop = phone.on((event) => {
    if (event.type !== "audio" || !event.pcm.some((sample) => Math.abs(sample) > 2_000)) return;
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    heard();
  });
  return {
    /** Resolves once it hears the other again, or still. */
    async goesOn() {
      await new Promise<void>((resolve) => (heard = resolve));
      stop();
      return Math.round(longestMs);
    },
  };
}

/** As the operator says it. Resolves with what it answers. */
async function upgrade(platform: Platform, folder: string): Promise<string> {
  const { stdout } = await promisify(execFile)(join(root, "bin/tandem"), ["upgrade", folder], {
    env: { ...process.env, TANDEM_DATA: platform.folder },
  });
  return stdout.trim();
}

function timesRung(phone: Softphone): number {
  return phone.log.filter(({ text }) => text.startsWith("rings")).length;
}

type CallSeen = Awaited<ReturnType<Platform["calls"]>>[number];

async function recordOf(platform: Platform, subscriber: string): Promise<CallSeen | undefined> {
  return (await platform.calls()).find((record) => record.subscriber === subscriber);
}

async function untilStep(platform: Platform, subscriber: string, step: string): Promise<void> {
  await recordWhen(platform, subscriber, (record) => record.step === step);
}

async function recordWhen(
  platform: Platform,
  subscriber: string,
  wanted: (record: CallSeen) => boolean,
): Promise<void> {
  const { signal } = patience();
  for (;;) {
    const record = await recordOf(platform, subscriber);
    if (record !== undefined && wanted(record)) return;
    if (signal.aborted) throw new Error(`${JSON.stringify(record)}\n${platform.output().slice(-4_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
