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

/** How messages travel: RFC 3261 18, and RFC 7118 for `ws` and `wss`. */
export type TransportName = "udp" | "tcp" | "tls" | "ws" | "wss";

/** Where a message came from or goes to. */
export interface Flow {
  readonly transport: TransportName;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Of TLS to a far end of our choice: the name that its certificate must hold (RFC 5922 7). */
  readonly serverName?: string;
}
