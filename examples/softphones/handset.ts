import type { IncomingMessage, Server } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";
import type { Softphone } from "./softphone.ts";
import { LiveVoice } from "./voice.ts";

/** Two seconds of sound: a page that is so far behind hears a gap, not ever more of the past. */
const mostUnsent = 32_000;

/**
 * A phone's handset in a page: at `/sound` a WebSocket, binary both ways, 16-bit samples, little-endian, 8 kHz. What the phone hears goes
 * to every page that listens; what a page says is said in place of the phone's own voice, until an empty message, or until it is gone.
 */
export function serveHandset(
  phone: Softphone,
  server: Server,
  admits: (request: IncomingMessage) => boolean,
): { close(): void } {
  const door = new WebSocketServer({ noServer: true, maxPayload: 8_000, perMessageDeflate: false });
  server.on("upgrade", (request, socket, head) => {
    if (request.url !== "/sound" || !admits(request)) return void socket.destroy();
    door.handleUpgrade(request, socket, head, (page) => connect(phone, page));
  });
  return {
    close() {
      for (const page of door.clients) page.terminate();
    },
  };
}

function connect(phone: Softphone, page: WebSocket): void {
  const voice = new LiveVoice();
  let handBack: (() => void) | undefined;
  const stop = phone.on((event) => {
    if (event.type === "audio" && page.bufferedAmount < mostUnsent) page.send(event.pcm);
  });
  page.on("message", (data, isBinary) => {
    if (!isBinary || !Buffer.isBuffer(data)) return;
    if (data.length === 0) {
      handBack?.();
      handBack = undefined;
    } else {
      handBack ??= phone.lend(voice);
      voice.put(samplesOf(data));
    }
  });
  page.on("close", () => {
    stop();
    handBack?.();
  });
  page.on("error", () => page.terminate());
}

function samplesOf(data: Buffer): Int16Array {
  return Int16Array.from({ length: Math.floor(data.length / 2) }, (_, at) => data.readInt16LE(2 * at));
}
