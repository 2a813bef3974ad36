import { byComma, isPortRange, portRange, textThat } from "./setting-texts.ts";
import Type from "typebox";

/** How browsers' audio is taken, as the unit's process is told it. */
export interface WebRtcSettings {
  readonly ports: { readonly first: number; readonly last: number };
  readonly iceServers: readonly IceServer[];
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
};

const shape = Type.Object(webRtcVariables);

export function webRtcSettings(parsed: Type.Static<typeof shape>): WebRtcSettings {
  return {
    ports: portRange(parsed.TANDEM_WEBRTC_PORTS),
    iceServers: byComma(parsed.TANDEM_ICE_SERVERS).flatMap((text) => iceServer(text) ?? []),
  };
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
