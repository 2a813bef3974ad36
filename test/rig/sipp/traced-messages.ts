import { sipMessages, type WireMessage } from "../capture.ts";

/** sipp's own log of messages, read as if it were a capture at its port. The cues of a story are not of the wire. */
export function tracedMessages(trace: string, port: number): readonly WireMessage[] {
  const telephone = `telephone:${port}`;
  // What sipp loses by itself it tells without a line of its own.
  const packets = trace.split(/^(?:.*\(while sending\)\.)?-{20,}.*$/m).flatMap((entry) => {
    const [, direction] = /^(?:UDP|TCP) message (received|sent)\b/m.exec(entry) ?? [];
    const at = entry.search(/^(?:SIP\/2\.0 \d{3}|[A-Z]+ sip:)/m);
    if (direction === undefined || at === -1) return [];
    const text = entry.slice(at).replaceAll(/\r?\n/g, "\r\n");
    const [from, to] = direction === "received" ? ["platform", telephone] : [telephone, "platform"];
    const payload = Buffer.from(text, "latin1");
    return [{ atMs: 0, transport: "udp" as const, from, to, sequence: 0, payload }];
  });
  return sipMessages(packets).filter(({ kind }) => kind !== "CUE");
}
