/** What the WebRTC bench measures: media engine and WebRTC gateway, joined as a unit joins them, with no SIP above. */
import { systemClock } from "#base/clock.ts";
import type { BridgeId, LegId } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { childPid } from "#rig/processes.ts";
import { openEmbeddedEngine } from "../../src/telecom/media/embedded-engine.ts";
import { readBrowsers, readOwnOffer, webDescription } from "../../src/telecom/webrtc/web-description.ts";
import { openWebRtcGateway, type WebPeer } from "../../src/telecom/webrtc/webrtc-gateway.ts";
import type { FromBridge, ToBridge } from "./words.ts";

const address = "127.0.0.1";
const engine = await openEmbeddedEngine({ portRange: { first: 20_000, last: 24_999 }, log: silentLog });
const gateway = openWebRtcGateway({
  settings: { address, ports: { first: 30_000, last: 30_999 }, iceServers: [] },
  clock: systemClock,
  log: silentLog,
});
const peers = new Map<number, WebPeer>();
const phonePorts = new Map<number, number>();
const userLeg = (call: number): LegId => `${call}.user` as LegId;
const centerLeg = (call: number): LegId => `${call}.center` as LegId;

process.on("message", (message: ToBridge) => {
  const done = message.type === "open" ? open(message) : join(message);
  // A bench that cannot be set up is no bench.
  done.catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
process.once("disconnect", () => process.exit());
tell({ type: "ready", gatewayPid: childPid("gateway-process") });

async function open({ call, phonePort }: Extract<ToBridge, { type: "open" }>): Promise<void> {
  phonePorts.set(call, phonePort);
  await engine.createTermination({ termination: userLeg(call), address, codecs: ["PCMU"], transport: "rtp" });
  const plain = await engine.createOffer(userLeg(call));
  const peer = await gateway.open({ address, ...readOwnOffer(plain) }, () => {
    throw new Error(`the browser of call ${call} is lost`);
  });
  peers.set(call, peer);
  tell({
    ...{ type: "offer", call },
    sdp: webDescription(plain, { ...peer.ours, setup: "actpass", mids: ["0"] }),
  });
}

async function join({ call, sdp }: Extract<ToBridge, { type: "answer" }>): Promise<void> {
  const peer = peers.get(call);
  if (peer === undefined) throw new Error(`call ${call} has no browser`);
  const { theirs, plain } = readBrowsers(sdp, peer.relay);
  try {
    await peer.connect(theirs);
  } catch {
    return tell({ type: "failed", call });
  }
  await engine.setAnswer(userLeg(call), plain);
  await engine.createTermination({
    termination: centerLeg(call),
    address,
    codecs: ["PCMU"],
    transport: "rtp",
  });
  const offer = [
    ...["v=0", `o=- 1 1 IN IP4 ${address}`, "s=-", `c=IN IP4 ${address}`, "t=0 0"],
    ...[`m=audio ${phonePorts.get(call)} RTP/AVP 0 101`, "a=rtpmap:101 telephone-event/8000", ""],
  ].join("\r\n");
  const answer = await engine.createAnswer(centerLeg(call), offer);
  await engine.join({
    bridge: `${call}` as BridgeId,
    terminations: [userLeg(call), centerLeg(call)],
    blockDigitsFrom: [],
  });
  tell({ type: "joined", call, port: Number(/^m=audio (\d+)/m.exec(answer)?.[1]) });
}

function tell(message: FromBridge): void {
  process.send?.(message);
}
