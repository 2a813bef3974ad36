/** The floor in Node: what comes in at one socket goes out at the other, untouched and unchecked. */
import { createSocket, type Socket } from "node:dgram";
import { readPhones } from "./relay-ports.ts";

console.log("plain relay in Node");
for (const [first, second] of await readPhones()) {
  const ends = [await connected(first), await connected(second)] as const;
  ends[0].on("message", (packet) => ends[1].send(packet, ignore));
  ends[1].on("message", (packet) => ends[0].send(packet, ignore));
  console.log(ends.map((socket) => socket.address().port).join(" "));
}

async function connected(port: number): Promise<Socket> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => socket.connect(port, "127.0.0.1", resolve));
  return socket;
}

function ignore(): void {}
