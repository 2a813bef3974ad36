import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { paramValue } from "#telecom/sip/message/grammar.ts";
import { vias } from "#telecom/sip/message/headers.ts";
import type { SipMessage, SipResponse } from "#telecom/sip/message/message.ts";
import { parse } from "#telecom/sip/message/parse.ts";
import { serialize } from "#telecom/sip/message/serialize.ts";
import { makeAck } from "#telecom/sip/transaction/ack-and-cancel.ts";
import { StreamFramer } from "#telecom/sip/transport/stream-framer.ts";
import { readSubject } from "./rfc4475-meanings.ts";

/** The unit that is spoken to. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

export interface Sending {
  readonly target: Target;
  readonly octets: Buffer;
  /** Nothing is to come back: a sound OPTIONS is sent behind, and its answer must be the first. */
  readonly silent: boolean;
}

/** What came back: the first final response to the message, and whether the stream was closed then. */
export interface Exchange {
  readonly response: SipResponse | undefined;
  readonly closed: boolean;
  /** Whether the probe behind a message that gets no answer got its own. */
  readonly probed: boolean;
}

const patienceMs = 15_000;
const probeBranch = "z9hG4bKprobe";
let probes = 0;

/**
 * Sends from the port that the message's own Via names, since that is where the answer has to go (RFC 3261 18.2.2), on a
 * loopback address that nobody else uses.
 */
export async function sendOverUdp({ target, octets, silent }: Sending): Promise<Exchange> {
  const via = vias(readSubject(octets).message)?.[0];
  const rport = paramValue(via?.params ?? [], "rport") !== undefined;
  const socket = await bindUdp(rport ? 0 : (via?.port ?? 5060), target);
  try {
    const signal = AbortSignal.timeout(patienceMs);
    const sound: SipResponse[] = [];
    socket.on("message", (packet) => keepFinal(sound, packet, "datagram"));
    socket.send(octets, target.port, target.host);
    if (silent) socket.send(probe(`127.0.0.1;rport`, "UDP"), target.port, target.host);
    while (sound.length === 0) await once(socket, "message", { signal });
    const [response] = sound;
    const ack = acknowledge(octets, response);
    if (ack !== undefined) socket.send(ack, target.port, target.host);
    return exchange(response, false);
  } catch (error) {
    if (!isTimeout(error)) throw error;
    return exchange(undefined, false);
  } finally {
    socket.close();
  }
}

export async function sendOverTcp({ target, octets, silent }: Sending): Promise<Exchange> {
  const socket = connect(target.port, target.host);
  // A reset is how some closings look; "close" follows it.
  socket.on("error", () => {});
  const framer = new StreamFramer();
  const sound: SipResponse[] = [];
  let pinged = false;
  const done = new Promise<boolean>((resolve) => {
    const quiet = setTimeout(() => resolve(false), patienceMs);
    socket.on("close", () => {
      clearTimeout(quiet);
      resolve(true);
    });
    socket.on("data", (chunk: Buffer) => {
      for (const frame of framer.push(chunk)) {
        if (frame.type === "message") keepFinal(sound, frame.octets, "stream-framed");
      }
      const [response] = sound;
      if (response === undefined) return;
      if (pinged || isProbe(response)) {
        clearTimeout(quiet);
        return resolve(false);
      }
      const ack = acknowledge(octets, response);
      if (ack !== undefined) socket.write(ack);
      // A unit that means to close does so behind its answer; one that does not answers a ping (RFC 5626 4.4.1).
      socket.write("\r\n\r\n");
      pinged = true;
    });
  });
  socket.write(octets);
  if (silent) socket.write(probe("127.0.0.1", "TCP"));
  const closed = await done;
  socket.destroy();
  const [response] = sound;
  return exchange(response, closed);
}

function exchange(first: SipResponse | undefined, closed: boolean): Exchange {
  const probed = isProbe(first);
  return { response: probed ? undefined : first, closed, probed };
}

function keepFinal(
  responses: SipResponse[],
  octets: Uint8Array,
  framing: "datagram" | "stream-framed",
): void {
  const result = parse(octets, framing);
  if (result.type !== "message" || result.message.type !== "response") return;
  if (result.message.status >= 200) responses.push(result.message);
}

/** Ends the repetitions of a refused INVITE. */
function acknowledge(octets: Buffer, response: SipResponse | undefined): Uint8Array | undefined {
  const { message: invite, verdict } = readSubject(octets);
  if (verdict?.type !== "ok" || invite.type !== "request" || invite.method !== "INVITE") return undefined;
  return response === undefined || response.status < 300 ? undefined : serialize(makeAck(invite, response));
}

function probe(sentBy: string, transport: string): string {
  return [
    "OPTIONS sip:probe@127.0.0.1 SIP/2.0",
    `Via: SIP/2.0/${transport} ${sentBy};branch=${probeBranch}${++probes}`,
    "Max-Forwards: 70",
    "From: <sip:probe@127.0.0.1>;tag=probe",
    "To: <sip:probe@127.0.0.1>",
    `Call-ID: probe${probes}`,
    "CSeq: 1 OPTIONS",
    "Content-Length: 0",
    "\r\n",
  ].join("\r\n");
}

function isProbe(response: SipMessage | undefined): boolean {
  const via = response === undefined ? undefined : vias(response)?.[0];
  return paramValue(via?.params ?? [], "branch")?.startsWith(probeBranch) === true;
}

async function bindUdp(port: number, target: Target): Promise<UdpSocket> {
  const loopback = target.host.startsWith("127.");
  // Two proofs at once get an address each; the whole of 127/8 is this machine.
  for (let attempt = 1; ; attempt++) {
    const socket = createSocket("udp4");
    const address = loopback
      ? `127.${(process.pid % 250) + 1}.${Math.floor(process.pid / 250) % 250}.${attempt}`
      : "0.0.0.0";
    try {
      const bound = once(socket, "listening");
      socket.bind(port, address);
      await bound;
      return socket;
    } catch (error) {
      socket.close();
      if (!loopback || attempt === 250) throw error;
    }
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
