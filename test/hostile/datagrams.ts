import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Random } from "#base/random.ts";
import { temporaryFolder } from "#rig/processes.ts";

const corpora = resolve(import.meta.dirname, "../../../shared/corpora");

/** The 9,054 datagrams of PROTOS c07-sip; none without the corpus. */
export function protosDatagrams(): readonly Buffer[] {
  const archive = join(corpora, "protos-c07-sip.tar.xz");
  if (!existsSync(archive)) return [];
  using folder = temporaryFolder("protos");
  const rendered = join(folder.path, "rendered");
  execFileSync("tar", ["xJf", archive, "-C", folder.path]);
  execFileSync(process.execPath, [join(folder.path, "protos-c07-sip", "render.mjs"), rendered]);
  return readdirSync(rendered).map((file) => readFileSync(join(rendered, file)));
}

/** RFC 4475's messages, and one of ours for a tree that stands alone. */
function tortures(): readonly Buffer[] {
  const folder = join(corpora, "rfc4475");
  const ours = Buffer.from(
    strangersRequest({ method: "INVITE", user: "bob", source: "127.66.9.9:5060", serial: 0 }),
  );
  if (!existsSync(folder)) return [ours];
  const files = readdirSync(folder).filter((file) => file.endsWith(".dat"));
  return [ours, ...files.map((file) => readFileSync(join(folder, file)))];
}

const floodMethods = [
  "OPTIONS",
  "INVITE",
  "REGISTER",
  "MESSAGE",
  "SUBSCRIBE",
  "REFER",
  "CANCEL",
  "BYE",
  "ACK",
];

/**
 * `count` datagrams that no honest peer sends: torture messages with octets changed, cut short or doubled, floods of every
 * method, and requests that claim to be of a live call, whose Call-ID is known and whose tags are guessed.
 */
export function* mixedDatagrams(wish: {
  readonly count: number;
  readonly random: Random;
  readonly source: string;
  readonly liveCallId: string;
}): Generator<Buffer> {
  const { random, source, liveCallId } = wish;
  const seeds = tortures();
  for (let serial = 1; serial <= wish.count; serial++) {
    const seed = seeds[random.integer(seeds.length)] ?? Buffer.alloc(0);
    const method = floodMethods[random.integer(floodMethods.length)] ?? "OPTIONS";
    switch (random.integer(6)) {
      case 0:
        yield mutated(seed, random);
        break;
      case 1:
        yield seed.subarray(0, random.integer(seed.length));
        break;
      case 2: {
        const tag = Buffer.from(random.bytes(8)).toString("hex");
        yield Buffer.from(strangersRequest({ method, user: "tandem", source, serial, liveCallId, tag }));
        break;
      }
      default:
        yield Buffer.from(
          strangersRequest({ method, user: String(random.integer(100_000)), source, serial }),
        );
    }
  }
}

function mutated(seed: Buffer, random: Random): Buffer {
  const octets = Buffer.from(seed);
  for (let change = random.integer(8) + 1; change > 0; change--)
    octets[random.integer(octets.length)] = random.integer(256);
  if (random.integer(4) !== 0) return octets;
  const at = random.integer(octets.length);
  return Buffer.concat([octets.subarray(0, at), octets.subarray(at >> 1)]);
}

/** A sound request of somebody whom nobody knows. With `liveCallId` it pretends to be within that call. */
export function strangersRequest(wish: {
  readonly method: string;
  readonly user: string;
  readonly source: string;
  readonly serial: number;
  readonly transport?: "UDP" | "TCP";
  readonly liveCallId?: string;
  readonly tag?: string;
  /** Further header lines. */
  readonly headers?: readonly string[];
}): string {
  const { method, user, source, serial, transport = "UDP" } = wish;
  const inCall = wish.liveCallId !== undefined;
  const sdp = method === "INVITE" ? offer : "";
  return [
    `${method} sip:${user}@127.0.0.1 SIP/2.0`,
    `Via: SIP/2.0/${transport} ${source};rport;branch=z9hG4bK${source.replaceAll(/\W/g, "")}x${serial}`,
    "Max-Forwards: 70",
    `From: <sip:stranger@198.51.100.7>;tag=${inCall ? `f${wish.tag}` : `s${serial}`}`,
    `To: <sip:${user}@127.0.0.1>${inCall ? `;tag=${wish.tag}` : ""}`,
    `Call-ID: ${wish.liveCallId ?? `${serial}@${source}`}`,
    `CSeq: ${serial} ${method}`,
    // A place that is not ours: whoever sends there gives himself away.
    "Contact: <sip:stranger@198.51.100.7:5062>",
    "Record-Route: <sip:198.51.100.8;lr>",
    ...(method === "REFER" ? ["Refer-To: <sip:+19005550199@198.51.100.9>"] : []),
    ...(method === "SUBSCRIBE" ? ["Event: dialog", "Expires: 3600"] : []),
    ...(wish.headers ?? []),
    ...(sdp === "" ? [] : ["Content-Type: application/sdp"]),
    `Content-Length: ${sdp.length}`,
    "",
    sdp,
  ].join("\r\n");
}

const offer =
  "v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n";
