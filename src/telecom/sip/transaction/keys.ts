import { paramValue } from "../message/grammar.ts";
import { callId, cseq, formatVia, from, to, topVia } from "../message/headers.ts";
import type { Flow, SipMessage, SipRequest, SipResponse } from "../message/message.ts";

/** RFC 3261 8.1.1.7: what begins every branch that names a transaction by itself. */
export const magicCookie = "z9hG4bK";

/** RFC 3261 17.1.3: which client transaction a response is for. */
export function clientKey(message: SipMessage): string {
  return `${paramValue(topVia(message).params, "branch") ?? ""} ${cseq(message).method}`;
}

/**
 * RFC 3261 17.2.3: which server transaction a request is for. ACK and CANCEL name their INVITE's when `method` says so.
 * The sent-by is part of it, since another client may have chosen the same branch, by accident or to be a nuisance; so is
 * the transport, since a repetition, an ACK of a refusal and a CANCEL go the way of their request.
 */
export function serverKey(request: SipRequest, { transport }: Flow, method = request.method): string {
  const via = topVia(request);
  const branch = paramValue(via.params, "branch");
  if (branch?.startsWith(magicCookie) === true) {
    return `${branch} ${via.host.toLowerCase()}:${via.port ?? 5060} ${transport} ${method}`;
  }
  // RFC 2543 clients have no such branch; the To tag is left out, since the ACK has one where its INVITE had none.
  const fromTag = paramValue(from(request).params, "tag") ?? "";
  return [
    request.uri,
    fromTag,
    callId(request),
    cseq(request).number,
    formatVia(via),
    transport,
    method,
  ].join(" ");
}

/** RFC 3261 13.3.1.4, 17.1.1.3: the ACK of a 2xx has a branch of its own, and is known by its dialog and its number. */
export function acknowledgedKey(message: SipRequest | SipResponse): string {
  const fromTag = paramValue(from(message).params, "tag") ?? "";
  const toTag = paramValue(to(message).params, "tag") ?? "";
  return [callId(message), fromTag, toTag, cseq(message).number].join(" ");
}

/** RFC 3261 8.2.2.2: two requests outside a dialog that agree in these came the same way twice, by a fork. */
export function mergeKey(request: SipRequest, { transport }: Flow): string | undefined {
  if (paramValue(to(request).params, "tag") !== undefined) return undefined;
  const fromTag = paramValue(from(request).params, "tag");
  if (fromTag === undefined) return undefined;
  return [callId(request), fromTag, cseq(request).number, request.method, transport].join(" ");
}
