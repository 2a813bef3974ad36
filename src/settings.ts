import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { TandemError } from "#base/errors.ts";
import type { LogLevel } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import Type from "typebox";
import Value from "typebox/value";

/**
 * What the operator sets from outside, by environment variables (docs/operating.md lists them). Subscribers, routes and
 * policies are not here: they stand in the configuration file and in the database.
 */
export interface Settings {
  readonly development: boolean;
  readonly dataFolder: string;
  readonly configFile: string | undefined;
  readonly databaseUrl: string;
  readonly logLevel: LogLevel;
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly publicUrl: string | undefined;
    /** Addresses or networks of the reverse proxies whose X-Forwarded-For is believed. */
    readonly trustProxy: readonly string[];
  };
  /** Newest first; tickets are sealed with the first and opened with any. 32 octets each. */
  readonly secretKeys: readonly Uint8Array[];
  readonly operatorToken: string | undefined;
  readonly unit: {
    readonly socketPath: string;
    readonly sip: {
      readonly address: string;
      readonly port: number;
      readonly advertisedAddress: string | undefined;
    };
    readonly rtpPorts: { readonly first: number; readonly last: number };
    readonly maxLegs: number;
    readonly promptFolder: string | undefined;
    /** An operator's own speech program; without one the embedded engine speaks. */
    readonly speechCommand: readonly string[] | undefined;
  };
}

const port = Type.Integer({ minimum: 0, maximum: 65535 });

/** Each variable with its shape and default: the table that docs/operating.md shows. */
const variables = {
  TANDEM_DEVELOPMENT: Type.Boolean({ default: false }),
  TANDEM_DATA: Type.String({ default: "var", minLength: 1 }),
  TANDEM_CONFIG: Type.Optional(Type.String({ minLength: 1 })),
  TANDEM_DATABASE: Type.Optional(Type.String({ pattern: "^(sqlite:.+|postgres(ql)?://.+)$" })),
  TANDEM_LOG: Type.Union(
    ["debug", "info", "warn", "error", "silent"].map((level) => Type.Literal(level)),
    { default: "info" },
  ),
  TANDEM_HTTP_HOST: Type.String({ default: "127.0.0.1" }),
  TANDEM_HTTP_PORT: Type.Integer({ ...port, default: 8080 }),
  TANDEM_PUBLIC_URL: Type.Optional(Type.String({ pattern: "^https?://[^/]+$" })),
  TANDEM_TRUST_PROXY: Type.String({ default: "" }),
  TANDEM_SECRET_KEYS: Type.Optional(Type.String({ minLength: 43 })),
  TANDEM_OPERATOR_TOKEN: Type.Optional(Type.String({ minLength: 20 })),
  TANDEM_UNIT_SOCKET: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  TANDEM_SIP_ADDRESS: Type.String({ default: "127.0.0.1" }),
  TANDEM_SIP_PORT: Type.Integer({ ...port, default: 5060 }),
  TANDEM_SIP_ADVERTISED_ADDRESS: Type.Optional(Type.String({ minLength: 2 })),
  TANDEM_RTP_PORTS: Type.String({ default: "20000-29999", pattern: "^[0-9]{4,5}-[0-9]{4,5}$" }),
  TANDEM_MAX_LEGS: Type.Integer({ default: 2000, minimum: 2, maximum: 20000 }),
  TANDEM_PROMPTS: Type.Optional(Type.String({ minLength: 1 })),
  TANDEM_SPEECH_COMMAND: Type.Optional(Type.String({ minLength: 1 })),
};
const schema = Type.Object(variables);

/** Reads the settings. Throws SETTINGS_INVALID naming every variable that is wrong, and what would be right. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const parsed = parse(environment);
  const development = parsed.TANDEM_DEVELOPMENT;
  const dataFolder = resolve(parsed.TANDEM_DATA);
  const [first = 0, last = 0] = parsed.TANDEM_RTP_PORTS.split("-").map(Number);
  if (first >= last || last > 65535) {
    throw new TandemError("SETTINGS_INVALID", {
      TANDEM_RTP_PORTS: "must be FIRST-LAST with FIRST < LAST <= 65535",
    });
  }
  return {
    development,
    dataFolder,
    configFile: parsed.TANDEM_CONFIG,
    databaseUrl: parsed.TANDEM_DATABASE ?? `sqlite:${join(dataFolder, "tandem.sqlite")}`,
    logLevel: parsed.TANDEM_LOG,
    http: {
      host: parsed.TANDEM_HTTP_HOST,
      port: parsed.TANDEM_HTTP_PORT,
      publicUrl: parsed.TANDEM_PUBLIC_URL,
      trustProxy: parsed.TANDEM_TRUST_PROXY.split(",")
        .map((part) => part.trim())
        .filter((part) => part !== ""),
    },
    secretKeys: secretKeys({ given: parsed.TANDEM_SECRET_KEYS, development, dataFolder }),
    operatorToken: parsed.TANDEM_OPERATOR_TOKEN,
    unit: {
      socketPath: parsed.TANDEM_UNIT_SOCKET ?? join(dataFolder, "unit.sock"),
      sip: {
        address: parsed.TANDEM_SIP_ADDRESS,
        port: parsed.TANDEM_SIP_PORT,
        advertisedAddress: parsed.TANDEM_SIP_ADVERTISED_ADDRESS,
      },
      rtpPorts: { first, last },
      maxLegs: parsed.TANDEM_MAX_LEGS,
      promptFolder: parsed.TANDEM_PROMPTS,
      speechCommand: parsed.TANDEM_SPEECH_COMMAND?.split(" ").filter((word) => word !== ""),
    },
  };
}

/** What the unit's process reads from TANDEM_UNIT_SETTINGS. */
export function unitSettings(settings: Settings): string {
  const { socketPath, sip, rtpPorts, maxLegs, promptFolder, speechCommand } = settings.unit;
  return JSON.stringify({
    socketPath,
    sip,
    rtp: { portRange: rtpPorts },
    maxLegs,
    promptFolder,
    speechCommand,
    logLevel: settings.logLevel,
  });
}

/** The environment's names and what each may hold, for `tandem settings` and for the document's test. */
export function settingNames(): readonly string[] {
  return Object.keys(variables);
}

function parse(environment: Readonly<Record<string, string | undefined>>): Type.Static<typeof schema> {
  const given: Record<string, unknown> = {};
  for (const name of Object.keys(variables)) {
    const text = environment[name];
    if (text !== undefined && text !== "") given[name] = text;
  }
  const unknown = Object.keys(environment).filter(
    (name) => name.startsWith("TANDEM_") && !(name in variables),
  );
  const converted = Value.Convert(schema, Value.Default(schema, given));
  const wrong: Record<string, string> = {};
  for (const error of Value.Errors(schema, converted)) wrong[error.instancePath.slice(1)] = error.message;
  for (const name of unknown) if (!knownElsewhere.has(name)) wrong[name] = "is no setting of Tandem";
  if (!Value.Check(schema, converted) || Object.keys(wrong).length > 0)
    throw new TandemError("SETTINGS_INVALID", wrong);
  return converted;
}

/** Variables that other programs of the project read: the unit's settings line, the demo's ports. */
const knownElsewhere = new Set(["TANDEM_UNIT_SETTINGS"]);

/**
 * Keys come from the operator. In development one is made and kept in the data folder, so that a restart keeps the open
 * welcome pages valid; elsewhere a missing key is an error, for two nodes with two keys would refuse each other's tickets.
 */
function secretKeys(wish: {
  given: string | undefined;
  development: boolean;
  dataFolder: string;
}): readonly Uint8Array[] {
  const texts = wish.given?.split(",") ?? (wish.development ? [developmentKey(wish.dataFolder)] : undefined);
  if (texts === undefined) {
    throw new TandemError("SETTINGS_INVALID", {
      TANDEM_SECRET_KEYS:
        "is missing: one or more keys of 32 octets in base64url, by comma, the newest first",
    });
  }
  return texts.map((text) => {
    const key = Buffer.from(text.trim(), "base64url");
    if (key.length !== 32)
      throw new TandemError("SETTINGS_INVALID", { TANDEM_SECRET_KEYS: "each key must have 32 octets" });
    return key;
  });
}

function developmentKey(dataFolder: string): string {
  const file = join(dataFolder, "development-key");
  if (!existsSync(file)) {
    mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
    writeFileSync(file, Buffer.from(secureRandom.bytes(32)).toString("base64url"), { mode: 0o600 });
  }
  return readFileSync(file, "utf8").trim();
}
