/**
 * The phones of the bridge bench: `calls` pairs of them, and some that speak to each other with nobody between them. Each sends a frame of 20 ms every 20 ms and reads what it hears. They have
 * sockets of Node's own, which wake as soon as something has come: what reads in runs would measure its own runs.
 */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { systemClock } from "#base/clock.ts";
import { SecureEnd } from "../../src/telecom/media/secure-end.ts";
import { phonesKey } from "./phones-key.ts";
import type { FromBench, PortsOfCall, ToBench } from "./phones-process.ts";
import { WayTally } from "./way-tally.ts";

interface Phone {
  readonly packet: Buffer;
  readonly socket: Socket;
  readonly port: number;
  readonly way: WayTally;
  /** Where it speaks to; nowhere as long as it waits to hear somebody. */
  to: number | undefined;
  /** Of one that speaks SRTP. */
  secured: SecureEnd | undefined;
}

const address = "127.0.0.1";
const frameMs = 20;
const warmUpMs = 2_000;
const headerLength = 12;
const packetLength = 172;
const [calls = 0, direct = 0] = process.argv.slice(2).map(Number);

let measuring = 0;
const relayedWay = new WayTally();
const directWay = new WayTally();

const phones: Phone[] = [];
for (let port = 40_000; phones.length < (calls + direct) * 2; port += 2) {
  const phone = await openPhone(port);
  if (phone !== undefined) phones.push(phone);
  else if (port > 65_000) throw new Error("There are not enough free ports.");
}

process.on("message", (message: FromBench) => {
  if (message.type === "speak") speak(message.to, message.keys);
  else measure(message.seconds);
});
tell({ type: "bound", ports: pairs("relayed").map(([first, second]) => [first.port, second.port]) });

/** Undefined when somebody has this port. */
async function openPhone(port: number): Promise<Phone | undefined> {
  const packet = Buffer.alloc(packetLength, 0x55);
  packet.writeUInt16BE(0x8000, 0);
  packet.writeUInt32BE(0x1000_0000 + phones.length, 8);
  const socket = createSocket({ type: "udp4", recvBufferSize: 1 << 20 });
  const way = phones.length < calls * 2 ? relayedWay : directWay;
  const phone: Phone = { packet, socket, port, way, to: undefined, secured: undefined };
  socket.on("message", (heard, from) => hear(phone, heard, from));
  return await new Promise((resolve) => {
    socket.once("error", () => {
      socket.close();
      resolve(undefined);
    });
    socket.bind(port, address, () => resolve(phone));
  });
}

function pairs(of: "relayed" | "direct"): (readonly [Phone, Phone])[] {
  const [first, count] = of === "relayed" ? [0, calls] : [calls, direct];
  return Array.from(
    { length: count },
    (_, n) => [phones[(first + n) * 2], phones[(first + n) * 2 + 1]] as [Phone, Phone],
  );
}

function speak(to: readonly PortsOfCall[] | "to whom they hear", keys: readonly string[]): void {
  for (const [call, [, second]] of pairs("relayed").entries()) {
    const key = keys[call];
    if (key === undefined) continue;
    const theirs = { tag: 1, suite: phonesKey.suite, material: Buffer.from(key, "base64") };
    second.secured = new SecureEnd();
    second.secured.agreed({ ours: { tag: 1, ...phonesKey }, theirs });
  }
  if (to !== "to whom they hear") {
    for (const [call, [first, second]] of pairs("relayed").entries()) [first.to, second.to] = to[call] ?? [];
  }
  for (const [first, second] of pairs("direct")) [first.to, second.to] = [second.port, first.port];
  // A twentieth of the phones speaks each millisecond, by absolute time: no bursts that no real traffic has.
  let slot = systemClock.now();
  const next = (): void => {
    const now = systemClock.now();
    for (; slot <= now; slot += 1) {
      for (let n = slot % frameMs; n < phones.length; n += frameMs) say(phones[n]);
    }
    systemClock.at(slot, next);
  };
  next();
}

function say(phone: Phone | undefined): void {
  if (phone?.to === undefined) return;
  const { packet } = phone;
  packet.writeUInt16BE((packet.readUInt16BE(2) + 1) & 0xffff, 2);
  packet.writeUInt32BE((packet.readUInt32BE(4) + 160) >>> 0, 4);
  packet.writeDoubleBE(performance.now(), headerLength);
  packet.writeUInt8(measuring, headerLength + 8);
  if (measuring === 1) phone.way.sent += 1;
  // A frame that the kernel does not take is one that does not arrive, and counts as lost.
  const { secured } = phone;
  if (secured === undefined) return phone.socket.send(packet, phone.to, address, () => {});
  const length = secured.protectRtp(packet, { start: 0, end: packetLength });
  phone.socket.send(secured.protected, 0, length, phone.to, address, () => {});
}

function hear(phone: Phone, packet: Buffer, from: RemoteInfo): void {
  phone.to ??= from.port;
  // What the platform says by itself, before the bridge, holds no time.
  const length = phone.secured?.openRtp(packet, packet.length) ?? packet.length;
  if (length !== packetLength || packet[headerLength + 8] !== 1) return;
  phone.way.heard(performance.now() - packet.readDoubleBE(headerLength));
}

/** After a while of speech, so that everything is at its pace. */
function measure(seconds: number): void {
  systemClock.at(systemClock.now() + warmUpMs, () => {
    const beganMs = performance.now();
    measuring = 1;
    tell({ type: "begun" });
    systemClock.at(systemClock.now() + seconds * 1_000, () => {
      measuring = 2;
      const tookSeconds = (performance.now() - beganMs) / 1_000;
      tell({ type: "over" });
      // What is on its way gets half a second to arrive.
      systemClock.at(systemClock.now() + 500, () => {
        const figures = { seconds: tookSeconds, ...relayedWay.figures(), direct: directWay.figures() };
        tell({ type: "figures", figures });
      });
    });
  });
}

function tell(message: ToBench): void {
  process.send?.(message);
}
