import type { ResponseWish } from "./message/build.ts";
import { paramValue } from "./message/grammar.ts";
import { to } from "./message/headers.ts";
import type { SipRequest } from "./message/message.ts";
import { allow } from "./dialog/call-state.ts";
import { abilities } from "./dialog/their-requests.ts";

/**
 * The answer to a request that belongs to none of our calls. This platform takes no calls yet: every stranger hears the
 * same, so nobody learns which numbers or names exist here, and nothing of what they ask is kept.
 */
export function answerToStray(request: SipRequest): ResponseWish & { readonly status: number } {
  const inDialog = paramValue(to(request).params, "tag") !== undefined;
  switch (request.method) {
    case "OPTIONS":
      // RFC 3261 11.2
      return inDialog ? { status: 481 } : { status: 200, headers: abilities };
    case "INVITE":
      return { status: inDialog ? 481 : 403 };
    case "BYE":
    case "UPDATE":
    case "INFO":
      // RFC 3261 12.2.2, 9.2
      return { status: 481 };
    default:
      // RFC 3261 8.2.1
      return { status: 405, headers: [allow] };
  }
}
