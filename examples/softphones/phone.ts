import { parseArgs } from "node:util";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { openVoiceResponse } from "#telecom/voice-response/voice-response.ts";
import { openPhonePage } from "./phone-page.ts";
import { openSoftphone } from "./softphone.ts";

/** One telephone with a page: `node examples/softphones/phone.ts --name Ann --sip-port 5070 --http-port 8070`. */
const { values } = parseArgs({
  options: {
    name: { type: "string", default: "Ann" },
    "sip-port": { type: "string", default: "5070" },
    "http-port": { type: "string", default: "8070" },
    /** The origin whose pages may show it in a frame. */
    "framed-by": { type: "string" },
    /** What it says over and over in a call. */
    says: { type: "string" },
    /** Picks up by itself after so many seconds. */
    "answer-after": { type: "string" },
  },
});

const name = values.name.slice(0, 40);
const phone = await openSoftphone({
  name,
  sipPort: portOf(values["sip-port"]),
  says: await spoken(values.says ?? `Hello, this is ${name}.`),
  ...(values["answer-after"] === undefined ? {} : { answerAfterMs: Number(values["answer-after"]) * 1000 }),
});
const framedBy = values["framed-by"];
const page = await openPhonePage(
  phone,
  portOf(values["http-port"]),
  framedBy === undefined ? undefined : new URL(framedBy).origin,
);
console.log(`${name}'s telephone: sip:127.0.0.1:${phone.sipPort}, page http://127.0.0.1:${page.port}/`);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void Promise.all([phone.close(), page.close()]).then(() => process.exit(0)));
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  console.error(`${text} is not a port`);
  process.exit(2);
}

/** The sentence and three seconds of silence. */
async function spoken(text: string): Promise<Uint8Array> {
  const voice = await openVoiceResponse({
    clock: systemClock,
    log: silentLog,
    promptFolder: import.meta.dirname,
  });
  const { audio } = await voice.render({
    language: "en",
    private: true,
    segments: [
      { type: "text", text: text.slice(0, 200) },
      { type: "pause", ms: 3000 },
    ],
  });
  await voice.close();
  return audio;
}
