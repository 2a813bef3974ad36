import { isUtf8 } from "node:buffer";
import { WebSocket } from "ws";
import type { Cancel } from "#base/clock.ts";
import type { Flow } from "../message/message.ts";
import type { Connection } from "./connections.ts";
import { Deadline } from "./deadline.ts";
import type { ConnectionParts } from "./stream-connection.ts";

/** RFC 6455 7.4.1 */
const closeStatus = { goingAway: 1001, policy: 1008 } as const;

/**
 * RFC 7118: a WebSocket that a browser has opened, one SIP message a frame, as text or as octets. A stranger's must bring a message in
 * time, and messages again and again; once its peer is no stranger it is pinged, and lives while that is answered.
 */
export function serveWebSocket(socket: WebSocket, flow: Flow, parts: ConnectionParts): Connection {
  const { clock, limits, log } = parts;
  let isVouchedFor = false;
  let stopPinging: Cancel = () => {};

  const end = (status: number): void => {
    if (socket.readyState !== WebSocket.OPEN) return socket.terminate();
    socket.close(status);
    // A peer that does not say goodbye in turn is not waited for.
    deadline.set(limits.connectMs);
  };
  const deadline = new Deadline(clock, () => {
    log.debug({ from: flow.remoteAddress, transport: flow.transport }, "A WebSocket was idle.");
    end(isVouchedFor ? closeStatus.goingAway : closeStatus.policy);
  });
  deadline.set(limits.messageMs);

  /** A sign of life: of one of ours any, of a stranger a message. */
  const alive = (sign: "message" | "keep-alive"): void => {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (isVouchedFor) deadline.set(2 * limits.pingMs);
    else if (sign === "message") deadline.set(limits.strangerMs);
  };

  const ping = (): void => {
    stopPinging = clock.at(clock.now() + limits.pingMs, () => {
      if (socket.readyState !== WebSocket.OPEN) return;
      if (socket.bufferedAmount === 0) socket.ping();
      ping();
    });
  };

  // RFC 6455 5.5.3: of many pings that came at once the latest is answered, and none while its sender does not read. Each write costs
  // us far more than it costs to ask for one.
  let answer: (() => void) | undefined;
  const answerLatest = (latest: () => void): void => {
    const isUnderWay = answer !== undefined;
    answer = latest;
    if (isUnderWay) return;
    queueMicrotask(() => {
      if (socket.readyState === WebSocket.OPEN && socket.bufferedAmount === 0) answer?.();
      answer = undefined;
    });
  };

  socket.on("message", (data) => {
    if (socket.readyState !== WebSocket.OPEN || !(data instanceof Uint8Array)) return;
    const keepAlive = emptyLines(data);
    alive(keepAlive === 0 ? "message" : "keep-alive");
    // A copy: what is read may be kept, and must not keep the chunk that it came in.
    if (keepAlive === 0) parts.receive(flow, Uint8Array.from(data), "datagram");
    // RFC 5626 4.4.1
    else if (keepAlive === 2) answerLatest(() => socket.send("\r\n", noFailure));
  });
  socket.on("ping", (data) => {
    alive("keep-alive");
    answerLatest(() => socket.pong(data, false, noFailure));
  });
  socket.on("pong", () => alive("keep-alive"));
  // RFC 6455 7.1.7: who breaks the protocol has been told so by a close frame.
  socket.on("error", (error) =>
    log.debug({ from: flow.remoteAddress, error: error.message }, "A WebSocket failed."),
  );
  socket.on("close", () => {
    deadline.clear();
    stopPinging();
  });

  return {
    flow,
    get isOpen() {
      return socket.readyState === WebSocket.OPEN;
    },
    send: (octets) =>
      new Promise((resolve) => {
        if (socket.readyState !== WebSocket.OPEN)
          return resolve({ type: "failed", why: "connection closed" });
        if (socket.bufferedAmount + octets.length > limits.unreadOctets) {
          socket.terminate();
          return resolve({ type: "failed", why: "peer reads too slowly" });
        }
        // RFC 6455 5.6: text is UTF-8, or the browser fails the connection.
        socket.send(octets, { binary: !isUtf8(octets) }, (error) => {
          resolve(
            error === null || error === undefined ? { type: "sent" } : { type: "failed", why: error.message },
          );
        });
      }),
    vouch() {
      if (isVouchedFor) return;
      isVouchedFor = true;
      alive("keep-alive");
      ping();
    },
    end: () => end(closeStatus.goingAway),
    destroy: () => socket.terminate(),
    onClosed: (listener) => void socket.on("close", listener),
  };
}

/** What cannot be sent is told by "close". */
const noFailure = (): void => {};

/** How many empty lines the data is and nothing else: two ask for a sign of life, one gives it; 0 for anything else. */
function emptyLines(data: Uint8Array): 0 | 1 | 2 {
  if (data.length !== 2 && data.length !== 4) return 0;
  const isEmpty = data.every((octet, at) => octet === (at % 2 === 0 ? 0x0d : 0x0a));
  return !isEmpty ? 0 : data.length === 2 ? 1 : 2;
}
