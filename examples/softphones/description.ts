import sdp from "sdp-transform";

/** What the two descriptions agree on, as this phone sees it. */
export interface Agreement {
  readonly address: string;
  readonly port: number;
  readonly codec: "PCMU" | "PCMA";
  readonly payloadType: 0 | 8;
  readonly telephoneEvent: number | undefined;
  readonly sends: boolean;
  readonly hears: boolean;
}

type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";

/** The far end's audio as we can take it; undefined when there is no G.711 in it. */
export function agreementOf(description: Uint8Array): Agreement | undefined {
  try {
    const parsed = sdp.parse(Buffer.from(description).toString());
    const audio = parsed.media.find((media) => media.type === "audio" && media.port > 0);
    const address = audio?.connection?.ip ?? parsed.connection?.ip;
    const payloads = String(audio?.payloads ?? "").split(" ");
    const payloadType = payloads.find((payload) => payload === "0" || payload === "8");
    if (audio === undefined || address === undefined || payloadType === undefined) return undefined;
    const event = audio.rtp.find((line) => String(line.codec).toLowerCase() === "telephone-event");
    const theirs = audio.direction ?? parsed.direction ?? "sendrecv";
    return {
      address: String(address),
      port: audio.port,
      codec: payloadType === "0" ? "PCMU" : "PCMA",
      payloadType: payloadType === "0" ? 0 : 8,
      telephoneEvent: event === undefined ? undefined : Number(event.payload),
      sends: theirs === "sendrecv" || theirs === "recvonly",
      hears: theirs === "sendrecv" || theirs === "sendonly",
    };
  } catch {
    // A description that cannot be parsed is one that we cannot agree to.
    return undefined;
  }
}

/** Our description: the answer to `agreement`, or an offer of both laws when there is none yet. */
export function describe(
  here: { address: string; port: number; version: number },
  agreement: Agreement | undefined,
): string {
  const family = here.address.includes(":") ? "IP6" : "IP4";
  const event = agreement === undefined ? 101 : agreement.telephoneEvent;
  const audio = agreement === undefined ? [0, 8] : [agreement.payloadType];
  const names: Readonly<Record<number, string>> = { 0: "PCMU", 8: "PCMA" };
  return [
    "v=0",
    `o=softphone 1 ${here.version} IN ${family} ${here.address}`,
    "s=softphone",
    `c=IN ${family} ${here.address}`,
    "t=0 0",
    `m=audio ${here.port} RTP/AVP ${[...audio, ...(event === undefined ? [] : [event])].join(" ")}`,
    ...audio.map((payload) => `a=rtpmap:${payload} ${names[payload] ?? ""}/8000`),
    ...(event === undefined ? [] : [`a=rtpmap:${event} telephone-event/8000`, `a=fmtp:${event} 0-15`]),
    "a=ptime:20",
    `a=${agreement === undefined ? "sendrecv" : directionOf(agreement)}`,
    "",
  ].join("\r\n");
}

/** RFC 3264 6.1. */
function directionOf({ sends, hears }: Agreement): Direction {
  if (sends) return hears ? "sendrecv" : "sendonly";
  return hears ? "recvonly" : "inactive";
}
