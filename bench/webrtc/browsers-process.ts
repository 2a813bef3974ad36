/** The browsers' ends of the WebRTC bench, by the library in a process of their own: each between a phone's plain RTP and the bridge. */
import { createSocket } from "node:dgram";
import datachannel, { type PeerConnection } from "node-datachannel";
import type { FromBrowsers, ToBrowsers } from "./words.ts";

const address = "127.0.0.1";
/** Held, or they would be collected with their connections. */
const browsers: PeerConnection[] = [];

process.on("message", (message: ToBrowsers) => {
  answer(message).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));

async function answer({ call, sdp, phonePort }: ToBrowsers): Promise<void> {
  const socket = createSocket({ type: "udp4", lookup: (name, _options, done) => done(null, name, 4) });
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  const browser = new datachannel.PeerConnection(String(call), {
    iceServers: [],
    bindAddress: address,
    disableAutoNegotiation: true,
  });
  browsers.push(browser);
  const audio = new datachannel.Audio("0", "SendRecv");
  audio.addAudioCodec(0, "PCMU");
  const track = browser.addTrack(audio);
  track.onMessage((packet) => socket.send(packet, phonePort, address));
  socket.on("message", (packet) => {
    if (track.isOpen()) track.sendMessageBinary(packet);
  });
  browser.onGatheringStateChange((state) => {
    const ours = browser.localDescription();
    if (state === "complete" && ours !== null)
      tell({ type: "answer", call, sdp: ours.sdp, port: socket.address().port });
  });
  browser.setRemoteDescription(sdp, "offer");
  browser.setLocalDescription("answer");
}

function tell(message: FromBrowsers): void {
  process.send?.(message);
}
