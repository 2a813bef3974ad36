import { systemClock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import { type LogLevel, makeLog } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import Type from "typebox";
import Value from "typebox/value";
import { isSpare, isWanted } from "#base/spare.ts";
import { openJournal } from "./journal/unit-journal.ts";
import { openEmbeddedEngine } from "./media/embedded-engine.ts";
import { openTelecomUnit } from "./unit.ts";
import { openVoiceResponse, type VoiceResponse } from "./voice-response/voice-response.ts";

const portRange = Type.Object({
  first: Type.Integer({ minimum: 1024, maximum: 65535 }),
  last: Type.Integer({ minimum: 1024, maximum: 65535 }),
});

const relays = Type.Object({
  urls: Type.Array(Type.String({ minLength: 6, maxLength: 300 })),
  secret: Type.String({ minLength: 1, maxLength: 512 }),
  only: Type.Boolean(),
});
const iceServer = Type.Object({
  hostname: Type.String({ minLength: 1, maxLength: 255 }),
  port: Type.Integer({ minimum: 1, maximum: 65535 }),
  relay: Type.Optional(
    Type.Object({
      username: Type.String({ maxLength: 512 }),
      password: Type.String({ maxLength: 512 }),
    }),
  ),
});

/**
 * The telecommunications unit as a process of its own: `TANDEM_UNIT_SETTINGS` holds its settings as JSON. Once it serves it
 * prints `{"ready":true,"pid":1234,"sipPort":5060,"socketPath":"..."}`, with `sipTlsPort` and `sipWebSocketPort` where those are on.
 * SIGINT ends it politely: every call is hung up. SIGTERM is a service manager's restart: the calls stand in the journal, and wait
 * there for the next process; without a journal it is as SIGINT. It takes no notice of the web process's death.
 *
 * What a unit before it left in its journal it takes up: calls go on. With `--spare` it loads all that it needs and then waits for a
 * line on standard input, so that little is left to do when the unit before it has died; without that line it ends with its input.
 */
const schema = Type.Object({
  socketPath: Type.String({ minLength: 1, maxLength: 100 }),
  sip: Type.Object({
    address: Type.String({ minLength: 2 }),
    port: Type.Integer({ minimum: 0, maximum: 65535 }),
    advertisedAddress: Type.Optional(Type.String({ minLength: 2 })),
    tls: Type.Optional(
      Type.Object({
        port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65535 })),
        certificateFile: Type.Optional(Type.String({ minLength: 1 })),
        keyFile: Type.Optional(Type.String({ minLength: 1 })),
        authorityFile: Type.Optional(Type.String({ minLength: 1 })),
      }),
    ),
    webSocket: Type.Optional(
      Type.Object({
        address: Type.Optional(Type.String({ minLength: 2 })),
        port: Type.Integer({ minimum: 0, maximum: 65535 }),
        origins: Type.Array(Type.String()),
        trustedProxies: Type.Array(Type.String()),
      }),
    ),
  }),
  rtp: Type.Object({ portRange }),
  webRtc: Type.Optional(
    Type.Object({ ports: portRange, iceServers: Type.Array(iceServer), relays: Type.Optional(relays) }),
  ),
  phoneHashes: Type.Optional(
    Type.Array(Type.Union([Type.Literal("SHA-256"), Type.Literal("MD5")]), { minItems: 1 }),
  ),
  maxLegs: Type.Integer({ minimum: 1, maximum: 20000 }),
  /** Where the journal lies; without one a unit that dies takes its calls with it. */
  journalFolder: Type.Optional(Type.String({ minLength: 1 })),
  promptFolder: Type.Optional(Type.String({ minLength: 1 })),
  /** An operator's own speech program, its words one by one. */
  speechCommand: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
  logLevel: Type.Optional(
    Type.Unsafe<LogLevel>(
      Type.Union(["debug", "info", "warn", "error", "silent"].map((level) => Type.Literal(level))),
    ),
  ),
});

export type UnitProcessSettings = Type.Static<typeof schema>;

/** Opens everything that a unit needs, and serves until a signal. */
export async function runTelecomUnit(settings: UnitProcessSettings, waits = false): Promise<void> {
  // Standard output belongs to the one line that says "ready".
  const log = makeLog({
    process: "unit",
    level: settings.logLevel ?? "info",
    destination: { write: (line) => void process.stderr.write(line) },
  });
  const parts = { clock: systemClock, random: secureRandom, log };
  const mediaEngine = await openEmbeddedEngine({ portRange: settings.rtp.portRange, log });
  const voice = lateVoice(() =>
    openVoiceResponse({
      clock: systemClock,
      log,
      promptFolder: settings.promptFolder ?? "prompts",
      ...speechEngine(settings.speechCommand),
    }),
  );
  if (waits) {
    await voice.open();
    if (!(await isWanted())) return void process.exit(0);
  }
  const journal =
    settings.journalFolder === undefined
      ? {}
      : { journal: openJournal({ folder: settings.journalFolder, ...parts }) };
  // Lines that are up wait for nothing: speech is loaded after them.
  const unit = await openTelecomUnit({ settings, ...parts, ...journal, mediaEngine, voiceResponse: voice });
  await voice.open();
  const { sipPort, sipTlsPort, sipWebSocketPort, socketPath } = unit;
  const ready = { ready: true, pid: process.pid, sipPort, sipTlsPort, sipWebSocketPort, socketPath };
  process.stdout.write(`${JSON.stringify(ready)}\n`);

  const end = async (): Promise<void> => {
    await unit.close();
    await mediaEngine.close();
    await voice.close();
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      // With the process end its sockets, and no far end hears a word.
      if (signal === "SIGTERM" && unit.leave()) process.exit(0);
      end().then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ error: String(error) }, "The unit could not close properly.");
          process.exit(1);
        },
      );
    });
  }
  // A reader of the ready line that went away (the supervisor's death) must not end the calls.
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});
}

/** Loads when it is told to, or when something is to be said before that. */
function lateVoice(load: () => Promise<VoiceResponse>): VoiceResponse & { open(): Promise<VoiceResponse> } {
  let loading: Promise<VoiceResponse> | undefined;
  const open = (): Promise<VoiceResponse> => {
    loading ??= load();
    return loading;
  };
  return {
    open,
    render: async (prompt, signal) => (await open()).render(prompt, signal),
    close: async () => (await loading)?.close(),
  };
}

function speechEngine(words: readonly string[] | undefined) {
  const [program, ...rest] = words ?? [];
  return program === undefined
    ? {}
    : { engine: { type: "command" as const, program, args: rest, text: "stdin" as const } };
}

function settingsFrom(environment: Readonly<Record<string, string | undefined>>): UnitProcessSettings {
  let value: unknown;
  try {
    value = JSON.parse(environment["TANDEM_UNIT_SETTINGS"] ?? "");
  } catch (cause) {
    throw new TandemError("SETTINGS_INVALID", { TANDEM_UNIT_SETTINGS: "must be JSON" }, cause);
  }
  if (Value.Check(schema, value)) return value;
  const wrong = Value.Errors(schema, value).map((error) => `${error.instancePath}: ${error.message}`);
  throw new TandemError("SETTINGS_INVALID", { TANDEM_UNIT_SETTINGS: wrong });
}

if (import.meta.main) {
  Promise.resolve()
    .then(() => runTelecomUnit(settingsFrom(process.env), isSpare))
    .catch((error: unknown) => {
      const details = error instanceof TandemError ? JSON.stringify(error.details) : "";
      process.stderr.write(`${error instanceof Error ? error.message : String(error)} ${details}\n`);
      process.exit(1);
    });
}
