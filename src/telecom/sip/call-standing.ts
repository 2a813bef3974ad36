import type { CallEnd, CallEvent, OutgoingCall } from "./dialog/call-state.ts";
import type { SipTarget } from "./locate.ts";
import type { Flow, SipRequest } from "./message/message.ts";

/** A call as plain JSON: its machine, and what of it is on the wire. */
export interface CallStanding {
  readonly call: OutgoingCall;
  /** Names of server transactions given so far. */
  readonly keys: number;
  readonly open: readonly OpenRequest[];
  readonly told: Told | undefined;
}

/** A request of ours that may still be answered. */
export interface OpenRequest {
  readonly tx: string;
  /** Without its Via. */
  readonly request: Omit<SipRequest, "body"> & { readonly body: string };
  readonly branch: string;
  /** Undefined in a dialog: where the request's own next hop leads. */
  readonly target: SipTarget | undefined;
  /** What it went out on, once that is known. */
  readonly flow: Flow | undefined;
  /** Of an INVITE that had its final response: for 32 s from then it may come again, and others too, each to be acknowledged. */
  readonly answered: { readonly as: "accepted" | "refused"; readonly atMs: number } | undefined;
}

/** The last that its listener heard of how it stands: said again to the next one, who may not have got so far. */
export interface Told {
  readonly event: Extract<CallEvent, { type: "answered" | "over" }>;
  readonly from: string | undefined;
  /** Which of several telephones. */
  readonly branch: number;
}

/** Of a call that rings at several telephones. */
export interface ForkStanding {
  readonly phase: "ringing" | "chosen" | "over";
  readonly chosen: number | undefined;
  /** JSON has no undefined in a list. */
  readonly ends: readonly (CallEnd | null)[];
  /** Each one's row. */
  readonly branches: readonly string[];
  readonly told: Told | undefined;
}

export function bodyAsText(request: SipRequest): OpenRequest["request"] {
  return { ...request, body: Buffer.from(request.body).toString("base64") };
}

export function bodyAsOctets(request: OpenRequest["request"]): SipRequest {
  return { ...request, body: Buffer.from(request.body, "base64") };
}
