import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { makeResponse } from "../message/build.ts";
import type { Flow, SipMessage, SipRequest } from "../message/message.ts";
import { parse } from "../message/parse.ts";
import type { ConnectionId } from "./connections.ts";
import { openTransport, type Refusal, type TransportOptions } from "./transport.ts";

/** For tests: the text of a stranger's OPTIONS. */
export const options = (via: string, more = ""): string =>
  `OPTIONS sip:unit@127.0.0.1 SIP/2.0\r\nVia: ${via}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n` +
  `Call-ID: x\r\nCSeq: 1 OPTIONS\r\n${more}Content-Length: 0\r\n\r\n`;

/** For tests: the same, read. */
export function optionsRequest(via: string): SipRequest {
  const parsed = parse(Buffer.from(options(via)), "datagram");
  assert.ok(parsed.type === "message" && parsed.message.type === "request");
  return parsed.message;
}

/** For tests: a transport whose messages and refusals can be awaited; requests are answered 200. */
export async function openUnit(t: TestContext, more: Partial<TransportOptions> = {}) {
  const seen: { flow: Flow; message: SipMessage }[] = [];
  const refusals: Refusal[] = [];
  const closed: { flow: Flow; connection: ConnectionId }[] = [];
  const waiting: (() => void)[] = [];
  const wake = (): void => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  const unit = await openTransport({
    address: "127.0.0.1",
    port: 0,
    clock: systemClock,
    log: silentLog,
    onMessage(flow, message) {
      seen.push({ flow, message });
      wake();
      if (message.type === "request") void unit.send(flow, makeResponse(message, 200));
    },
    onRefused(flow, refusal) {
      refusals.push(refusal);
      wake();
      void unit.send(flow, makeResponse(refusal.request, refusal.status));
    },
    onClosed(flow, connection) {
      closed.push({ flow, connection });
      wake();
    },
    ...more,
  });
  t.after(() => unit.close());
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return { unit, seen, refusals, closed, until };
}

/** For tests: a bare TCP peer, and what it has read so far. */
export async function dial(t: TestContext, port: number) {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  return reader(t, socket);
}

/** For tests: a stream's peer, and what it has read so far. */
export function reader(t: TestContext, socket: Socket) {
  t.after(() => socket.destroy());
  socket.on("error", () => {});
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString();
  });
  const reads = async (done: (text: string) => boolean): Promise<string> => {
    while (!done(text)) await once(socket, "data");
    return text;
  };
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
  });
  return { socket, reads, closed };
}
