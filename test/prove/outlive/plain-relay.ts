/** The floor: passes on what comes in at one socket by the other, and nothing else. `RELAY_PORTS` is a row of [ours, ours, phone, phone]. */
import { createSocket, type Socket } from "node:dgram";

type Ports = readonly [number, number, number, number];
for (const [first, second, user, center] of JSON.parse(process.env["RELAY_PORTS"] ?? "[]") as Ports[]) {
  const [near, far] = await Promise.all([bound(first), bound(second)]);
  near.on("message", (packet) => far.send(packet, center, "127.0.0.1", () => {}));
  far.on("message", (packet) => near.send(packet, user, "127.0.0.1", () => {}));
}
console.log("relays");

async function bound(port: number): Promise<Socket> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(port, "127.0.0.1", resolve));
  return socket;
}
