import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Clock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { connectTelecomUnit, type TelecomUnit } from "#telecom/client.ts";
import type { Settings } from "../settings.ts";

/** A telecommunications unit that the doctor has started for a call of its own, and that ends with it. */
export interface OwnUnit extends AsyncDisposable {
  readonly unit: TelecomUnit;
  /** Its prompt folder. */
  readonly folder: string;
}

const startWithinMs = 20_000;

/** Throws with the unit's own words when it does not start. */
export async function startOwnUnit(wish: {
  readonly sip: { readonly address: string; readonly port: number; readonly advertisedAddress?: string };
  /** For its RTP ports and its voice; those of a fresh installation without. */
  readonly settings: Settings | undefined;
  readonly clock: Clock;
}): Promise<OwnUnit> {
  const { sip, settings, clock } = wish;
  await using parts = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "tandem-doctor-"));
  parts.defer(() => rmSync(folder, { recursive: true, force: true }));
  const socketPath = join(folder, "unit.sock");
  const told = {
    socketPath,
    sip,
    rtp: { portRange: settings?.unit.rtpPorts ?? { first: 20_000, last: 29_999 } },
    maxLegs: 2,
    promptFolder: folder,
    speechCommand: settings?.unit.speechCommand,
    logLevel: "silent",
  };
  const child = spawn(process.execPath, [join(import.meta.dirname, "../telecom/process.ts")], {
    env: { ...process.env, TANDEM_UNIT_SETTINGS: JSON.stringify(told) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  parts.defer(() => ended(child));
  await serves(child, clock);
  const unit = connectTelecomUnit({ socketPath, clock, log: silentLog });
  parts.defer(() => unit.close());
  await unit.ready();
  const owned = parts.move();
  return { unit, folder, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Resolves when it says that it serves. */
async function serves(child: ChildProcess, clock: Clock): Promise<void> {
  const { stdout, stderr } = child;
  let complaint = "";
  stderr?.setEncoding("utf8").on("data", (text: string) => (complaint = (complaint + text).slice(-500)));
  await new Promise<void>((resolve, reject) => {
    const cancel = clock.at(clock.now() + startWithinMs, () => reject(new Error("the unit does not start")));
    if (stdout !== null)
      createInterface({ input: stdout }).once("line", () => {
        cancel();
        resolve();
      });
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
