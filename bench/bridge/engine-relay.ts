/** The media engine as the bridge bench's relay: nothing else runs in this process, so its CPU is the engine's. */
import type { BridgeId, LegId } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { openEmbeddedEngine } from "../../src/telecom/media/embedded-engine.ts";
import type { MediaTransport } from "../../src/telecom/media/media-engine.ts";
import { phonesKey } from "./phones-key.ts";
import { readPhones } from "./relay-ports.ts";

const [, , choice, media] = process.argv;
const engine = await openEmbeddedEngine({
  portRange: { first: 20_000, last: 39_999 },
  log: silentLog,
  sockets: choice === "dgram" || choice === "koffi" ? choice : "auto",
});
console.log(engine.sockets);

for (const [call, [user, center]] of (await readPhones()).entries()) {
  const ours = [
    await connect(`${call}.user` as LegId, { phonePort: user, transport: "rtp" }),
    await connect(`${call}.center` as LegId, {
      phonePort: center,
      transport: media === "srtp" ? "srtp" : "rtp",
    }),
  ];
  await engine.join({
    bridge: `${call}` as BridgeId,
    terminations: [`${call}.user` as LegId, `${call}.center` as LegId],
    blockDigitsFrom: [`${call}.center` as LegId],
  });
  console.log(ours.join(" "));
}

/** The port that the phone speaks to, and behind it the key of what it hears, where it has one. */
async function connect(
  leg: LegId,
  { phonePort, transport }: { phonePort: number; transport: MediaTransport },
): Promise<string> {
  await engine.createTermination({
    termination: leg,
    address: "127.0.0.1",
    codecs: ["PCMU", "PCMA"],
    transport,
  });
  const offer = [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "c=IN IP4 127.0.0.1",
    "t=0 0",
    `m=audio ${phonePort} ${transport === "srtp" ? "RTP/SAVP" : "RTP/AVP"} 0 101`,
    "a=rtpmap:101 telephone-event/8000",
    ...(transport === "srtp" ? [`a=crypto:1 ${phonesKey.suite} inline:${phonesKey.text}`] : []),
    "",
  ].join("\r\n");
  const answer = await engine.createAnswer(leg, offer);
  const port = /^m=audio (\d+)/m.exec(answer)?.[1] ?? "";
  const key = /^a=crypto:.*inline:(\S+)/m.exec(answer)?.[1];
  return key === undefined ? port : `${port} ${key}`;
}
