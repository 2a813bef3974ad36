import type { PeerConnection, Track } from "node-datachannel";
import { type Cancel, systemClock } from "#base/clock.ts";
import { makeDgramSockets } from "../media/dgram-sockets.ts";
import type { Endpoint, RtpSocket } from "../media/rtp-sockets.ts";
import type { Library } from "./datachannel-module.ts";
import type { FromGateway, GatewaySettings, RelayWish } from "./gateway-wire.ts";
import { answerForLibrary, type Candidate, readCandidate, type WebEnd } from "./web-description.ts";
import ipaddr from "ipaddr.js";

/** A STUN server that is silent must keep no telephone from ringing: what was gathered by then is offered. */
const longestGatheringMs = 1_500;

/**
 * One browser's end in the gateway's process: ICE, DTLS-SRTP and rtcp-mux (RFC 8834) on one side, plain RTP and RTCP with a termination
 * on the other. Packets pass as they are, RTCP too: sender and receiver reports are the browser's and the termination's own, so each
 * of them knows the loss and the jitter of the whole way.
 */
export class Peer {
  readonly #number: number;
  readonly #settings: GatewaySettings;
  readonly #relay: RelayWish;
  readonly #tell: (message: FromGateway) => void;
  readonly #connection: PeerConnection;
  readonly #track: Track;
  #socket: RtpSocket | undefined;
  #cancelGathering: Cancel = () => {};
  #told = false;
  #closed = false;

  constructor(wish: {
    readonly library: Library;
    readonly settings: GatewaySettings;
    readonly number: number;
    readonly relay: RelayWish;
    readonly tell: (message: FromGateway) => void;
  }) {
    const { library, settings, number, relay, tell } = wish;
    this.#number = number;
    this.#settings = settings;
    // As the system writes the senders of what comes.
    this.#relay = { ...relay, address: ipaddr.process(relay.address).toString() };
    this.#tell = tell;
    this.#connection = new library.PeerConnection(String(number), {
      iceServers: settings.iceServers.map(({ hostname, port, relay: turn }) => ({
        ...{ hostname, port },
        ...(turn === undefined
          ? {}
          : { relayType: "TurnUdp" as const, username: turn.username, password: turn.password }),
      })),
      ...(settings.address === undefined ? {} : { bindAddress: settings.address }),
      portRangeBegin: settings.ports.first,
      portRangeEnd: settings.ports.last,
      disableAutoNegotiation: true,
    });
    const audio = new library.Audio("0", "SendRecv");
    for (const { payloadType, name } of relay.formats) audio.addAudioCodec(payloadType, name);
    this.#track = this.#connection.addTrack(audio);
    this.#track.onMessage((packet) => this.#fromBrowser(packet));
    this.#connection.onStateChange((state) => this.#changed(state));
  }

  async open(): Promise<void> {
    const { address } = this.#relay;
    this.#socket = await makeDgramSockets().bind({
      ...{ address, port: 0 },
      receive: (packet, length, from) => this.#fromTermination(packet, length, from),
    });
    if (this.#closed) return void this.#socket.close();
    this.#connection.onGatheringStateChange((state) => {
      if (state === "complete") this.#opened();
    });
    this.#cancelGathering = systemClock.at(systemClock.now() + longestGatheringMs, () => this.#opened());
    this.#connection.setLocalDescription("offer");
  }

  connect(theirs: WebEnd): void {
    // RFC 8445 7.3.1.3: where browsers can reach us, their checks tell where they are, and no address that one names is ever sent to.
    // Behind a NAT that lets nobody in, which is what ICE servers are for, the first packet has to be ours.
    const end = this.#settings.iceServers.length > 0 ? theirs : { ...theirs, candidates: [] };
    this.#connection.setRemoteDescription(answerForLibrary(end, this.#relay.formats), "answer");
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelGathering();
    void this.#socket?.close();
    this.#track.close();
    this.#connection.close();
  }

  #opened(): void {
    this.#cancelGathering();
    const sdp = this.#connection.localDescription()?.sdp;
    if (this.#told || this.#closed || sdp === undefined || this.#socket === undefined) return;
    this.#told = true;
    this.#tell({ type: "opened", peer: this.#number, ours: readOurs(sdp), relayPort: this.#socket.port });
  }

  #changed(state: string): void {
    if (this.#closed) return;
    if (state === "connected") this.#tell({ type: "connected", peer: this.#number });
    if (state !== "failed" && state !== "disconnected" && state !== "closed") return;
    this.#tell({ type: "failed", peer: this.#number, why: `the connection is ${state}` });
    this.close();
  }

  #fromBrowser(packet: Buffer): void {
    const { address, rtpPort, rtcpPort } = this.#relay;
    const port = isRtcp(packet) ? rtcpPort : rtpPort;
    this.#socket?.send(packet, { start: 0, end: packet.length }, { address, port });
  }

  #fromTermination(packet: Buffer, length: number, from: Endpoint): void {
    const { address, rtpPort, rtcpPort } = this.#relay;
    if (from.address !== address || (from.port !== rtpPort && from.port !== rtcpPort)) return;
    if (this.#track.isOpen()) this.#track.sendMessageBinary(packet.subarray(0, length));
  }
}

/** RFC 5761 4: by the second octet. */
function isRtcp(packet: Buffer): boolean {
  const type = (packet[1] ?? 0) & 127;
  return type >= 64 && type <= 95;
}

/** The library's own description. */
function readOurs(sdp: string): WebEnd {
  const value = (name: string): string => new RegExp(`^a=${name}:(.*)$`, "m").exec(sdp)?.[1]?.trim() ?? "";
  const candidates = sdp.split(/\r?\n/).flatMap((line): readonly Candidate[] => {
    const candidate = line.startsWith("a=") ? readCandidate(line.slice(2)) : undefined;
    return candidate === undefined ? [] : [candidate];
  });
  return {
    iceUfrag: value("ice-ufrag"),
    icePwd: value("ice-pwd"),
    fingerprint: value("fingerprint").replace(/^sha-256 /, ""),
    candidates,
  };
}
