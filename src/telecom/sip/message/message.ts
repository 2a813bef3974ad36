/**
 * A SIP message, RFC 3261 7. Parsed lazily: the bytes are split once into start line, header lines and body; a header is
 * typed on first use through the accessors of `headers.ts`. Immutable: the `with...` functions of `build.ts` give a new one.
 */
export type SipMessage = SipRequest | SipResponse;

export interface SipRequest {
  readonly type: "request";
  readonly method: string;
  /** As it stood in the start line. `parseUri` types it. */
  readonly uri: string;
  readonly headers: readonly HeaderLine[];
  readonly body: Uint8Array;
}

export interface SipResponse {
  readonly type: "response";
  /** 100..699 */
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly HeaderLine[];
  readonly body: Uint8Array;
}

/** One header field, unfolded, compact names written out; `name` keeps its canonical spelling (`Call-ID`, `CSeq`). */
export interface HeaderLine {
  readonly name: string;
  readonly value: string;
}

/** Where a message came from or goes to. */
export interface Flow {
  readonly transport: "udp" | "tcp";
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}
