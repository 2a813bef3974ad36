import { TandemError } from "#base/errors.ts";
import { longestSpeechSeconds, type SpeechEngine, type SpeechWish, type ToLine } from "./speech-engine.ts";

/**
 * A speech service of the operator's: `POST <address>` with `{"text","language","voice","speed"}`, answered by `audio/wav`.
 * The address is the configured one alone: no redirect is followed.
 */
export interface SpeechService {
  readonly type: "http";
  readonly address: string;
  /** Sent as `Authorization`. */
  readonly authorization?: string;
}

export function httpEngine(service: SpeechService, toLine: ToLine): SpeechEngine {
  let running = 0;
  return {
    id: `http ${service.address}`,
    async synthesize(wish, signal) {
      if (running >= mostAtOnce) throw new TandemError("SPEECH_FAILED", { why: "too many at once" });
      running += 1;
      try {
        return await toLine(await ask(service, wish, signal));
      } catch (error) {
        throw error instanceof TandemError
          ? error
          : new TandemError("SPEECH_FAILED", { why: "no answer" }, error);
      } finally {
        running -= 1;
      }
    },
    async close() {},
  };
}

const mostAtOnce = 16;
const largestWav = 44 + longestSpeechSeconds * 48_000 * 2;

async function ask(service: SpeechService, wish: SpeechWish, signal: AbortSignal): Promise<Uint8Array> {
  const response = await fetch(service.address, {
    method: "POST",
    redirect: "error",
    signal,
    headers: {
      "content-type": "application/json",
      accept: "audio/wav",
      ...(service.authorization === undefined ? {} : { authorization: service.authorization }),
    },
    body: JSON.stringify(wish),
  });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new TandemError("SPEECH_FAILED", { why: `status ${response.status}` });
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > largestWav) throw new TandemError("SPEECH_FAILED", { why: "too much audio" });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
