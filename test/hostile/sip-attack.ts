import type { Socket } from "node:net";
import { seededRandom } from "#base/random.ts";
import { mixedDatagrams, protosDatagrams, strangersRequest } from "./datagrams.ts";
import { closed, dial, Stranger, strangersAddress } from "./stranger.ts";

const sources = 64;
const windowDatagrams = 200;
const windowOctets = 1_000_000;

/**
 * PROTOS, then the mixed datagrams, from 64 addresses in turn. Behind each window of them the trunk's own address asks for
 * OPTIONS and waits for the answer: so no datagram is lost before it was read, and we know that it still answers.
 */
export async function sendDatagrams(wish: {
  readonly port: number;
  readonly protos: boolean;
  readonly mixed: number;
  readonly seed: string;
  readonly liveCallId: string;
}): Promise<{ sent: number; answers: number; optionsAnswered: number }> {
  const strangers = await Promise.all(
    Array.from({ length: sources }, (_, n) => Stranger.open(strangersAddress(0, n))),
  );
  const trunk = await Stranger.open("127.0.0.1");
  const { port, liveCallId } = wish;
  let sent = 0;
  let octetsInWindow = 0;
  let optionsAnswered = 0;
  const send = async (octets: Uint8Array): Promise<void> => {
    strangers[sent % sources]?.send(octets, port);
    sent++;
    octetsInWindow += octets.length;
    if (sent % windowDatagrams !== 0 && octetsInWindow < windowOctets) return;
    octetsInWindow = 0;
    const answer = await trunk.asks(port, { method: "OPTIONS", user: "tandem" });
    if (answer.startsWith("SIP/2.0 200 ")) optionsAnswered++;
  };
  if (wish.protos) for (const octets of protosDatagrams()) await send(octets);
  const random = seededRandom(wish.seed);
  const source = strangers[0]?.source ?? "";
  for (const octets of mixedDatagrams({ count: wish.mixed, random, source, liveCallId })) await send(octets);
  const answers = strangers.reduce((sum, stranger) => sum + stranger.heard, 0);
  for (const stranger of [...strangers, trunk]) stranger.close();
  return { sent, answers, optionsAnswered };
}

/** Every 30th datagram of PROTOS over TCP, each on a connection of its own that is then closed. */
export async function sendStreams(wish: { readonly port: number }): Promise<{ streams: number }> {
  const sample = protosDatagrams().filter((_, at) => at % 30 === 0);
  let n = 0;
  for (const octets of sample) {
    const socket = dial({ from: strangersAddress(1, n++ % 200), port: wish.port });
    const over = closed(socket);
    socket.resume();
    socket.end(octets);
    await over;
  }
  return { streams: n };
}

/** Opens connections that say nothing, or one OPTIONS and then nothing; stays until it is ended. */
export async function holdConnections(wish: {
  readonly port: number;
  readonly count: number;
}): Promise<{ opened: number; kept: number }> {
  const held = Array.from({ length: wish.count }, (_, n) => {
    const from = strangersAddress(2, Math.floor(n / 50));
    const socket = dial({ from, port: wish.port });
    const hello = strangersRequest({
      method: "OPTIONS",
      user: "x",
      source: `${from}:5060`,
      serial: n,
      transport: "TCP",
    });
    if (n % 2 === 0) socket.once("connect", () => socket.write(hello));
    socket.resume();
    return socket;
  });
  await Promise.all(held.map((socket) => Promise.race([connected(socket), closed(socket)])));
  // A connection that is refused is taken by the kernel first, and closed then: the last answer tells that all were looked at.
  const last = await Stranger.open(strangersAddress(2, 249));
  await last.asks(wish.port, { method: "OPTIONS", user: "x" });
  last.close();
  return { opened: wish.count, kept: held.filter((socket) => !socket.destroyed).length };
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("connect", () => resolve());
  });
}
