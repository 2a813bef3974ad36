import { randomUUID } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readPcap, type Packet } from "./pcap.ts";
import { startPeer, temporaryFolder } from "./processes.ts";
import { fromALaw, fromMuLaw, type Sound } from "./wav.ts";

/** A SIP message as it was on the wire, read by a parser that is not the product's. */
export interface WireMessage {
  readonly atMs: number;
  readonly transport: "udp" | "tcp";
  readonly from: string;
  readonly to: string;
  readonly startLine: string;
  /** Of a request its method; of a response its status. */
  readonly kind: string;
  readonly body: string;
  readonly text: string;
  /** The first header field of this name, in any spelling of its case. */
  header(name: string): string | undefined;
  headers(name: string): readonly string[];
}

export interface RtpPacket {
  readonly atMs: number;
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly payload: Buffer;
}

/** What one source sent to one port. */
export interface RtpStream {
  readonly from: string;
  readonly to: string;
  readonly ssrc: number;
  readonly packets: readonly RtpPacket[];
}

/** Records loopback from `startCapture` on. Reading stops it: what was sent before is then all in. */
export interface Capture extends AsyncDisposable {
  stop(): Promise<void>;
  sip(): readonly WireMessage[];
  /** Streams between ports that the captured session descriptions name. */
  rtp(): readonly RtpStream[];
  /** All of UDP, whoever sent it and whatever it is. */
  datagrams(): readonly Packet[];
  /** What looks like RTP from or to any of these ports, whoever named them. */
  rtpAt(ports: { readonly first: number; readonly last: number }): readonly RtpStream[];
}

/**
 * `sipPorts`: either end's. `rtpPorts` (`20000-20099`): the platform's; without them all of loopback's UDP is kept, and on a busy
 * machine some of it lost. Needs the right to capture: ask `mayCapture` first and skip.
 */
export async function startCapture(
  sipPorts: readonly number[],
  { rtpPorts }: { readonly rtpPorts?: string } = {},
): Promise<Capture> {
  const folder = temporaryFolder("capture");
  const file = join(folder.path, "loopback.pcap");
  const sign = await openSign();
  const sip = sipPorts.map((port) => `port ${port}`);
  const media = rtpPorts === undefined ? ["udp"] : [`udp portrange ${rtpPorts}`, `udp port ${sign.port}`];
  const peer = await startPeer({
    program: "tcpdump",
    words: [
      "-i",
      "lo",
      "-U",
      "-n",
      // Each packet takes as much of the buffer as the longest may: what is not cut off at 4 kB makes room for 64 packets alone.
      "-s",
      "4096",
      "-B",
      "16384",
      "--immediate-mode",
      "-Z",
      "root",
      "-w",
      file,
      [...media, ...sip].join(" or "),
    ],
  });
  try {
    await peer.line(/listening on lo/);
    // It says so a moment before the first packet is kept: it listens when it has heard.
    await sign.heardBy(file);
  } catch (error) {
    sign.close();
    await peer.stop();
    folder[Symbol.dispose]();
    throw error;
  }
  const ofOurs = (packet: Packet): boolean =>
    sipPorts.some((port) => packet.from.endsWith(`:${port}`) || packet.to.endsWith(`:${port}`));
  return {
    // SIGINT lets tcpdump write out what it holds; what was sent before the last sign is in the file with it.
    async stop() {
      await sign.heardBy(file);
      await peer.stop("SIGINT");
    },
    sip: () => sipMessages(readPcap(file).filter(ofOurs)),
    rtp: () => {
      const packets = readPcap(file);
      const ports = sipMessages(packets.filter(ofOurs)).flatMap((message) =>
        [...message.body.matchAll(/^m=audio (\d+) /gm)].map((media) => `:${media[1]}`),
      );
      return rtpStreams(
        packets.filter(({ from, to }) => ports.some((port) => from.endsWith(port) || to.endsWith(port))),
      );
    },
    datagrams: () => readPcap(file).filter(({ transport }) => transport === "udp"),
    rtpAt: ({ first, last }) => {
      const isThere = (end: string): boolean => {
        const port = Number(end.slice(end.lastIndexOf(":") + 1));
        return port >= first && port <= last;
      };
      return rtpStreams(readPcap(file).filter(({ from, to }) => isThere(from) || isThere(to)));
    },
    async [Symbol.asyncDispose]() {
      sign.close();
      await peer.stop("SIGINT");
      folder[Symbol.dispose]();
    },
  };
}

/** Sends itself datagrams until the capture shows one. */
interface Sign {
  readonly port: number;
  /** Throws after ten seconds. */
  heardBy(file: string): Promise<void>;
  close(): void;
}

async function openSign(): Promise<Sign> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  return {
    port,
    async heardBy(file) {
      const word = `sign ${randomUUID()}`;
      for (let attempt = 0; attempt < 500; attempt++) {
        socket.send(word, port, "127.0.0.1");
        await new Promise((resolve) => setTimeout(resolve, 20));
        if (readFileSync(file, "latin1").includes(word)) return;
      }
      throw new Error("tcpdump keeps nothing of what is sent on loopback");
    },
    close: () => void socket.close(),
  };
}

/** Capturing needs root (or its capability). */
export function mayCapture(): boolean {
  return process.getuid?.() === 0;
}

/** Every SIP message in the packets, in order; TCP segments are put together flow by flow. */
export function sipMessages(packets: readonly Packet[]): WireMessage[] {
  const flows = new Map<string, { next: number; unread: string }>();
  return packets.flatMap((packet) => {
    if (packet.payload.length === 0) return [];
    if (packet.transport === "udp") {
      const message = wireMessage(packet, packet.payload.toString("latin1"));
      return message === undefined ? [] : [message];
    }
    const key = `${packet.from}>${packet.to}`;
    const flow = flows.get(key) ?? { next: packet.sequence, unread: "" };
    flows.set(key, flow);
    // A retransmission brings nothing new; loopback neither loses nor reorders.
    if (packet.sequence !== flow.next) return [];
    flow.next = (packet.sequence + packet.payload.length) >>> 0;
    flow.unread += packet.payload.toString("latin1");
    return takeMessages(packet, flow);
  });
}

function takeMessages(packet: Packet, flow: { unread: string }): WireMessage[] {
  const messages: WireMessage[] = [];
  for (;;) {
    flow.unread = flow.unread.replace(/^(\r\n)+/, "");
    const headEnd = flow.unread.indexOf("\r\n\r\n");
    if (headEnd === -1) return messages;
    const length = Number(
      /^(?:content-length|l)\s*:\s*(\d+)/im.exec(flow.unread.slice(0, headEnd))?.[1] ?? 0,
    );
    const end = headEnd + 4 + length;
    if (flow.unread.length < end) return messages;
    const message = wireMessage(packet, flow.unread.slice(0, end));
    if (message !== undefined) messages.push(message);
    flow.unread = flow.unread.slice(end);
  }
}

function wireMessage(packet: Packet, text: string): WireMessage | undefined {
  const headEnd = text.indexOf("\r\n\r\n");
  const [startLine = "", ...lines] = text
    .slice(0, headEnd === -1 ? text.length : headEnd)
    .replaceAll(/\r\n[ \t]+/g, " ")
    .split("\r\n");
  const response = /^SIP\/2\.0 (\d{3})/.exec(startLine);
  const request = /^([A-Z]+) \S+ SIP\/2\.0$/.exec(startLine);
  const kind = response?.[1] ?? request?.[1];
  if (kind === undefined) return undefined;
  const headers = (name: string): readonly string[] =>
    lines.flatMap((line) => {
      const colon = line.indexOf(":");
      return line.slice(0, colon).trim().toLowerCase() === name.toLowerCase()
        ? [line.slice(colon + 1).trim()]
        : [];
    });
  return {
    atMs: packet.atMs,
    transport: packet.transport,
    from: packet.from,
    to: packet.to,
    startLine,
    kind,
    body: headEnd === -1 ? "" : text.slice(headEnd + 4),
    text,
    header: (name) => headers(name)[0],
    headers,
  };
}

function rtpStreams(packets: readonly Packet[]): RtpStream[] {
  const streams = new Map<string, { from: string; to: string; ssrc: number; packets: RtpPacket[] }>();
  for (const { transport, payload, from, to, atMs } of packets) {
    // RFC 3550 5.1; RTCP (RFC 5761: types 64 to 95 without the marker) is none.
    if (transport !== "udp" || payload.length < 12 || payload.readUInt8(0) >> 6 !== 2) continue;
    const payloadType = payload.readUInt8(1) & 127;
    if (payloadType >= 64 && payloadType <= 95) continue;
    const ssrc = payload.readUInt32BE(8);
    const key = `${from} ${to} ${ssrc}`;
    const stream = streams.get(key) ?? { from, to, ssrc, packets: [] };
    streams.set(key, stream);
    stream.packets.push({
      atMs,
      payloadType,
      marker: payload.readUInt8(1) >= 128,
      sequence: payload.readUInt16BE(2),
      timestamp: payload.readUInt32BE(4),
      payload: payload.subarray(12 + (payload.readUInt8(0) & 15) * 4),
    });
  }
  return [...streams.values()];
}

/** Digits sent as telephone-events: RFC 4733 2.5.1.4, all packets of one press bear one timestamp. */
export function telephoneEvents(stream: RtpStream, payloadType: number): string {
  const keys = "0123456789*#ABCD";
  const presses = new Map<number, string>();
  for (const packet of stream.packets) {
    if (packet.payloadType !== payloadType || packet.payload.length < 4) continue;
    presses.set(packet.timestamp, keys[packet.payload.readUInt8(0)] ?? "?");
  }
  return [...presses.values()].join("");
}

/** The payload type that a session description gives to telephone-events. */
export function telephoneEventType(sdp: string): number | undefined {
  const type = /^a=rtpmap:(\d+) telephone-event\/8000/m.exec(sdp)?.[1];
  return type === undefined ? undefined : Number(type);
}

/** A stream's G.711 as sound, each packet where its timestamp puts it. It begins at `stream.packets[0].atMs`. */
export function soundOf(stream: RtpStream): Sound {
  const spoken = stream.packets.filter(({ payloadType }) => payloadType === 0 || payloadType === 8);
  const first = spoken[0];
  if (first === undefined) return { sampleRate: 8000, samples: new Float64Array(0) };
  const offset = (packet: RtpPacket): number => (packet.timestamp - first.timestamp) | 0;
  const length = Math.max(...spoken.map((packet) => offset(packet) + packet.payload.length));
  const samples = new Float64Array(length);
  for (const packet of spoken) {
    if (offset(packet) < 0) continue;
    const decode = packet.payloadType === 0 ? fromMuLaw : fromALaw;
    packet.payload.forEach((octet, at) => {
      samples[offset(packet) + at] = decode(octet);
    });
  }
  return { sampleRate: 8000, samples };
}
