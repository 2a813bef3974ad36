import { makeResponse } from "./message/build.ts";
import { paramValue } from "./message/grammar.ts";
import { to } from "./message/headers.ts";
import type { SipRequest, SipResponse } from "./message/message.ts";
import { allow } from "./dialog/call-state.ts";
import { abilities } from "./dialog/their-requests.ts";

/**
 * The answer to a request that belongs to none of our calls; undefined for an ACK. This platform takes no calls yet: every
 * stranger hears the same, so nobody learns which numbers or names exist here.
 */
export function answerToStray(request: SipRequest, toTag: string): SipResponse | undefined {
  const inDialog = paramValue(to(request).params, "tag") !== undefined;
  switch (request.method) {
    case "ACK":
      return undefined;
    case "OPTIONS":
      // RFC 3261 11.2
      return makeResponse(request, inDialog ? 481 : 200, { toTag, headers: inDialog ? [] : abilities });
    case "INVITE":
      return makeResponse(request, inDialog ? 481 : 403, { toTag });
    case "BYE":
    case "UPDATE":
    case "INFO":
      // RFC 3261 12.2.2, 9.2
      return makeResponse(request, 481, { toTag });
    default:
      // RFC 3261 8.2.1
      return makeResponse(request, 405, { toTag, headers: [allow] });
  }
}
