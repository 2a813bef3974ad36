import { createSocket } from "node:dgram";
import { once } from "node:events";
import { linearToMuLaw } from "#telecom/media/g711.ts";
import { tone } from "#telecom/voice-response/announcements/tones.ts";
import { agreementOf } from "../../examples/softphones/description.ts";
import { RecordedVoice } from "../../examples/softphones/voice.ts";
import { VoiceLine } from "../../examples/softphones/voice-line.ts";

/** A call center's call as Tandem would place it, said packet by packet. */
export async function openCaller(sipPort: number, hears: (pcm: Int16Array) => void = () => {}) {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const voice = await VoiceLine.open({
    address: "127.0.0.1",
    voice: new RecordedVoice(
      Uint8Array.from([...tone("confirm", "en"), ...new Int16Array(8000)], linearToMuLaw),
    ),
    listener: { audio: hears, digit: () => {} },
  });
  const { port } = socket.address();
  const accepted = new Promise<string>((resolve) => {
    socket.on("message", (packet) => {
      if (packet.toString().startsWith("SIP/2.0 200")) resolve(packet.toString());
    });
  });
  const send = (method: string, toTag: string, more: readonly string[], body: string): void => {
    const lines = [
      `${method} sip:4711@127.0.0.1:${sipPort} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK-${method};rport`,
      "Max-Forwards: 70",
      'From: "Example Bank" <sip:+12025550123@127.0.0.1>;tag=ann',
      `To: <sip:4711@127.0.0.1>${toTag}`,
      "Call-ID: a-call-to-look-at",
      `CSeq: 1 ${method}`,
      `Contact: <sip:ann@127.0.0.1:${port}>`,
      ...more,
      `Content-Length: ${body.length}`,
      "",
      body,
    ];
    socket.send(lines.join("\r\n"), sipPort, "127.0.0.1");
  };
  return {
    voice,
    async invites(): Promise<void> {
      const userToUser = Buffer.from("1;r=482913;s=mortgages").toString("hex");
      send(
        "INVITE",
        "",
        [
          "P-Asserted-Identity: <sip:+12025550123@127.0.0.1>",
          `User-to-User: ${userToUser};encoding=hex`,
          "X-Tandem-Context: r=482913",
          "Content-Type: application/sdp",
        ],
        [
          "v=0",
          "o=ann 1 1 IN IP4 127.0.0.1",
          "s=-",
          "c=IN IP4 127.0.0.1",
          "t=0 0",
          `m=audio ${voice.port} RTP/AVP 0 8 101`,
          "a=rtpmap:101 telephone-event/8000",
          "a=sendrecv",
          "",
        ].join("\r\n"),
      );
    },
    async agrees(): Promise<void> {
      const ok = await accepted;
      send("ACK", `;tag=${/^To:.*;tag=(\S+)/m.exec(ok)?.[1] ?? ""}`, [], "");
      const agreement = agreementOf(Buffer.from(ok.slice(ok.indexOf("\r\n\r\n") + 4)));
      if (agreement !== undefined) voice.agree(agreement);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      voice.close();
      socket.close();
    },
  };
}
