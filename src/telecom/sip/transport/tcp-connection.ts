import { connect, type Socket } from "node:net";
import ipaddr from "ipaddr.js";
import type { Cancel, Clock } from "#base/clock.ts";
import type { Flow } from "../message/message.ts";
import { StreamFramer } from "./stream-framer.ts";
import type { TcpOptions } from "./tcp.ts";
import type { SendOutcome } from "./transport.ts";

/** One TCP connection, whoever opened it. */
export interface Connection {
  readonly flow: Flow;
  /** False once either side has begun to close it: what is said then takes another connection. */
  readonly isOpen: boolean;
  send(octets: Uint8Array): Promise<SendOutcome>;
  /** Closes once what was written has gone out. */
  end(): void;
  destroy(): void;
  onClosed(listener: () => void): void;
}

/**
 * The kernel asks a silent peer whether it lives, from half a minute on: a trunk that went without a word is found out while
 * its calls last, and a NAT on the way keeps its binding.
 */
export const keepAlive = { keepAlive: true, keepAliveInitialDelay: 30_000 } as const;

/** A connection that a peer has opened. It must bring a message in time. */
export function acceptConnection(socket: Socket, flow: Flow, options: TcpOptions): Connection {
  return serve(socket, flow, options, options.limits.messageMs);
}

/** A connection that we open; what is sent before it stands goes out when it does. */
export function openConnection(flow: Flow, options: TcpOptions): Connection {
  const { address, limits } = options;
  const wildcard = ipaddr.process(address).range() === "unspecified";
  const socket = connect({
    host: flow.remoteAddress,
    port: flow.remotePort,
    noDelay: true,
    ...keepAlive,
    ...(wildcard ? {} : { localAddress: address }),
  });
  return serve(socket, flow, options, limits.connectMs);
}

function serve(socket: Socket, flow: Flow, options: TcpOptions, firstMs: number): Connection {
  const { clock, limits, log } = options;
  const framer = new StreamFramer();
  const deadline = new Deadline(clock, () => {
    log.debug({ from: flow.remoteAddress }, "A TCP connection was slow or idle.");
    socket.destroy();
  });
  deadline.set(firstMs);

  socket.on("connect", () => deadline.set(limits.idleMs));
  const end = (): void => {
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
          options.receive(flow, frame.octets, "stream-framed");
          break;
        case "unframeable":
          options.receive(flow, frame.octets, "stream-framed");
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
  socket.on("error", (error) =>
    log.debug({ to: flow.remoteAddress, error: error.message }, "A TCP connection failed."),
  );
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
        if (!socket.connecting && !framer.midMessage) deadline.set(limits.idleMs);
        socket.write(octets, (error) => {
          resolve(
            error === null || error === undefined ? { type: "sent" } : { type: "failed", why: error.message },
          );
        });
      }),
    end,
    destroy: () => void socket.destroy(),
    onClosed: (listener) => void socket.on("close", listener),
  };
}

/** One moment by which something must have happened; setting it again moves it. */
class Deadline {
  readonly #clock: Clock;
  readonly #passed: () => void;
  #atMs = 0;
  #cancel: Cancel | undefined;

  constructor(clock: Clock, passed: () => void) {
    this.#clock = clock;
    this.#passed = passed;
  }

  set(inMs: number): void {
    const atMs = this.#clock.now() + inMs;
    const sooner = this.#cancel !== undefined && atMs < this.#atMs;
    this.#atMs = atMs;
    // A later deadline leaves the timer alone: it looks again when it fires, so a busy connection arms few timers.
    if (sooner) this.clear();
    if (this.#cancel === undefined) this.#arm();
  }

  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #arm(): void {
    this.#cancel = this.#clock.at(this.#atMs, () => {
      this.#cancel = undefined;
      if (this.#clock.now() < this.#atMs) this.#arm();
      else this.#passed();
    });
  }
}
