/** The media engine as the bridge bench's relay: nothing else runs in this process, so its CPU is the engine's. */
import type { BridgeId, LegId } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { openEmbeddedEngine } from "../../src/telecom/media/embedded-engine.ts";
import { readPhones } from "./relay-ports.ts";

const choice = process.argv[2];
const engine = await openEmbeddedEngine({
  portRange: { first: 20_000, last: 39_999 },
  log: silentLog,
  sockets: choice === "dgram" || choice === "koffi" ? choice : "auto",
});
console.log(engine.sockets);

for (const [call, [user, center]] of (await readPhones()).entries()) {
  const ours = [
    await connect(`${call}.user` as LegId, user),
    await connect(`${call}.center` as LegId, center),
  ];
  await engine.join({
    bridge: `${call}` as BridgeId,
    terminations: [`${call}.user` as LegId, `${call}.center` as LegId],
    blockDigitsFrom: [`${call}.center` as LegId],
  });
  console.log(ours.join(" "));
}

async function connect(leg: LegId, phonePort: number): Promise<string> {
  await engine.createTermination({
    termination: leg,
    address: "127.0.0.1",
    codecs: ["PCMU", "PCMA"],
    transport: "rtp",
  });
  const offer = [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "c=IN IP4 127.0.0.1",
    "t=0 0",
    `m=audio ${phonePort} RTP/AVP 0 101`,
    "a=rtpmap:101 telephone-event/8000",
    "",
  ].join("\r\n");
  return /^m=audio (\d+)/m.exec(await engine.createAnswer(leg, offer))?.[1] ?? "";
}
