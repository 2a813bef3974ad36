import type { Candidate, Format, WebEnd } from "./web-description.ts";
import Type from "typebox";

/** What goes between the unit and the WebRTC gateway, its process: one object a message. */

/** STUN (RFC 8489) or TURN (RFC 8656). */
export interface IceServer {
  readonly hostname: string;
  readonly port: number;
  /** The login at a TURN server. Over UDP: the library has no other way. */
  readonly relay?: { readonly username: string; readonly password: string };
}

export interface GatewaySettings {
  /** Bound for ICE; undefined: each of the machine's. */
  readonly address: string | undefined;
  /** UDP ports, both ends included; one for each peer. */
  readonly ports: { readonly first: number; readonly last: number };
  readonly iceServers: readonly IceServer[];
}

/** Where a peer exchanges plain RTP, and of which kinds. */
export interface RelayWish {
  /** Of the termination, and bound by the gateway for its own port. */
  readonly address: string;
  readonly rtpPort: number;
  readonly rtcpPort: number;
  readonly formats: readonly Format[];
}

export type ToGateway =
  /** First, once. */
  | { readonly type: "begin"; readonly settings: GatewaySettings }
  | { readonly type: "open"; readonly peer: number; readonly relay: RelayWish }
  | { readonly type: "connect"; readonly peer: number; readonly theirs: WebEnd }
  | { readonly type: "close"; readonly peer: number };

/** The process holds native code that strangers speak to: what it says is checked. */
export const fromGateway = Type.Union([
  Type.Object({ type: Type.Literal("ready") }),
  /** The library cannot be loaded. */
  Type.Object({ type: Type.Literal("unavailable"), why: Type.String() }),
  Type.Object({
    type: Type.Literal("opened"),
    peer: Type.Integer(),
    ours: Type.Unsafe<WebEnd>(
      Type.Object({
        iceUfrag: Type.String({ pattern: "^[A-Za-z0-9+/]{4,256}$" }),
        icePwd: Type.String({ pattern: "^[A-Za-z0-9+/]{22,256}$" }),
        fingerprint: Type.String({ pattern: "^([0-9A-F]{2}:){31}[0-9A-F]{2}$" }),
        candidates: Type.Array(
          Type.Unsafe<Candidate>(
            Type.Object({
              foundation: Type.String({ pattern: "^[A-Za-z0-9+/]{1,32}$" }),
              priority: Type.Integer(),
              address: Type.String({ pattern: "^[0-9A-Fa-f.:]{2,45}$" }),
              port: Type.Integer({ minimum: 1, maximum: 65535 }),
              type: Type.Union(["host", "srflx", "prflx", "relay"].map((type) => Type.Literal(type))),
            }),
          ),
        ),
      }),
    ),
    relayPort: Type.Integer({ minimum: 1, maximum: 65535 }),
  }),
  /** ICE and DTLS are up: audio goes. */
  Type.Object({ type: Type.Literal("connected"), peer: Type.Integer() }),
  /** Never came up, or is up no more. It is closed already. */
  Type.Object({ type: Type.Literal("failed"), peer: Type.Integer(), why: Type.String() }),
]);
export type FromGateway = Type.Static<typeof fromGateway>;
