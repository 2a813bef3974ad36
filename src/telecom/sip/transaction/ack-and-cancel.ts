import { formatCSeq } from "../message/build.ts";
import { cseq } from "../message/headers.ts";
import type { HeaderLine, SipRequest, SipResponse } from "../message/message.ts";

const noBody = new Uint8Array(0);

/** RFC 3261 17.1.1.3: the ACK of a refusal. It travels the INVITE's way and has the To of the response it acknowledges. */
export function makeAck(invite: SipRequest, response: SipResponse): SipRequest {
  const to = response.headers.filter(({ name }) => name === "To");
  return companion(invite, "ACK", to);
}

/** RFC 3261 9.1: like its INVITE in everything that a proxy looks at. */
export function makeCancel(invite: SipRequest): SipRequest {
  const to = invite.headers.filter(({ name }) => name === "To");
  return companion(invite, "CANCEL", to);
}

function companion(invite: SipRequest, method: "ACK" | "CANCEL", to: readonly HeaderLine[]): SipRequest {
  const of = (wanted: string): readonly HeaderLine[] => invite.headers.filter(({ name }) => name === wanted);
  const headers: readonly HeaderLine[] = [
    // One Via alone, the INVITE's: the branch is what makes them belong together.
    ...of("Via").slice(0, 1),
    ...of("Route"),
    { name: "Max-Forwards", value: "70" },
    ...of("From"),
    ...to,
    ...of("Call-ID"),
    { name: "CSeq", value: formatCSeq({ number: cseq(invite).number, method }) },
  ];
  return { type: "request", method, uri: invite.uri, headers, body: noBody };
}
