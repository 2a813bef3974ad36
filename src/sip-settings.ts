import { resolve } from "node:path";
import { TandemError } from "#base/errors.ts";
import { byComma, isLoopback, textThat, webOrigin } from "./setting-texts.ts";
import Type from "typebox";

/** How SIP is received, as the unit's process is told it. What is undefined is off. */
export interface SipSettings {
  readonly address: string;
  readonly port: number;
  readonly advertisedAddress: string | undefined;
  readonly tls: {
    readonly port: number | undefined;
    readonly certificateFile: string | undefined;
    readonly keyFile: string | undefined;
    /** Authorities that are believed beside the machine's. */
    readonly authorityFile: string | undefined;
  };
  /** For browsers' telephones: secure when there is a certificate. */
  readonly webSocket:
    | {
        readonly address: string;
        readonly port: number;
        /** Whose pages may come. */
        readonly origins: readonly string[];
        readonly trustedProxies: readonly string[];
      }
    | undefined;
}

/**
 * Where browsers find it. Told, or as the documents say that it is set up: behind the reverse proxy of an https page, or with a
 * certificate of its own, or on this machine. `*` stands for the name by which the browser has found the page.
 */
export function webSocketUrl(parsed: Parsed, publicUrl: string | undefined, isBehindProxy: boolean): string {
  if (parsed.TANDEM_SIP_WEBSOCKET_URL !== undefined) return parsed.TANDEM_SIP_WEBSOCKET_URL;
  const page = publicUrl === undefined ? undefined : new URL(publicUrl);
  const hasCertificate = parsed.TANDEM_SIP_TLS_CERTIFICATE !== undefined;
  if (page?.protocol === "https:" && isBehindProxy && !hasCertificate) return `wss://${page.host}/sip`;
  const scheme = hasCertificate ? "wss" : "ws";
  return `${scheme}://${page?.hostname ?? "*"}:${parsed.TANDEM_SIP_WEBSOCKET_PORT}`;
}

const port = Type.Integer({ minimum: 0, maximum: 65535 });
const file = Type.String({ minLength: 1 });

/** The part of the table of variables that is about SIP. */
export const sipVariables = {
  TANDEM_SIP_ADDRESS: Type.String({ default: "127.0.0.1" }),
  TANDEM_SIP_PORT: Type.Integer({ ...port, default: 5060 }),
  TANDEM_SIP_ADVERTISED_ADDRESS: Type.Optional(Type.String({ minLength: 2 })),
  TANDEM_SIP_TLS_PORT: Type.Optional(port),
  TANDEM_SIP_TLS_CERTIFICATE: Type.Optional(file),
  TANDEM_SIP_TLS_KEY: Type.Optional(file),
  TANDEM_SIP_TLS_CA: Type.Optional(file),
  TANDEM_SIP_WEBSOCKET_PORT: Type.Optional(port),
  TANDEM_SIP_WEBSOCKET_ADDRESS: Type.Optional(Type.String({ minLength: 2 })),
  TANDEM_SIP_WEBSOCKET_ORIGINS: textThat(
    (text) => byComma(text).every((origin) => webOrigin(origin) !== undefined),
    "must hold origins, by comma, such as https://talk.example",
    { default: "" },
  ),
  TANDEM_SIP_WEBSOCKET_URL: Type.Optional(
    textThat(
      (text) => URL.canParse(text) && /^wss?:$/.test(new URL(text).protocol),
      "must be a WebSocket's address, such as wss://talk.example/sip",
    ),
  ),
};

const shape = Type.Object(sipVariables);
type Parsed = Type.Static<typeof shape>;

/** What of the other settings a WebSocket needs: as whose our own pages come, and who stands before us. */
interface Web {
  readonly origins: readonly string[];
  readonly trustedProxies: readonly string[];
}

/** Throws SETTINGS_INVALID where one variable lacks another. */
export function sipSettings(parsed: Parsed, web: Web): SipSettings {
  const wrong = { ...wrongTls(parsed), ...wrongWebSocket(parsed, web) };
  if (Object.keys(wrong).length > 0) throw new TandemError("SETTINGS_INVALID", wrong);
  const absolute = (path: string | undefined) => (path === undefined ? undefined : resolve(path));
  return {
    address: parsed.TANDEM_SIP_ADDRESS,
    port: parsed.TANDEM_SIP_PORT,
    advertisedAddress: parsed.TANDEM_SIP_ADVERTISED_ADDRESS,
    tls: {
      port: parsed.TANDEM_SIP_TLS_PORT,
      certificateFile: absolute(parsed.TANDEM_SIP_TLS_CERTIFICATE),
      keyFile: absolute(parsed.TANDEM_SIP_TLS_KEY),
      authorityFile: absolute(parsed.TANDEM_SIP_TLS_CA),
    },
    webSocket: webSocketSettings(parsed, web),
  };
}

function webSocketSettings(parsed: Parsed, web: Web): SipSettings["webSocket"] {
  const port = parsed.TANDEM_SIP_WEBSOCKET_PORT;
  if (port === undefined) return undefined;
  const told = byComma(parsed.TANDEM_SIP_WEBSOCKET_ORIGINS).flatMap((text) => webOrigin(text) ?? []);
  return {
    address: webSocketAddress(parsed),
    port,
    origins: told.length === 0 ? web.origins : told,
    trustedProxies: web.trustedProxies,
  };
}

function webSocketAddress(parsed: Parsed): string {
  return parsed.TANDEM_SIP_WEBSOCKET_ADDRESS ?? parsed.TANDEM_SIP_ADDRESS;
}

function wrongTls(parsed: Parsed): Readonly<Record<string, string>> {
  const { TANDEM_SIP_TLS_CERTIFICATE: certificate, TANDEM_SIP_TLS_KEY: key } = parsed;
  if (certificate !== undefined && key === undefined)
    return { TANDEM_SIP_TLS_KEY: "is missing: a certificate is of no use without its key" };
  if (key !== undefined && certificate === undefined)
    return { TANDEM_SIP_TLS_CERTIFICATE: "is missing: a key is of no use without its certificate" };
  if (parsed.TANDEM_SIP_TLS_PORT !== undefined && certificate === undefined)
    return { TANDEM_SIP_TLS_PORT: "needs TANDEM_SIP_TLS_CERTIFICATE and TANDEM_SIP_TLS_KEY" };
  return {};
}

/** Browsers' telephones speak in the clear to this machine and to a proxy of ours alone. */
function wrongWebSocket(parsed: Parsed, web: Web): Readonly<Record<string, string>> {
  const isOn = parsed.TANDEM_SIP_WEBSOCKET_PORT !== undefined;
  const isSecure = parsed.TANDEM_SIP_TLS_CERTIFICATE !== undefined || web.trustedProxies.length > 0;
  const address = webSocketAddress(parsed);
  if (!isOn || isSecure || isLoopback(address)) return {};
  const needed = `at ${address} needs TANDEM_SIP_TLS_CERTIFICATE, or a reverse proxy in TANDEM_TRUST_PROXY`;
  return { TANDEM_SIP_WEBSOCKET_PORT: needed };
}
