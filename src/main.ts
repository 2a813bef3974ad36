import { mkdirSync } from "node:fs";
import { steadyClock, systemClock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import type { SessionId } from "#base/ids.ts";
import { type Log, makeLog } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import { openCallManager } from "#call-manager/open-call-manager.ts";
import { openVisitorDesk } from "#call-manager/open-visitor-desk.ts";
import type { Pages } from "#call-manager/pages.ts";
import { CallTraces } from "./call-traces.ts";
import { loadOrKeepConfig } from "#network/config-file.ts";
import { openNetwork } from "#network/open-network.ts";
import { openPresentation } from "#presentation/open-presentation.ts";
import { openDatabase } from "#store/database.ts";
import { connectTelecomUnit } from "#telecom/client.ts";
import { PlatformMetrics } from "./metrics.ts";
import { Overload } from "./overload.ts";
import { openSpanExport } from "./span-export.ts";
import { openReadiness } from "./readiness.ts";
import { isSpare, isWanted } from "#base/spare.ts";
import { readSettings, type Settings } from "./settings.ts";

/**
 * The web process: every room but the telecommunications unit, wired. It may be killed at any instant: the unit keeps the
 * lines up, and the next start takes the calls up from the database. When it serves, it prints one line of JSON:
 * `{"ready":true,"pid":1234,"httpPort":8080}`. With `--spare` it waits, loaded, until the one before it has died.
 */
async function main(): Promise<void> {
  const settings = readSettings(process.env);
  // Standard output belongs to the one line that says "ready".
  const destination = { write: (line: string) => void process.stderr.write(line) };
  const log = makeLog({ process: "web", level: settings.logLevel, destination });
  mkdirSync(settings.dataFolder, { recursive: true, mode: 0o700 });
  if (isSpare && !(await isWanted())) return;
  const platform = await openWebProcess(settings, log);
  process.stdout.write(`${JSON.stringify({ ready: true, pid: process.pid, httpPort: platform.httpPort })}\n`);

  // A supervisor that died, and its pipes with it, must not end the process.
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      platform.close().then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ error: String(error) }, "The process could not close properly.");
          process.exit(1);
        },
      );
    });
  }
}

async function openWebProcess(settings: Settings, log: Log) {
  const parts = { clock: systemClock, random: secureRandom, log };
  const metrics = new PlatformMetrics(systemClock, steadyClock);
  const database = metrics.timed(await openDatabase({ url: settings.databaseUrl, ...parts }));
  const { configFile: path } = settings;
  const { promptFolder } = settings.unit;
  const config =
    path === undefined ? "loaded" : await loadOrKeepConfig({ path, database, promptFolder, ...parts });
  const network = openNetwork({ database, clock: parts.clock });
  const unit = connectTelecomUnit({ socketPath: settings.unit.socketPath, ...parts });

  // The call manager tells the presentation to look again, and the presentation asks the call manager: the circle is closed here.
  let presentationPages: Pages | undefined;
  const pages: Pages = { changed: (session: SessionId) => presentationPages?.changed(session) };
  const overload = new Overload({
    limits: settings.overload,
    webLag: () => metrics.lag(),
    unit,
    clock: steadyClock,
    log,
  });
  const isTooMuch = (calls: number): boolean => overload.reason(calls) !== undefined;
  const callManager = metrics.counted(
    await openCallManager({
      ...{ database, network, unit, pages, isTooMuch, secretKeys: settings.secretKeys },
      ...parts,
    }),
  );
  const visitorDesk = openVisitorDesk({ database, network, clock: parts.clock });
  const presentation = await openPresentation({
    callManager,
    visitorDesk,
    wire: {
      watch(watcher) {
        const ends = [unit.watch(watcher), callManager.watch(watcher)];
        return () => ends.forEach((end) => end());
      },
      rowsSince: callManager.rowsSince,
    },
    readiness: openReadiness({ database, unit, config, clock: steadyClock }),
    metrics,
    phoneBook: unit,
    settings: { ...settings.http, ...settings },
    ...parts,
  });
  presentationPages = presentation.pages;
  const { liveConnections } = presentation;
  const { traces } = settings;
  const spans = traces && openSpanExport({ ...traces, clock: steadyClock, log });
  const callTraces = spans && new CallTraces({ unit, calls: callManager, spans });
  metrics.watch({ unit, calls: callManager, liveConnections, overload, spans });

  return {
    httpPort: presentation.port,
    async close(): Promise<void> {
      overload.close();
      metrics.close();
      await presentation.close();
      await callManager.close();
      callTraces?.close();
      await spans?.close();
      await unit.close();
      await database.close();
    },
  };
}

main().catch((error: unknown) => {
  if (error instanceof TandemError)
    process.stderr.write(`${error.message}\n${JSON.stringify(error.details, null, 2)}\n`);
  else process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
