import { TandemError } from "#base/errors.ts";
import type { Flow, TransportName } from "../message/message.ts";
import { Certificates, type TlsFiles } from "./certificates.ts";
import type { Connection } from "./connections.ts";
import type { Guests } from "./guests.ts";
import type { Listener } from "./listener.ts";
import { connectTcp, listenTcp, type StreamParts } from "./tcp.ts";
import { connectTls, listenTls } from "./tls.ts";
import { listenWebSocket, type WebSocketOptions } from "./web-socket.ts";
import { openUdp, type Udp } from "./udp.ts";

/** What TLS listens on and shows. Without a port nobody can call over TLS; trunks that ask for it are called all the same. */
export interface TlsOptions extends TlsFiles {
  /** 0 takes a free one. */
  readonly port?: number | undefined;
}

/** Everything that is bound, and the way out of it. */
export interface Doors {
  readonly udp: Udp;
  /** Where each transport listens that does. */
  readonly ports: Readonly<Partial<Record<TransportName, number>>>;
  /** How a connection of ours to the flow's remote end is opened; or why none can be. */
  way(flow: Flow): Way;
  close(): Promise<void>;
}

type Way =
  | { readonly type: "open"; readonly connect: () => Connection }
  | { readonly type: "closed"; readonly why: string };

/** Binds UDP and TCP on one port, and TLS and WebSocket when they have one. Rejects with the system's error when that fails. */
export async function openDoors(
  wish: {
    readonly port: number;
    readonly tls?: TlsOptions | undefined;
    readonly webSocket?: WebSocketOptions | undefined;
  },
  parts: StreamParts & {
    /** WebSockets' strangers have places of their own: those of TCP may be taken by a flood that no browser has part in. */
    readonly browsers: Guests;
  },
): Promise<Doors> {
  const certificates = new Certificates(wish.tls ?? {}, parts);
  const secure = { ...parts, certificates };
  await using opened = new AsyncDisposableStack();
  const { udp, tcp } = await bindBoth(wish.port, parts);
  opened.defer(() => udp.close());
  opened.defer(() => tcp.close());
  const shown = certificates.own;
  const ports: Partial<Record<TransportName, number>> = { udp: udp.port, tcp: tcp.port };
  if (wish.tls?.port !== undefined) {
    if (shown === undefined) {
      throw new TandemError("SETTINGS_INVALID", { tls: "a port for TLS needs a certificate and its key" });
    }
    const tls = await listenTls(secure, { port: wish.tls.port, shown });
    opened.defer(() => tls.close());
    ports.tls = tls.port;
  }
  if (wish.webSocket !== undefined) {
    const address = wish.webSocket.address ?? parts.address;
    const webSocket = await listenWebSocket(
      { ...secure, address, guests: parts.browsers },
      { ...wish.webSocket, shown },
    );
    opened.defer(() => webSocket.close());
    ports[shown === undefined ? "ws" : "wss"] = webSocket.port;
  }
  const all = opened.move();
  return {
    udp,
    ports,
    way(flow) {
      const { serverName } = flow;
      switch (flow.transport) {
        case "udp":
          return { type: "closed", why: "UDP has no connections" };
        case "tcp":
          return { type: "open", connect: () => connectTcp(flow, parts) };
        case "tls":
          // RFC 5922 7.4: a far end that has no name for us can prove to be nobody.
          if (serverName === undefined)
            return { type: "closed", why: "no name that a certificate could prove" };
          return { type: "open", connect: () => connectTls(flow, serverName, secure) };
        case "ws":
        case "wss":
          // RFC 7118 5: the browser opens it, or nobody.
          return { type: "closed", why: "the peer's connection is gone" };
      }
    },
    close: () => all.disposeAsync(),
  };
}

async function bindBoth(
  wanted: number,
  parts: StreamParts,
): Promise<{ readonly udp: Udp; readonly tcp: Listener }> {
  // A port that is free for UDP may be taken for TCP; with port 0 another pair is tried.
  for (let attempt = 1; ; attempt++) {
    const udp = await openUdp({ ...parts, port: wanted });
    try {
      return { udp, tcp: await listenTcp(parts, udp.port) };
    } catch (error) {
      await udp.close();
      if (wanted !== 0 || attempt === 10) throw error;
    }
  }
}
