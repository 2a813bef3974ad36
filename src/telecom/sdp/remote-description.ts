import { TandemError } from "#base/errors.ts";
import type { Codec } from "../media/media-engine.ts";
import { type CryptoAttribute, readCryptoLine } from "./crypto-attribute.ts";
import ipaddr from "ipaddr.js";
import sdpTransform, { type MediaDescription, type SessionDescription } from "sdp-transform";

/** The far end's session description, as much of it as a telephone call needs. Everything in it has been checked. */
export interface RemoteDescription {
  /** One for every m= line, in its order (an answer must have as many: RFC 3264 6). */
  readonly media: readonly RemoteMedia[];
}

export interface RemoteMedia {
  /** `audio`, `video`, ... and the transport protocol, as the m= line says them. */
  readonly type: string;
  readonly protocol: string;
  /** The formats of the m= line, to be repeated when the line is refused. */
  readonly formats: readonly string[];
  /** 0: this stream is not wanted, or no longer (RFC 3264 6, 8.2). */
  readonly port: number;
  /** In canonical form; undefined when there is none, or a name. */
  readonly address: string | undefined;
  readonly rtcp: { readonly address: string | undefined; readonly port: number };
  readonly direction: Direction;
  readonly codecs: readonly { readonly codec: Codec; readonly payloadType: number }[];
  readonly telephoneEventPayloadType: number | undefined;
  /** One for every a=crypto line, in its order; undefined for those that we cannot use. */
  readonly crypto: readonly (CryptoAttribute | undefined)[];
}

export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";

const longestSdp = 16_384;
const mostLines = 400;
const mostMedia = 16;
const mostFormats = 64;

/**
 * Reads a session description (RFC 8866).
 * @throws TandemError SDP_UNACCEPTABLE, with `why`, when it is too long, or no session description, or breaks a bound.
 */
export function readRemoteDescription(sdp: string): RemoteDescription {
  if (sdp.length > longestSdp) throw unacceptable("it is too long");
  const lines = sdp.split(/\r\n|\r|\n/);
  if (lines.length > mostLines) throw unacceptable("it has too many lines");
  if (lines[0]?.trimEnd() !== "v=0") throw unacceptable("it does not begin with v=0");
  const sections = mediaSections(lines);
  const mediaLines = sections.map(([line = ""]) => readMediaLine(line));
  if (mediaLines.length === 0) throw unacceptable("it describes no media");
  if (mediaLines.length > mostMedia) throw unacceptable("it describes too many media");

  const parsed = parse(sdp);
  return {
    media: mediaLines.map((line, index) => {
      const described = parsed.media[index];
      if (described === undefined) throw unacceptable("its media cannot be told apart");
      return { ...readMedia(line, described, parsed), crypto: readCrypto(sections[index] ?? []) };
    }),
  };
}

/**
 * True when the far end does not want to hear us: `a=sendonly` or `a=inactive` in its audio, or the connection address
 * 0.0.0.0 of older phones (RFC 3264 8.4), or its audio's port 0. False for what is no session description.
 */
export function isHold(sdp: string): boolean {
  try {
    const audio = readRemoteDescription(sdp).media.filter((media) => media.type === "audio");
    return audio.length > 0 && !audio.some(wantsToHear);
  } catch {
    // What cannot be read will be refused where it is answered; it holds nothing.
    return false;
  }
}

/** Whether RTP may be sent to this media's far end. */
export function wantsToHear(media: RemoteMedia): boolean {
  return (
    media.port !== 0 &&
    media.address !== undefined &&
    !isNowhere(media.address) &&
    (media.direction === "sendrecv" || media.direction === "recvonly")
  );
}

export function isNowhere(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}

export function unacceptable(why: string): TandemError {
  return new TandemError("SDP_UNACCEPTABLE", { why });
}

/** Each m= line with the lines under it. */
function mediaSections(lines: readonly string[]): readonly (readonly string[])[] {
  const starts = lines.flatMap((line, at) => (line.startsWith("m=") ? [at] : []));
  return starts.map((start, at) => lines.slice(start, starts[at + 1]));
}

function readCrypto(section: readonly string[]): RemoteMedia["crypto"] {
  return section.filter((line) => line.startsWith("a=crypto:")).map((line) => readCryptoLine(line.trimEnd()));
}

/** The m= line is read here: sdp-transform drops what it does not expect (`49170/2`), and then lines cannot be counted. */
function readMediaLine(line: string): Pick<RemoteMedia, "type" | "protocol" | "formats" | "port"> {
  const match =
    /^m=([\w.+-]{1,32}) (\d{1,5})(?:\/\d{1,5})? ([\w/.+-]{1,64}) ([\x21-\x7e][\x20-\x7e]*?)\s*$/.exec(line);
  if (match === null) throw unacceptable("a media line cannot be read");
  const [, type = "", port = "", protocol = "", formatText = ""] = match;
  const formats = formatText.split(/ +/);
  if (formats.length > mostFormats) throw unacceptable("a media line has too many formats");
  if (formats.some((format) => format.length > 32)) throw unacceptable("a format's name is too long");
  if (Number(port) > 65_535) throw unacceptable("a port does not exist");
  return { type, protocol, formats, port: Number(port) };
}

function parse(sdp: string): SessionDescription {
  try {
    return sdpTransform.parse(sdp);
  } catch (error) {
    throw new TandemError("SDP_UNACCEPTABLE", { why: "it cannot be parsed" }, error);
  }
}

function readMedia(
  line: Pick<RemoteMedia, "type" | "protocol" | "formats" | "port">,
  described: MediaDescription,
  session: SessionDescription,
): Omit<RemoteMedia, "crypto"> {
  const address = canonicalAddress((described.connection ?? session.connection)?.ip);
  const rtcpPort = Number(described.rtcp?.port);
  return {
    ...line,
    address,
    // RFC 3605: a=rtcp names another port, or another address too.
    rtcp: {
      address: described.rtcp?.address === undefined ? address : canonicalAddress(described.rtcp.address),
      port: rtcpPort > 0 && rtcpPort <= 65_535 ? rtcpPort : Math.min(line.port + 1, 65_535),
    },
    direction: readDirection(described.direction ?? session.direction),
    ...readFormats(line.formats, described),
  };
}

/** RFC 3264 5.1: without an attribute, sendrecv. */
function readDirection(text: string | undefined): Direction {
  return text === "sendonly" || text === "recvonly" || text === "inactive" ? text : "sendrecv";
}

function readFormats(
  formats: readonly string[],
  described: MediaDescription,
): Pick<RemoteMedia, "codecs" | "telephoneEventPayloadType"> {
  const codecs: { codec: Codec; payloadType: number }[] = [];
  let telephoneEventPayloadType: number | undefined;
  for (const format of formats) {
    if (!/^\d{1,3}$/.test(format) || Number(format) > 127) continue;
    const payloadType = Number(format);
    const name = encodingName(payloadType, described);
    if (name === "PCMU" || name === "PCMA") codecs.push({ codec: name, payloadType });
    else if (name === "TELEPHONE-EVENT") telephoneEventPayloadType ??= payloadType;
  }
  return { codecs, telephoneEventPayloadType };
}

/** Of 8,000 Hz mono encodings alone; undefined for others. Types 0 and 8 are static (RFC 3551 6) and need no rtpmap. */
function encodingName(payloadType: number, described: MediaDescription): string | undefined {
  const map = described.rtp.find((candidate) => candidate.payload === payloadType);
  if (map === undefined) return payloadType === 0 ? "PCMU" : payloadType === 8 ? "PCMA" : undefined;
  const mono = map.encoding === undefined || map.encoding === 1;
  return (map.rate === 8_000 || map.rate === undefined) && mono ? String(map.codec).toUpperCase() : undefined;
}

/** Names are not resolved: a far end that is not an address could make us look up, and send, anywhere. */
function canonicalAddress(text: string | number | undefined): string | undefined {
  // A multicast time to live follows a slash; multicast is no telephone, so it simply fails to parse.
  if (typeof text !== "string" || text.length > 45) return undefined;
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)
    ? ipaddr.process(text).toString()
    : undefined;
}
