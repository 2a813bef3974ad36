import { isIP } from "node:net";
import type { Endpoint } from "../media/rtp-sockets.ts";
import { readRemoteDescription, type RemoteMedia, unacceptable } from "../sdp/remote-description.ts";
import { isUnicast } from "../sip/transport/addresses.ts";

/**
 * Session descriptions of a browser's telephone (RFC 8829, RFC 9429) made of plain ones, and plain ones made of a browser's. Codecs and
 * directions are the termination's matter, and pass as they are; transport addresses, ICE and DTLS are exchanged here. Of what a browser
 * says nothing goes on but what was read and checked: no line of its own ever reaches the library.
 */

/** One end's ICE and DTLS, as its description tells them. */
export interface WebEnd {
  /** RFC 8839 5.4. */
  readonly iceUfrag: string;
  readonly icePwd: string;
  /** RFC 8122 5: of SHA-256, in capitals, octets parted by colons. */
  readonly fingerprint: string;
  readonly candidates: readonly Candidate[];
}

/** RFC 8839 5.1, of UDP and component 1 alone: RTP and RTCP go by one port. */
export interface Candidate extends Endpoint {
  readonly foundation: string;
  readonly priority: number;
  readonly type: "host" | "srflx" | "prflx" | "relay";
}

/** RFC 8842 5.3: who begins the handshake. We leave it to the browser, and it begins. */
export type Setup = "actpass" | "passive";

const mostCandidates = 20;

/**
 * A description of ours as a browser reads it: `plain` is the termination's. `mids` are the names of its m= lines, in their order
 * (RFC 5888); an offer of ours has one line, "0".
 */
export function webDescription(
  plain: string,
  ours: WebEnd & { readonly setup: Setup; readonly mids: readonly string[] },
): string {
  const [session = "", ...media] = plain.replace(/\r\n$/, "").split(/\r\n(?=m=)/);
  const accepted = ours.mids.filter((_, at) => !isRefused(media[at]));
  const lines = [session, `a=group:BUNDLE ${accepted.join(" ")}`, "a=msid-semantic:WMS *"];
  for (const [at, section] of media.entries()) lines.push(...webMedia(section, ours.mids[at], ours));
  return `${lines.join("\r\n")}\r\n`;
}

function isRefused(section: string | undefined): boolean {
  return section === undefined || /^m=\S+ 0 /.test(section);
}

function webMedia(
  section: string,
  mid: string | undefined,
  ours: WebEnd & { readonly setup: Setup },
): readonly string[] {
  const [line = "", ...attributes] = section.split("\r\n");
  const named = mid === undefined ? [] : [`a=mid:${mid}`];
  if (isRefused(section)) return [line, ...named];
  // RFC 8839 4.2.1: the default candidate; RFC 8829 5.2.1: the profile of a browser's audio.
  const first = ours.candidates[0] ?? { address: "0.0.0.0", port: 9 };
  const [, , , ...formats] = line.split(" ");
  return [
    `m=audio ${first.port} UDP/TLS/RTP/SAVPF ${formats.join(" ")}`,
    `c=IN ${first.address.includes(":") ? "IP6" : "IP4"} ${first.address}`,
    ...attributes.filter((attribute) => !attribute.startsWith("a=rtcp:")),
    ...named,
    "a=rtcp-mux",
    `a=ice-ufrag:${ours.iceUfrag}`,
    `a=ice-pwd:${ours.icePwd}`,
    `a=fingerprint:sha-256 ${ours.fingerprint}`,
    `a=setup:${ours.setup}`,
    ...ours.candidates.map(candidateLine),
    "a=end-of-candidates",
  ];
}

function candidateLine({ foundation, priority, address, port, type }: Candidate): string {
  // RFC 8839 5.1: a derived candidate names its base; ours stays private.
  const base = type === "host" ? "" : ` raddr ${address.includes(":") ? "::" : "0.0.0.0"} rport 9`;
  return `a=candidate:${foundation} 1 UDP ${priority} ${address} ${port} typ ${type}${base}`;
}

/** What a browser's description says. */
export interface BrowsersDescription {
  readonly theirs: WebEnd;
  readonly mids: readonly string[];
  /** The same for the termination: its far end is `relay`. */
  readonly plain: string;
}

/**
 * Reads a browser's answer, or its offer.
 * @param relay where the gateway exchanges this leg's plain RTP and RTCP, both by one port.
 * @throws SDP_UNACCEPTABLE, with `why`.
 */
export function readBrowsers(sdp: string, relay: Endpoint): BrowsersDescription {
  const { media } = readRemoteDescription(sdp);
  const [session = "", ...sections] = sdp.split(/(?:\r\n|\r|\n)(?=m=)/);
  const at = media.findIndex(isWebAudio);
  const audio = sections[at];
  if (audio === undefined) throw unacceptable("it has no audio of a browser's");
  return {
    theirs: readEnd(attributesOf(session), attributesOf(audio)),
    mids: sections.map((section, index) => readMid(attributesOf(section)) ?? String(index)),
    plain: plainDescription(media, at, relay),
  };
}

function isWebAudio({ type, protocol, port }: RemoteMedia): boolean {
  return type === "audio" && protocol === "UDP/TLS/RTP/SAVPF" && port !== 0;
}

/** `a=` lines, without that. */
function attributesOf(section: string): readonly string[] {
  return section.split(/\r\n|\r|\n/).flatMap((line) => (line.startsWith("a=") ? [line.slice(2)] : []));
}

/** RFC 8839 5.4, RFC 8122 5: what stands in the session's part holds for its media. */
function readEnd(session: readonly string[], media: readonly string[]): WebEnd {
  const value = (name: string): string | undefined =>
    [...media, ...session].find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1);
  const iceUfrag = /^[A-Za-z0-9+/]{4,256}$/.exec(value("ice-ufrag") ?? "")?.[0];
  const icePwd = /^[A-Za-z0-9+/]{22,256}$/.exec(value("ice-pwd") ?? "")?.[0];
  if (iceUfrag === undefined || icePwd === undefined) throw unacceptable("its ICE credentials are none");
  const fingerprint = /^sha-256 ((?:[0-9A-F]{2}:){31}[0-9A-F]{2})$/i.exec(value("fingerprint")?.trim() ?? "");
  if (fingerprint?.[1] === undefined) throw unacceptable("it has no SHA-256 fingerprint");
  if (!media.includes("rtcp-mux")) throw unacceptable("it does not multiplex RTCP");
  const candidates = media.flatMap((line) => readCandidate(line) ?? []).slice(0, mostCandidates);
  return { iceUfrag, icePwd, fingerprint: fingerprint[1].toUpperCase(), candidates };
}

/** One that we may send to; undefined for TCP, for names (mDNS among them), and for what is no candidate. */
export function readCandidate(attribute: string): Candidate | undefined {
  const match =
    /^candidate:([A-Za-z0-9+/]{1,32}) 1 UDP (\d{1,10}) ([0-9A-Fa-f.:]{2,45}) (\d{1,5}) typ (host|srflx|prflx|relay)\b/i.exec(
      attribute,
    );
  if (match === null) return undefined;
  const [, foundation = "", priority = "", address = "", port = "", type = ""] = match;
  const isPort = Number(port) > 0 && Number(port) <= 65_535;
  if (!isPort || isIP(address) === 0 || !isUnicast(address) || Number(priority) >= 2 ** 32) return undefined;
  return {
    ...{ foundation, address },
    priority: Number(priority),
    port: Number(port),
    type: type.toLowerCase() as Candidate["type"],
  };
}

/** RFC 5888 4: a token. */
function readMid(attributes: readonly string[]): string | undefined {
  return /^mid:([\w.+-]{1,32})$/.exec(attributes.find((line) => line.startsWith("mid:")) ?? "")?.[1];
}

/** The other m= lines keep their places (RFC 3264 8), and are refused. */
function plainDescription(media: readonly RemoteMedia[], at: number, { address, port }: Endpoint): string {
  const at4or6 = address.includes(":") ? "IP6" : "IP4";
  const lines = ["v=0", `o=- 1 1 IN ${at4or6} ${address}`, "s=-", `c=IN ${at4or6} ${address}`, "t=0 0"];
  for (const [index, { type, protocol, formats, codecs, ...audio }] of media.entries()) {
    if (index !== at) {
      lines.push(`m=${type} 0 ${protocol} ${formats.join(" ")}`);
      continue;
    }
    const events = audio.telephoneEventPayloadType;
    const types = [
      ...codecs.map(({ payloadType }) => payloadType),
      ...(events === undefined ? [] : [events]),
    ];
    if (types.length === 0) throw unacceptable("it has none of our codecs");
    lines.push(`m=audio ${port} RTP/AVP ${types.join(" ")}`);
    for (const { codec, payloadType } of codecs) lines.push(`a=rtpmap:${payloadType} ${codec}/8000`);
    if (events !== undefined) lines.push(`a=rtpmap:${events} telephone-event/8000`, `a=fmtp:${events} 0-16`);
    lines.push(`a=${audio.direction}`, `a=rtcp:${port}`);
  }
  return `${lines.join("\r\n")}\r\n`;
}

/** What the library is given of a browser's answer: our own words for what was read. */
export function answerForLibrary(theirs: WebEnd, formats: readonly Format[]): string {
  const { iceUfrag, icePwd, fingerprint, candidates } = theirs;
  return [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0",
    `m=audio 9 UDP/TLS/RTP/SAVPF ${formats.map(({ payloadType }) => payloadType).join(" ")}`,
    "c=IN IP4 0.0.0.0",
    "a=mid:0",
    "a=sendrecv",
    "a=rtcp-mux",
    ...formats.map(({ payloadType, name }) => `a=rtpmap:${payloadType} ${name}/8000`),
    `a=ice-ufrag:${iceUfrag}`,
    `a=ice-pwd:${icePwd}`,
    `a=fingerprint:sha-256 ${fingerprint}`,
    // RFC 8842 5.3: whatever it says, the one that answers `actpass` begins.
    "a=setup:active",
    ...candidates.map(candidateLine),
    "",
  ].join("\r\n");
}

/** An encoding by its payload type. */
export interface Format {
  readonly payloadType: number;
  readonly name: string;
}

/** The termination's port and formats, as its own offer tells them. */
export function readOwnOffer(plain: string): {
  rtpPort: number;
  rtcpPort: number;
  formats: readonly Format[];
} {
  const [media] = readRemoteDescription(plain).media;
  if (media === undefined) throw unacceptable("our own offer has no audio");
  const { port, rtcp, codecs, telephoneEventPayloadType } = media;
  const formats = codecs.map(({ codec, payloadType }): Format => ({ payloadType, name: codec }));
  const events =
    telephoneEventPayloadType === undefined
      ? []
      : [{ payloadType: telephoneEventPayloadType, name: "telephone-event" }];
  return { rtpPort: port, rtcpPort: rtcp.port, formats: [...formats, ...events] };
}
