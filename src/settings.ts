import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join, resolve } from "node:path";
import { TandemError } from "#base/errors.ts";
import type { LogLevel } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import type { IceServer } from "#contract/browser-phone.ts";
import type { OverloadLimits } from "./overload.ts";
import { byComma, isLoopback, isPortRange, portRange, textThat, webOrigin } from "./setting-texts.ts";
import { type SipSettings, sipSettings, sipVariables, webSocketUrl } from "./sip-settings.ts";
import { type WebRtcSettings, webRtcSettings, webRtcVariables } from "./webrtc-settings.ts";
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
    /** Origins whose pages may show ours in a frame. */
    readonly framedBy: readonly string[];
    /** Telephones in our own pages; undefined while SIP over WebSocket is off. */
    readonly browserPhones:
      | { readonly socketUrl: string; readonly iceServers: readonly IceServer[] }
      | undefined;
  };
  /** Newest first; tickets are sealed with the first and opened with any. 32 octets each. */
  readonly secretKeys: readonly Uint8Array[];
  readonly operatorToken: string | undefined;
  /** Where traces go; nowhere unless told. */
  readonly traces:
    | { readonly endpoint: string; readonly headers: Readonly<Record<string, string>> }
    | undefined;
  /** Beyond these no new call is taken. */
  readonly overload: OverloadLimits;
  readonly unit: {
    readonly socketPath: string;
    readonly sip: SipSettings;
    readonly rtpPorts: { readonly first: number; readonly last: number };
    readonly webRtc: WebRtcSettings;
    /** What a phone that registers may prove its password by, the strongest first. */
    readonly phoneHashes: readonly ("SHA-256" | "MD5")[];
    readonly maxLegs: number;
    readonly promptFolder: string | undefined;
    /** An operator's own speech program; without one the embedded engine speaks. */
    readonly speechCommand: readonly string[] | undefined;
  };
}

const port = Type.Integer({ minimum: 0, maximum: 65535 });
const keysWanted = "one or more keys of 32 octets in base64url, by comma, the newest first";

/** Each variable with its shape and default: the table that docs/operating.md shows. */
const variables = {
  TANDEM_DEVELOPMENT: Type.Boolean({ default: false }),
  TANDEM_DATA: Type.String({ default: "var", minLength: 1 }),
  TANDEM_CONFIG: Type.Optional(Type.String({ minLength: 1 })),
  TANDEM_DATABASE: Type.Optional(
    textThat(
      (text) => /^(sqlite:.+|postgres(ql)?:\/\/.+)$/.test(text),
      "must be sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME",
    ),
  ),
  TANDEM_LOG: Type.Unsafe<LogLevel>(
    textThat(
      (text) => /^(debug|info|warn|error|silent)$/.test(text),
      "must be debug, info, warn, error or silent",
      {
        default: "info",
      },
    ),
  ),
  TANDEM_HTTP_HOST: Type.String({ default: "127.0.0.1" }),
  TANDEM_HTTP_PORT: Type.Integer({ ...port, default: 8080 }),
  TANDEM_PUBLIC_URL: Type.Optional(
    textThat(
      (text) => webOrigin(text) !== undefined,
      "must be http:// or https:// and a host, without a path, such as https://talk.example",
    ),
  ),
  TANDEM_TRUST_PROXY: textThat(
    (text) => byComma(text).every(isAddressOrNetwork),
    "must hold IP addresses or networks, by comma, such as 10.0.0.5 or 10.0.0.0/8; names are not looked up",
    { default: "" },
  ),
  TANDEM_FRAMED_BY: textThat(
    (text) => byComma(text).every((origin) => webOrigin(origin) === origin),
    "must hold origins, by comma, such as https://www.bank.example",
    { default: "" },
  ),
  TANDEM_SECRET_KEYS: Type.Optional(textThat(areKeys, `must be ${keysWanted}`)),
  TANDEM_OPERATOR_TOKEN: Type.Optional(Type.String({ minLength: 20 })),
  TANDEM_UNIT_SOCKET: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  ...sipVariables,
  TANDEM_RTP_PORTS: textThat(isPortRange, "must be FIRST-LAST with 1024 <= FIRST < LAST <= 65535", {
    default: "20000-29999",
  }),
  ...webRtcVariables,
  TANDEM_PHONE_HASHES: textThat(
    (text) => byComma(text).length > 0 && byComma(text).every((name) => name === "SHA-256" || name === "MD5"),
    "must be SHA-256,MD5 or one of the two",
    { default: "SHA-256,MD5" },
  ),
  TANDEM_MAX_LEGS: Type.Integer({ default: 2000, minimum: 2, maximum: 20000 }),
  TANDEM_MAX_CALLS: Type.Optional(Type.Integer({ minimum: 1, maximum: 20000 })),
  TANDEM_MAX_LAG_MS: Type.Integer({ default: 100, minimum: 20, maximum: 10000 }),
  TANDEM_SPARE_RTP_PAIRS: Type.Optional(Type.Integer({ minimum: 0, maximum: 30000 })),
  TANDEM_PROMPTS: Type.Optional(Type.String({ minLength: 1 })),
  // Not ours: by these names every program that exports traces is told where to.
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    textThat(
      isHttpUrl,
      "must be the http:// or https:// address of a collector, such as http://127.0.0.1:4318",
    ),
  ),
  OTEL_EXPORTER_OTLP_HEADERS: textThat(
    (text) => byComma(text).every((header) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+=[\x21-\x7e]+$/.test(header)),
    "must be NAME=VALUE, by comma",
    { default: "" },
  ),
  TANDEM_SPEECH_COMMAND: Type.Optional(Type.String({ minLength: 1 })),
};
const schema = Type.Object(variables);
type Parsed = Type.Static<typeof schema>;

/** Reads the settings. Throws SETTINGS_INVALID naming every variable that is wrong, and what would be right. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const parsed = parse(environment, schema);
  const development = parsed.TANDEM_DEVELOPMENT;
  const dataFolder = resolve(parsed.TANDEM_DATA);
  const rtpPorts = portRange(parsed.TANDEM_RTP_PORTS);
  return {
    development,
    dataFolder,
    configFile: parsed.TANDEM_CONFIG,
    databaseUrl: databaseUrl(parsed),
    logLevel: parsed.TANDEM_LOG,
    http: {
      host: parsed.TANDEM_HTTP_HOST,
      port: parsed.TANDEM_HTTP_PORT,
      publicUrl: publicUrl(parsed),
      trustProxy: byComma(parsed.TANDEM_TRUST_PROXY),
      framedBy: byComma(parsed.TANDEM_FRAMED_BY),
      browserPhones: browserPhones(parsed),
    },
    secretKeys: secretKeys({ given: parsed.TANDEM_SECRET_KEYS, development, dataFolder }),
    operatorToken: parsed.TANDEM_OPERATOR_TOKEN,
    traces: traces(parsed),
    overload: {
      // A call has two legs.
      calls: parsed.TANDEM_MAX_CALLS ?? Math.floor(parsed.TANDEM_MAX_LEGS / 2),
      lagMs: parsed.TANDEM_MAX_LAG_MS,
      // A twentieth of the pairs.
      sparePortPairs: parsed.TANDEM_SPARE_RTP_PAIRS ?? Math.floor((rtpPorts.last - rtpPorts.first + 1) / 40),
    },
    unit: {
      socketPath: unitSocket(parsed),
      sip: sipSettings(parsed, {
        origins: ownOrigins(parsed),
        trustedProxies: byComma(parsed.TANDEM_TRUST_PROXY),
      }),
      rtpPorts,
      webRtc: webRtcSettings(parsed),
      phoneHashes: (["SHA-256", "MD5"] as const).filter((name) =>
        byComma(parsed.TANDEM_PHONE_HASHES).includes(name),
      ),
      maxLegs: parsed.TANDEM_MAX_LEGS,
      promptFolder: parsed.TANDEM_PROMPTS,
      speechCommand: parsed.TANDEM_SPEECH_COMMAND?.split(" ").filter((word) => word !== ""),
    },
  };
}

/** For the commands that ask the database alone: nothing else need be set, or right. Throws SETTINGS_INVALID. */
export function readDatabaseUrl(environment: Readonly<Record<string, string | undefined>>): string {
  const { TANDEM_DATA, TANDEM_DATABASE } = variables;
  return databaseUrl(parse(environment, Type.Object({ TANDEM_DATA, TANDEM_DATABASE })));
}

/** For the command that must know whether the platform runs. Throws SETTINGS_INVALID. */
export function readUnitSocket(environment: Readonly<Record<string, string | undefined>>): string {
  const { TANDEM_DATA, TANDEM_UNIT_SOCKET } = variables;
  return unitSocket(parse(environment, Type.Object({ TANDEM_DATA, TANDEM_UNIT_SOCKET })));
}

/** Of `sun_path` on Linux, without its end. */
const longestSocketPath = 107;

/** Where the supervisor hears its operator. Throws SETTINGS_INVALID. */
export function readControlSocket(environment: Readonly<Record<string, string | undefined>>): string {
  const { TANDEM_DATA } = parse(environment, Type.Object({ TANDEM_DATA: variables.TANDEM_DATA }));
  const path = join(resolve(TANDEM_DATA), "control.sock");
  if (Buffer.byteLength(path) <= longestSocketPath) return path;
  const why = `must be a shorter path: the socket ${path} may have ${longestSocketPath} octets`;
  throw new TandemError("SETTINGS_INVALID", { TANDEM_DATA: why });
}

/** For the command that asks the running web process, as its operator. Throws SETTINGS_INVALID. */
export function readOperatorDoor(environment: Readonly<Record<string, string | undefined>>): {
  readonly http: Pick<Settings["http"], "host" | "port">;
  readonly operatorToken: string | undefined;
} {
  const { TANDEM_HTTP_HOST, TANDEM_HTTP_PORT, TANDEM_OPERATOR_TOKEN } = variables;
  const parsed = parse(
    environment,
    Type.Object({ TANDEM_HTTP_HOST, TANDEM_HTTP_PORT, TANDEM_OPERATOR_TOKEN }),
  );
  return {
    http: { host: parsed.TANDEM_HTTP_HOST, port: parsed.TANDEM_HTTP_PORT },
    operatorToken: parsed.TANDEM_OPERATOR_TOKEN,
  };
}

/** What the unit's process reads from TANDEM_UNIT_SETTINGS. */
export function unitSettings(settings: Settings): string {
  const { socketPath, sip, rtpPorts, webRtc, phoneHashes, maxLegs, promptFolder, speechCommand } =
    settings.unit;
  return JSON.stringify({
    socketPath,
    sip,
    rtp: { portRange: rtpPorts },
    webRtc,
    phoneHashes,
    maxLegs,
    journalFolder: settings.dataFolder,
    promptFolder,
    speechCommand,
    logLevel: settings.logLevel,
  });
}

/** The environment's names and what each may hold, for `tandem settings` and for the document's test. */
export function settingNames(): readonly string[] {
  return Object.keys(variables);
}

function parse<Shape extends Type.TObject>(
  environment: Readonly<Record<string, string | undefined>>,
  shape: Shape,
): Type.Static<Shape> {
  const given: Record<string, unknown> = {};
  for (const name of Object.keys(shape.properties)) {
    const text = environment[name];
    if (text !== undefined && text !== "") given[name] = text;
  }
  const unknown = Object.keys(environment).filter(
    (name) => name.startsWith("TANDEM_") && !(name in variables),
  );
  const converted = Value.Convert(shape, Value.Default(shape, given));
  const wrong: Record<string, string> = {};
  for (const error of Value.Errors(shape, converted)) wrong[error.instancePath.slice(1)] = error.message;
  for (const name of unknown) if (!knownElsewhere.has(name)) wrong[name] = "is no setting of Tandem";
  if (!Value.Check(shape, converted) || Object.keys(wrong).length > 0)
    throw new TandemError("SETTINGS_INVALID", wrong);
  return converted;
}

/** Variables that other programs of the project read: the unit's settings line, the demo's ports. */
const knownElsewhere = new Set(["TANDEM_UNIT_SETTINGS"]);

function databaseUrl(parsed: Pick<Parsed, "TANDEM_DATABASE" | "TANDEM_DATA">): string {
  return parsed.TANDEM_DATABASE ?? `sqlite:${join(resolve(parsed.TANDEM_DATA), "tandem.sqlite")}`;
}

function unitSocket(parsed: Pick<Parsed, "TANDEM_UNIT_SOCKET" | "TANDEM_DATA">): string {
  return parsed.TANDEM_UNIT_SOCKET ?? join(resolve(parsed.TANDEM_DATA), "unit.sock");
}

/** A form counts only when a page of ours sent it. Where nobody has said what we are called, we know loopback's names alone. */
function publicUrl(parsed: Parsed): string | undefined {
  const { TANDEM_PUBLIC_URL: given, TANDEM_HTTP_HOST: host } = parsed;
  if (given === undefined && !isLoopback(host)) {
    throw new TandemError("SETTINGS_INVALID", {
      TANDEM_PUBLIC_URL: `is missing: where TANDEM_HTTP_HOST is ${host} it must say how browsers reach us, such as https://talk.example`,
    });
  }
  return given === undefined ? undefined : webOrigin(given);
}

/** As whose our own pages come. */
function ownOrigins(parsed: Parsed): readonly string[] {
  const told = publicUrl(parsed);
  if (told !== undefined) return [told];
  return ["127.0.0.1", "localhost", "[::1]"].map((host) => `http://${host}:${parsed.TANDEM_HTTP_PORT}`);
}

function browserPhones(parsed: Parsed): Settings["http"]["browserPhones"] {
  // JsSIP proves a password by MD5 alone.
  const canLogIn = byComma(parsed.TANDEM_PHONE_HASHES).includes("MD5");
  if (parsed.TANDEM_SIP_WEBSOCKET_PORT === undefined || !canLogIn) return undefined;
  const isBehindProxy = byComma(parsed.TANDEM_TRUST_PROXY).length > 0;
  return {
    socketUrl: webSocketUrl(parsed, publicUrl(parsed), isBehindProxy),
    iceServers: stunServers(parsed),
  };
}

/** For pages, which anybody may open: a TURN server's login is not for them, and the unit's own address at it is enough. */
function stunServers(parsed: Parsed): readonly IceServer[] {
  return webRtcSettings(parsed).iceServers.flatMap(({ hostname, port, relay }) => {
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    return relay === undefined ? [{ urls: [`stun:${host}:${port}`] }] : [];
  });
}

function isAddressOrNetwork(text: string): boolean {
  const [address = "", bits, ...more] = text.split("/");
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  const longest = version === 4 ? 32 : 128;
  return bits === undefined || (/^[1-9][0-9]{0,2}$/.test(bits) && Number(bits) <= longest);
}

function traces(parsed: Parsed): Settings["traces"] {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers } = parsed;
  if (endpoint === undefined) return undefined;
  const pairs = byComma(headers).map((header): [string, string] => {
    const at = header.indexOf("=");
    return [header.slice(0, at), header.slice(at + 1)];
  });
  return { endpoint, headers: Object.fromEntries(pairs) };
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function areKeys(text: string): boolean {
  const keys = byComma(text);
  return keys.length > 0 && keys.every((key) => keyOf(key).length === 32);
}

function keyOf(text: string): Uint8Array {
  return Buffer.from(text, "base64url");
}

/**
 * Keys come from the operator. In development one is made and kept in the data folder, so that a restart keeps the open
 * welcome pages valid; elsewhere a missing key is an error, for two nodes with two keys would refuse each other's tickets.
 */
function secretKeys(wish: {
  given: string | undefined;
  development: boolean;
  dataFolder: string;
}): readonly Uint8Array[] {
  if (wish.given !== undefined) return byComma(wish.given).map(keyOf);
  if (wish.development) return [keyOf(developmentKey(wish.dataFolder))];
  throw new TandemError("SETTINGS_INVALID", { TANDEM_SECRET_KEYS: `is missing: ${keysWanted}` });
}

function developmentKey(dataFolder: string): string {
  const file = join(dataFolder, "development-key");
  if (!existsSync(file)) {
    mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
    writeFileSync(file, Buffer.from(secureRandom.bytes(32)).toString("base64url"), { mode: 0o600 });
  }
  return readFileSync(file, "utf8").trim();
}
