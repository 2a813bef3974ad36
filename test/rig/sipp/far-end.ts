/** Scenarios of a far end for sipp, put together from what it does, in that order: `farEnd(hears("INVITE"), says(180), ...)`. */
export function farEnd(...acts: readonly string[]): { readonly xml: string } {
  const xml = `<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="far end">
${acts.join("\n")}
<Reference variables="caller,called,target,via" />
</scenario>
`;
  return { xml };
}

/** Waits for a request. The call's INVITE is remembered: who called whom, and where the caller is. */
export function hears(method: string): string {
  if (method === "INVITE") return `<recv request="INVITE" crlf="true"><action>${remembered}</action></recv>`;
  return `<recv request="${method}" crlf="true"></recv>`;
}

export function hearsResponse(status: number): string {
  return `<recv response="${status}" crlf="true"></recv>`;
}

export function pause(ms: number): string {
  return `<pause milliseconds="${ms}" />`;
}

const remembered = `
  <ereg regexp="[^ ].*" search_in="hdr" header="From:" assign_to="caller" />
  <ereg regexp="[^ ].*" search_in="hdr" header="To:" assign_to="called" />
  <ereg regexp="[^ ].*" search_in="hdr" header="Via:" assign_to="via" />
  <ereg regexp="sip:[^&gt;]*" search_in="hdr" header="Contact:" assign_to="target" />`;

export interface Saying {
  readonly sdp?: boolean | "sendonly";
  /** Where the session description says that media goes: sipp's own port unless told, `[field0]` for one of a file's. */
  readonly mediaPort?: string;
  readonly headers?: readonly string[];
  readonly tag?: string;
  /** CSeq of the INVITE that `saysToInvite` answers; 1 unless it was challenged or redirected. */
  readonly cseq?: number;
  /** Repeats until something comes, as the RFC's timers do. */
  readonly retransmitted?: boolean;
  /** sipp loses this one: it is written down as sent and never leaves. */
  readonly lost?: boolean;
}

/** Answers the request that was heard last. */
export function says(status: number, wish: Saying = {}): string {
  const tag = status === 100 ? "" : `;tag=${wish.tag ?? "far"}-[call_number]`;
  const words = `<send${attributes(wish)}><![CDATA[

SIP/2.0 ${status} As Told
[last_Via:]
[last_From:]
[last_To:]${tag}
[last_Call-ID:]
[last_CSeq:]
[last_Record-Route:]
Contact: <sip:far@[local_ip]:[local_port];transport=[transport]>
${body(wish)}
]]></send>`;
  return words;
}

/** Answers the INVITE that began the call, though another request was heard since. */
export function saysToInvite(status: number, wish: Saying = {}): string {
  return says(status, wish)
    .replace("[last_Via:]", "Via: [$via]")
    .replace("[last_From:]", "From: [$caller]")
    .replace("[last_To:]", "To: [$called]")
    .replace("[last_CSeq:]", `CSeq: ${wish.cseq ?? 1} INVITE`);
}

/** Answers a request inside the dialog, whose To has its tag already. */
export function saysInDialog(status: number, wish: Saying = {}): string {
  return says(status, wish).replace(/\[last_To:\];tag=.*/, "[last_To:]");
}

/** A request of the far end in the dialog. */
export function asks(
  method: string,
  wish: Saying & { readonly content?: { type: string; text: string } } = {},
): string {
  return `<send${attributes({ retransmitted: method !== "ACK", ...wish })}><![CDATA[

${method} [$target] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: [$called];tag=${wish.tag ?? "far"}-[call_number]
To: [$caller]
Call-ID: [call_id]
CSeq: [cseq] ${method}
Contact: <sip:far@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
${wish.content === undefined ? body(wish) : `Content-Type: ${wish.content.type}\nContent-Length: [len]\n\n${wish.content.text}`}
]]></send>`;
}

function attributes(wish: Saying): string {
  return `${wish.retransmitted === true ? ' retrans="500"' : ""}${wish.lost === true ? ' lost="100"' : ""}`;
}

function body(wish: Saying): string {
  const headers = (wish.headers ?? []).map((line) => `${line}\n`).join("");
  if (wish.sdp === undefined || wish.sdp === false) return `${headers}Content-Length: 0\n`;
  return `${headers}Content-Type: application/sdp
Content-Length: [len]

v=0
o=far 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio ${wish.mediaPort ?? "[media_port]"} RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
${wish.sdp === "sendonly" ? "a=sendonly" : "a=sendrecv"}
`;
}
