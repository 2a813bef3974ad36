/** The phones of the bridge bench: `calls` pairs of them, each sends a frame of 20 ms every 20 ms and reads its partner's. */
import { systemClock } from "#base/clock.ts";
import { chooseSockets } from "../src/telecom/media/choose-sockets.ts";
import type { RtpSocket } from "../src/telecom/media/rtp-sockets.ts";

/** UDP ports of a call's two ends. */
export type PortsOfCall = readonly [number, number];

export interface LoadFigures {
  readonly seconds: number;
  readonly lossPercent: number;
  readonly jitterP99Ms: number;
}

type FromBench =
  | { readonly type: "start"; readonly ports: readonly PortsOfCall[] }
  | { readonly type: "measure"; readonly seconds: number };

interface Phone {
  readonly packet: Buffer;
  socket: RtpSocket | undefined;
  to: { address: string; port: number };
}

const address = "127.0.0.1";
const frameMs = 20;
const warmUpMs = 2_000;
const headerLength = 12;
const calls = Number(process.argv[2]);

const { sockets } = await chooseSockets("auto", systemClock);
let measuring = 0;
let sent = 0;
let received = 0;
let least = Number.POSITIVE_INFINITY;
// Delays by 10 us, up to 2 s.
const delays = new Uint32Array(200_000);

const phones: Phone[] = [];
const firstPort = 40_000;
for (let port = firstPort; phones.length < calls * 2; port += 2) {
  const phone: Phone = { packet: Buffer.alloc(172, 0x55), socket: undefined, to: { address, port: 0 } };
  try {
    phone.socket = await sockets.bind({ address, port, receive: hear });
  } catch {
    // Somebody has this port: the next one. Beyond the last one, bind throws for another reason and so do we.
    if (port > 65_000) throw new Error("There are not enough free ports.");
    continue;
  }
  phone.packet.writeUInt16BE(0x8000, 0);
  phone.packet.writeUInt32BE(0x1000_0000 + phones.length, 8);
  phones.push(phone);
}

process.on("message", (message: FromBench) => {
  if (message.type === "start") start(message.ports);
  else measure(message.seconds);
});
tell({ type: "bound", phones: pairs().map(([first, second]) => [first.socket?.port, second.socket?.port]) });

function pairs(): (readonly [Phone, Phone])[] {
  return Array.from(
    { length: calls },
    (_, call) => [phones[call * 2], phones[call * 2 + 1]] as [Phone, Phone],
  );
}

function start(ports: readonly PortsOfCall[]): void {
  for (const [call, [first, second]] of pairs().entries()) {
    const [toFirst, toSecond] = ports[call] ?? [0, 0];
    first.to = { address, port: toFirst };
    second.to = { address, port: toSecond };
  }
  // A twentieth of the phones speaks each millisecond, by absolute time: no bursts that no real traffic has.
  let slot = systemClock.now();
  const speak = (): void => {
    const now = systemClock.now();
    for (; slot <= now; slot += 1) {
      for (let n = slot % frameMs; n < phones.length; n += frameMs) say(phones[n]);
    }
    systemClock.at(slot, speak);
  };
  speak();
  systemClock.at(systemClock.now() + warmUpMs, () => tell({ type: "warm" }));
}

function say(phone: Phone | undefined): void {
  if (phone === undefined) return;
  const { packet } = phone;
  packet.writeUInt16BE((packet.readUInt16BE(2) + 1) & 0xffff, 2);
  packet.writeUInt32BE((packet.readUInt32BE(4) + 160) >>> 0, 4);
  packet.writeDoubleBE(performance.now(), headerLength);
  packet.writeUInt8(measuring, headerLength + 8);
  if (measuring === 1) sent += 1;
  phone.socket?.send(packet, { start: 0, end: packet.length }, phone.to);
}

function hear(packet: Buffer, length: number): void {
  // Silence that the engine sends of its own, before a bridge stands, holds no time.
  if (length !== 172 || packet[headerLength + 8] !== 1) return;
  const delay = performance.now() - packet.readDoubleBE(headerLength);
  received += 1;
  least = Math.min(least, delay);
  const place = Math.min(delays.length - 1, Math.max(0, Math.floor(delay * 100)));
  delays[place] = (delays[place] ?? 0) + 1;
}

function measure(seconds: number): void {
  const beganMs = systemClock.now();
  measuring = 1;
  systemClock.at(beganMs + seconds * 1_000, () => {
    measuring = 2;
    const endedMs = systemClock.now();
    // What is on its way gets half a second to arrive.
    systemClock.at(endedMs + 500, () => {
      tell({
        type: "figures",
        seconds: (endedMs - beganMs) / 1_000,
        lossPercent: ((sent - received) / sent) * 100,
        jitterP99Ms: percentile(0.99) - least,
      });
    });
  });
}

function percentile(share: number): number {
  let left = received * share;
  for (const [place, count] of delays.entries()) {
    left -= count;
    if (left <= 0) return place / 100;
  }
  return Number.NaN;
}

function tell(message: object): void {
  process.send?.(message);
}
