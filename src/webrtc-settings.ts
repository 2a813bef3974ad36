import { byComma, isPortRange, portRange, textThat } from "./setting-texts.ts";
import { TandemError } from "#base/errors.ts";
import Type from "typebox";

/** How browsers' audio is taken, as the unit's process is told it. */
export interface WebRtcSettings {
  readonly ports: { readonly first: number; readonly last: number };
  readonly iceServers: readonly IceServer[];
  /** TURN servers that browsers may come by, or must. */
  readonly relays?: { readonly urls: readonly string[]; readonly secret: string; readonly only: boolean };
}

interface IceServer {
  readonly hostname: string;
  readonly port: number;
  /** The login at a TURN server (RFC 8656). */
  readonly relay?: { readonly username: string; readonly password: string };
}

/** The part of the table of variables that is about WebRTC. */
export const webRtcVariables = {
  TANDEM_WEBRTC_PORTS: textThat(isPortRange, "must be FIRST-LAST with 1024 <= FIRST < LAST <= 65535", {
    default: "30000-31999",
  }),
  TANDEM_ICE_SERVERS: textThat(
    (text) => byComma(text).every((server) => iceServer(server) !== undefined),
    "must hold stun:HOST[:PORT] or turn:USER:PASSWORD@HOST[:PORT], by comma; both over UDP",
    { default: "" },
  ),
  TANDEM_TURN_SERVERS: textThat(
    (text) => byComma(text).length <= mostRelays && byComma(text).every(isTurnUrl),
    "must hold turn:HOST[:PORT] or turns:HOST[:PORT], each with ?transport=udp or ?transport=tcp or neither, by comma, four at most; their secret is TANDEM_TURN_SECRET",
    { default: "" },
  ),
  TANDEM_TURN_SECRET: Type.Optional(Type.String({ minLength: 16, maxLength: 512 })),
  TANDEM_TURN_ONLY: Type.Boolean({ default: false }),
};

/** Each is asked by each browser, in each call. */
const mostRelays = 4;

const shape = Type.Object(webRtcVariables);

export function webRtcSettings(parsed: Type.Static<typeof shape>): WebRtcSettings {
  return {
    ports: portRange(parsed.TANDEM_WEBRTC_PORTS),
    iceServers: byComma(parsed.TANDEM_ICE_SERVERS).flatMap((text) => iceServer(text) ?? []),
    ...relays(parsed),
  };
}

function relays(parsed: Type.Static<typeof shape>): Pick<WebRtcSettings, "relays"> {
  const { TANDEM_TURN_SERVERS, TANDEM_TURN_SECRET: secret, TANDEM_TURN_ONLY: only } = parsed;
  const urls = byComma(TANDEM_TURN_SERVERS);
  if (urls.length > 0 && secret !== undefined) return { relays: { urls, secret, only } };
  if (urls.length > 0)
    throw new TandemError("SETTINGS_INVALID", {
      TANDEM_TURN_SECRET: "is missing: the secret that the servers in TANDEM_TURN_SERVERS share with us",
    });
  if (only || secret !== undefined)
    throw new TandemError("SETTINGS_INVALID", {
      TANDEM_TURN_SERVERS: `is missing: ${only ? "TANDEM_TURN_ONLY" : "TANDEM_TURN_SECRET"} is about the servers there`,
    });
  return {};
}

/** RFC 7065 3.1. */
function isTurnUrl(text: string): boolean {
  const [, port] =
    /^turns?:(?:[A-Za-z0-9.-]{1,255}|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?(?:\?transport=(?:udp|tcp))?$/.exec(
      text,
    ) ?? [undefined, "0"];
  return port === undefined || (Number(port) >= 1 && Number(port) <= 65_535);
}

/** RFC 7064, RFC 7065, with the login in the place where other addresses have it; undefined when it is none. */
function iceServer(text: string): IceServer | undefined {
  const match =
    /^(stun|turn):(?:([^:@\s]{1,512}):([^@\s]{1,512})@)?([A-Za-z0-9.-]{1,255}|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/.exec(
      text,
    );
  if (match === null) return undefined;
  const [, scheme, username, password, host = "", told = "3478"] = match;
  const server = { hostname: host.replace(/^\[(.*)\]$/, "$1"), port: Number(told) };
  if (server.port < 1 || server.port > 65_535) return undefined;
  if (scheme === "stun") return username === undefined ? server : undefined;
  return username === undefined || password === undefined
    ? undefined
    : { ...server, relay: { username, password } };
}
