import type { Socket } from "node:net";
import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import type { Flow } from "../message/message.ts";
import type { Framing } from "../message/parse.ts";
import type { ConnectionLimits } from "./connection-limits.ts";
import type { Connection } from "./connections.ts";
import { Deadline } from "./deadline.ts";
import { StreamFramer } from "./stream-framer.ts";

/** What every connection needs of the transport. */
export interface ConnectionParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: ConnectionLimits;
  receive(flow: Flow, octets: Uint8Array, framing: Framing): void;
}

/**
 * The kernel asks a silent peer whether it lives, from half a minute on: a trunk that went without a word is found out while
 * its calls last, and a NAT on the way keeps its binding.
 */
export const keepAlive = { keepAlive: true, keepAliveInitialDelay: 30_000 } as const;

/** A stream (TCP, or TLS over it) that a peer has opened, and that stands. It must bring a message in time. */
export function acceptStream(socket: Socket, flow: Flow, parts: ConnectionParts): Connection {
  return serve(socket, flow, parts, undefined);
}

/** A stream that we open; what is sent before it stands goes out when it does, which this event of the socket's tells. */
export function openStream(
  socket: Socket,
  flow: Flow,
  parts: ConnectionParts,
  stands: "connect" | "secureConnect",
): Connection {
  return serve(socket, flow, parts, stands);
}

function serve(
  socket: Socket,
  flow: Flow,
  parts: ConnectionParts,
  standsAt: "connect" | "secureConnect" | undefined,
): Connection {
  const { clock, limits, log } = parts;
  const { transport } = flow;
  const framer = new StreamFramer();
  let stands = standsAt === undefined;
  const deadline = new Deadline(clock, () => {
    log.debug({ from: flow.remoteAddress, transport }, "A SIP connection was slow or idle.");
    socket.destroy();
  });
  deadline.set(stands ? limits.messageMs : limits.connectMs);

  if (standsAt !== undefined) {
    // Nothing leaves before we have seen whose certificate it is.
    socket.cork();
    socket.on(standsAt, () => {
      stands = true;
      socket.uncork();
      deadline.set(limits.idleMs);
    });
  }
  const end = (): void => {
    if (!stands) return void socket.destroy();
    socket.end();
    // A peer that does not close its side in turn is not waited for.
    deadline.set(limits.connectMs);
  };
  socket.on("data", (chunk: Buffer) => {
    if (socket.writableEnded) return;
    const wasMidMessage = framer.midMessage;
    let frames = 0;
    let pinged = false;
    for (const frame of framer.push(chunk)) {
      frames++;
      switch (frame.type) {
        case "ping":
          pinged = true;
          break;
        case "message":
          parts.receive(flow, frame.octets, "stream-framed");
          break;
        case "unframeable":
          parts.receive(flow, frame.octets, "stream-framed");
          end();
          break;
      }
      if (socket.destroyed || socket.writableEnded) return;
    }
    // RFC 5626 4.4.1: the pong is one empty line, and one says that we live as well as many do. Each write costs us far more
    // than its two octets, so a peer that does not read what it was sent is sent none.
    if (pinged && socket.writableLength === 0) socket.write("\r\n");
    // The deadline of a message that has begun is not moved by its further pieces: a slow sender is cut.
    if (!framer.midMessage) deadline.set(limits.idleMs);
    else if (!wasMidMessage || frames > 0) deadline.set(limits.messageMs);
    if (socket.writableLength > limits.unreadOctets) socket.destroy();
  });
  // A peer that has closed its side gets what we still had to say; Node then closes ours (allowHalfOpen is off).
  socket.on("error", (error) => {
    const told = { to: flow.remoteAddress, transport, error: error.message };
    // What is wrong with a trunk's certificate, or with ours, is for the operator to know.
    if (standsAt === "secureConnect" && !stands) log.warn(told, "A TLS connection could not be opened.");
    else log.debug(told, "A SIP connection failed.");
  });
  socket.on("close", () => deadline.clear());

  return {
    flow,
    get isOpen() {
      return !socket.destroyed && !socket.writableEnded;
    },
    send: (octets) =>
      new Promise((resolve) => {
        if (socket.destroyed || socket.writableEnded)
          return resolve({ type: "failed", why: "connection closed" });
        if (socket.writableLength + octets.length > limits.unreadOctets) {
          socket.destroy();
          return resolve({ type: "failed", why: "peer reads too slowly" });
        }
        // Who was asked has as long to answer as one who spoke last; a message half come, or a connection half open, has not.
        if (stands && !framer.midMessage) deadline.set(limits.idleMs);
        socket.write(octets, (error) => {
          resolve(
            error === null || error === undefined ? { type: "sent" } : { type: "failed", why: error.message },
          );
        });
      }),
    // A stream may be idle for as long as a telephone's may, whoever opened it: keep-alives are asked of its peer.
    vouch: () => {},
    end,
    destroy: () => void socket.destroy(),
    onClosed: (listener) => void socket.on("close", listener),
  };
}
