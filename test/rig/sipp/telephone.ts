import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type LossRelay, openLossRelay } from "../loss-relay.ts";
import { freePort } from "../ports.ts";
import { type Sipp, type SippOptions, startSipp } from "../sipp.ts";
import type { WireMessage } from "../capture.ts";
import { farEnd } from "./far-end.ts";
import type { Act } from "./telephone-acts.ts";
import { tracedMessages } from "./traced-messages.ts";

/** One telephone for one call, played by sipp, which nobody here wrote. */
export interface Telephone extends AsyncDisposable {
  /** Gives the word to what `waits`. */
  cue(): Promise<void>;
  /** Resolves when a request of that method has come to it. */
  isReached(method: string): Promise<void>;
  /** Asserts that it did all that it had to, and that nothing came that it did not expect. */
  isDone(): Promise<void>;
  /** What reached it and what it sent, in order. */
  messages(): readonly WireMessage[];
  /** What the wire lost on the way, when it loses: `INVITE`, `200 INVITE` for its answer. */
  lost(): readonly string[];
}

const patienceMs = 20_000;

export async function startTelephone(wish: {
  readonly port: number;
  readonly acts: readonly Act[];
  /** Sends back every RTP packet. */
  readonly echoes: boolean;
  /** Every tenth datagram is lost, both ways, by this seed. */
  readonly lossSeed?: string;
}): Promise<Telephone> {
  const { xml } = farEnd(...wish.acts.flat());
  const lossy = wish.lossSeed !== undefined;
  const port = lossy ? await freePort() : wish.port;
  const relay: LossRelay | undefined = lossy
    ? await openLossRelay({ port: wish.port, toPort: port, seed: wish.lossSeed, percent: 10, nameOf })
    : undefined;
  const sipp = await startedSipp({
    // It names the relay's port as its own: what is for it comes the same way.
    scenario: { xml: lossy ? xml.replaceAll("[local_port]", String(wish.port)) : xml },
    port,
    calls: 1,
    // What comes twice after a loss is not unexpected.
    words: [
      ...(lossy ? ["-default_behaviors", "all,-abortunexp"] : []),
      ...(wish.echoes ? ["-rtp_echo"] : []),
    ],
  });
  const messages = (): readonly WireMessage[] => tracedMessages(sipp.trace(), sipp.port);
  return {
    messages,
    lost: () => relay?.lost ?? [],
    cue: () => sendCue(sipp.port, messages),
    isReached: (method) =>
      until(`a ${method}`, () => messages().some(({ kind, from }) => kind === method && from === "platform")),
    async isDone() {
      const result = await sipp.result(patienceMs);
      const complaint = `sipp: ${JSON.stringify(result)}\n${sipp.trace()}`;
      assert.equal(result.successful, 1, complaint);
      assert.equal(result.failed, 0, complaint);
      // The rest of what it writes down there is of its own troubles: an overloaded machine, say.
      if (!lossy) assert.doesNotMatch(result.unexpected, /unexpected/i, complaint);
    },
    async [Symbol.asyncDispose]() {
      await relay?.[Symbol.asyncDispose]();
      await sipp[Symbol.asyncDispose]();
    },
  };
}

function nameOf(message: Buffer): string {
  const text = message.toString("latin1");
  const [, status] = /^SIP\/2\.0 (\d{3} )/.exec(text) ?? [];
  const [, method] = /^CSeq: *\d+ +([A-Z]+)/im.exec(text) ?? [];
  return `${status ?? ""}${method ?? ""}`;
}

/** Its ports for media are free when they are chosen; who else tests on this machine may take one before sipp does. */
async function startedSipp(wish: SippOptions): Promise<Sipp> {
  for (let left = 3; ; left--) {
    try {
      return await startSipp(wish);
    } catch (error) {
      if (left === 0 || !String(error).includes("Address already in use")) throw error;
    }
  }
}

/** sipp tells what it did in a file alone: it is looked at until it says so. */
async function until(what: string, happened: () => boolean): Promise<void> {
  for (let look = 0; look < patienceMs / 25; look++) {
    if (happened()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`the telephone waited in vain for ${what}`);
}

/** A request of no method that SIP knows, within the call: sipp waits for it. Said until it has made something happen. */
async function sendCue(port: number, messages: () => readonly WireMessage[]): Promise<void> {
  // The page may know of the call before the telephone does.
  await until("its call", () => messages().length > 0);
  const callId = messages()[0]?.header("call-id");
  const before = messages().length;
  const socket = createSocket("udp4");
  try {
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    const from = `127.0.0.1:${socket.address().port}`;
    for (let attempt = 1; attempt <= 60; attempt++) {
      const lines = [
        `CUE sip:telephone@127.0.0.1:${port} SIP/2.0`,
        `Via: SIP/2.0/UDP ${from};branch=z9hG4bK-cue-${attempt}`,
        `From: <sip:story@${from}>;tag=story`,
        `To: <sip:telephone@127.0.0.1:${port}>`,
        `Call-ID: ${callId}`,
        `CSeq: ${attempt} CUE`,
        "Content-Length: 0",
      ];
      socket.send(`${lines.join("\r\n")}\r\n\r\n`, port, "127.0.0.1");
      for (let look = 0; look < 40; look++) {
        await new Promise((resolve) => setTimeout(resolve, 25));
        if (messages().length > before) return;
      }
    }
    throw new Error("the telephone never took its cue");
  } finally {
    socket.close();
  }
}

/** A telephone that is there and says nothing, ever. */
export interface SilentTelephone extends AsyncDisposable {
  readonly heard: readonly string[];
}

export async function startSilentTelephone(port: number): Promise<SilentTelephone> {
  const socket = createSocket("udp4");
  const heard: string[] = [];
  socket.on("message", (datagram) => void heard.push(datagram.toString("latin1")));
  socket.bind(port, "127.0.0.1");
  await once(socket, "listening");
  return {
    heard,
    async [Symbol.asyncDispose]() {
      socket.close();
      await once(socket, "close");
    },
  };
}
