import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Clock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import { connectTelecomUnit } from "#telecom/client.ts";
import type { Settings } from "../settings.ts";
import { doubtful, type Finding, reasonOf, well, wrong } from "./finding.ts";
import { type CallFigures, type OpenTelephone, placeTestCall } from "./test-call.ts";
import { toneFile } from "./tone.ts";

/** What the unit brings every sound to. */
const tone = { hertz: 1000, seconds: 3, levelDbm0: -16 } as const;
const startWithinMs = 20_000;
const check = "test call";

/**
 * A call over loopback by a unit of the doctor's own to a telephone of its own: SIP, the answer, RTP with a known tone one way
 * and a key the other, the end. No trunk is asked, and nobody is called.
 */
export async function checkTestCall(means: {
  readonly settings: Settings | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly openTelephone: OpenTelephone;
}): Promise<readonly Finding[]> {
  const { settings, clock, random, openTelephone } = means;
  const folder = mkdtempSync(join(tmpdir(), "tandem-doctor-"));
  await using parts = new AsyncDisposableStack();
  parts.defer(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "tone.wav"), toneFile(tone));
  const telephone = await openTelephone();
  parts.defer(() => telephone.close());
  try {
    const socketPath = join(folder, "unit.sock");
    const child = startUnit({ socketPath, folder, rtpPorts: settings?.unit.rtpPorts });
    parts.defer(() => ended(child));
    await serves(child, clock);
    const unit = connectTelecomUnit({ socketPath, clock, log: silentLog });
    parts.defer(() => unit.close());
    await unit.ready();
    return ofCall(await placeTestCall({ unit, telephone, clock, random, file: "tone.wav" }));
  } catch (error) {
    const mend = "See what the checks before this one say; then start `tandem start` and read its log.";
    return [wrong(check, `It came to nothing: ${reasonOf(error)}.`, mend)];
  }
}

export function ofCall({ heard, setUpMs, key }: CallFigures): readonly Finding[] {
  if (heard === undefined)
    return [
      wrong(
        check,
        "The call was answered, and nothing was heard.",
        "See that a firewall lets UDP through on loopback.",
      ),
    ];
  const { levelDbm0, frequencyHz, seconds, lostMs, gaps } = heard;
  const figures = { setUpMs, levelDbm0, frequencyHz, seconds, lostMs, gaps, keyCameBy: key ?? "not at all" };
  const says = `Answered after ${setUpMs} ms; a tone of ${tone.hertz} Hz came as ${frequencyHz} Hz at ${levelDbm0} dBm0, ${seconds} s long`;
  const asItShould =
    Math.abs(levelDbm0 - tone.levelDbm0) <= 1.5 &&
    Math.abs(frequencyHz - tone.hertz) <= 5 &&
    Math.abs(seconds - tone.seconds) <= 0.2;
  if (!asItShould)
    return [
      wrong(
        check,
        `${says}: that is not what was sent.`,
        "The machine may be too busy to send RTP in time: see its load.",
        figures,
      ),
    ];
  if (key === undefined)
    return [
      wrong(
        check,
        `${says}; a key pressed on the telephone did not come back.`,
        "See that a firewall lets UDP through both ways.",
        figures,
      ),
    ];
  if (lostMs > 0)
    return [
      doubtful(
        check,
        `${says}, with ${gaps} gaps of ${lostMs} ms together.`,
        "The machine is too busy to send RTP in time: see its load.",
        figures,
      ),
    ];
  return [well(check, `${says}, without a gap; a key came back.`, figures)];
}

function startUnit(wish: {
  readonly socketPath: string;
  readonly folder: string;
  readonly rtpPorts: { readonly first: number; readonly last: number } | undefined;
}): ChildProcess {
  const settings = {
    socketPath: wish.socketPath,
    sip: { address: "127.0.0.1", port: 0 },
    rtp: { portRange: wish.rtpPorts ?? { first: 20_000, last: 29_999 } },
    maxLegs: 2,
    promptFolder: wish.folder,
    logLevel: "silent",
  };
  return spawn(process.execPath, [join(import.meta.dirname, "../telecom/process.ts")], {
    env: { ...process.env, TANDEM_UNIT_SETTINGS: JSON.stringify(settings) },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Resolves when it says that it serves. */
async function serves(child: ChildProcess, clock: Clock): Promise<void> {
  const { stdout, stderr } = child;
  let complaint = "";
  stderr?.setEncoding("utf8").on("data", (text: string) => (complaint = (complaint + text).slice(-500)));
  await new Promise<void>((resolve, reject) => {
    const cancel = clock.at(clock.now() + startWithinMs, () => reject(new Error("the unit does not start")));
    if (stdout !== null) createInterface({ input: stdout }).once("line", () => resolve());
    child.once("error", reject);
    child.once("close", () => {
      cancel();
      reject(new Error(`the unit ended: ${complaint.trim()}`));
    });
  });
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("close", () => resolve());
    child.kill("SIGTERM");
  });
}
