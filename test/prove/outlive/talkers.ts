/** Pairs of telephones' audio: each sends a frame of its own every 20 ms, and measures how long it hears none of the other's. */
import { createSocket, type Socket } from "node:dgram";
import { systemClock } from "#base/clock.ts";
import type { FromTalkers, Heard, ToTalkers } from "./talkers-process.ts";

interface Talker {
  readonly socket: Socket;
  readonly port: number;
  readonly packet: Buffer;
  /** Where it speaks to; nowhere as long as it waits to hear somebody. */
  to: number | undefined;
  heardAtMs: number;
  longestMs: number;
  frames: number;
  backwards: number;
  sequence: number | undefined;
  sources: Set<number>;
}

const address = "127.0.0.1";
const frameMs = 20;
const headerLength = 12;
/** What a frame of a telephone's is full of. The platform's own silence is 0xff. */
const voice = 0x55;

const talkers: Talker[] = [];
for (let port = 40_000; talkers.length < Number(process.argv[2]) * 2; port += 2) {
  const talker = await opened(port);
  if (talker !== undefined) talkers.push(talker);
  else if (port > 65_000) throw new Error("There are not enough free ports.");
}

process.on("message", (message: ToTalkers) => {
  switch (message.type) {
    case "speak":
      return speak(message.to);
    case "begin":
      for (const talker of talkers) beginAnew(talker);
      return tell({ type: "begun" });
    case "tell":
      return tell({ type: "told", heard: talkers.map(heardOf) });
  }
});
tell({ type: "bound", ports: pairs().map(([user, center]) => [user.port, center.port]) });

/** Undefined when somebody has this port. */
async function opened(port: number): Promise<Talker | undefined> {
  const packet = Buffer.alloc(172, voice);
  packet.writeUInt16BE(0x8000, 0);
  packet.writeUInt32BE(0x2000_0000 + port, 8);
  const socket = createSocket({ type: "udp4", recvBufferSize: 1 << 20 });
  const talker: Talker = {
    ...{ socket, port, packet, to: undefined, heardAtMs: 0, longestMs: 0, frames: 0, backwards: 0 },
    ...{ sequence: undefined, sources: new Set() },
  };
  socket.on("message", (heard, from) => hear(talker, heard, from.port));
  return await new Promise((resolve) => {
    socket.once("error", () => {
      socket.close();
      resolve(undefined);
    });
    socket.bind(port, address, () => resolve(talker));
  });
}

function pairs(): (readonly [Talker, Talker])[] {
  const count = talkers.length / 2;
  return Array.from({ length: count }, (_, n) => [talkers[n * 2], talkers[n * 2 + 1]] as [Talker, Talker]);
}

function speak(to: Extract<ToTalkers, { type: "speak" }>["to"]): void {
  if (to !== "to whom they hear")
    for (const [n, [user, center]] of pairs().entries()) [user.to, center.to] = to[n] ?? [];
  // A twentieth of them speaks each millisecond, by absolute time: no bursts that no real traffic has.
  let slot = systemClock.now();
  const next = (): void => {
    const nowMs = systemClock.now();
    for (; slot <= nowMs; slot += 1)
      for (let n = slot % frameMs; n < talkers.length; n += frameMs) say(talkers[n]);
    systemClock.at(slot, next);
  };
  next();
}

function say(talker: Talker | undefined): void {
  if (talker?.to === undefined) return;
  const { packet } = talker;
  packet.writeUInt16BE((packet.readUInt16BE(2) + 1) & 0xffff, 2);
  packet.writeUInt32BE((packet.readUInt32BE(4) + 160) >>> 0, 4);
  // Nobody at that port for a while: that is what is measured.
  talker.socket.send(packet, talker.to, address, () => {});
}

function hear(talker: Talker, packet: Buffer, from: number): void {
  talker.to ??= from;
  if (packet.length < 172) return;
  const sequence = packet.readUInt16BE(2);
  talker.sources.add(packet.readUInt32BE(8));
  const ahead = ((sequence - (talker.sequence ?? sequence)) << 16) >> 16;
  if (ahead < 0) talker.backwards += 1;
  else talker.sequence = sequence;
  if (packet[headerLength] !== voice) return;
  const nowMs = performance.now();
  talker.longestMs = Math.max(talker.longestMs, nowMs - talker.heardAtMs);
  talker.heardAtMs = nowMs;
  talker.frames += 1;
}

function beginAnew(talker: Talker): void {
  talker.heardAtMs = performance.now();
  talker.longestMs = 0;
  talker.frames = 0;
  talker.backwards = 0;
  talker.sources = new Set();
}

function heardOf({ heardAtMs, longestMs, frames, backwards, sources }: Talker): Heard {
  const gapMs = frames === 0 ? Infinity : Math.max(longestMs, performance.now() - heardAtMs);
  return { gapMs, frames, sources: sources.size, backwards };
}

function tell(message: FromTalkers): void {
  process.send?.(message);
}
