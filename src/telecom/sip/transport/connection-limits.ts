/** What a stranger's connections may cost us. */
export interface ConnectionLimits {
  /** Strangers' over TCP and TLS, and as many WebSockets; an address that we have called ourselves is let in beyond it. */
  readonly connections: number;
  /** Of these, from one address. */
  readonly connectionsPerAddress: number;
  /** Until a connection stands, TLS and all, whoever opens it. */
  readonly connectMs: number;
  /** From the first octet of a message to its last, and from a connection's beginning to its first message. */
  readonly messageMs: number;
  /** Without a message or a keep-alive either way. Longer than a telephone rings. */
  readonly idleMs: number;
  /** A WebSocket of a stranger's, from one message to the next. A telephone's register or leave. */
  readonly strangerMs: number;
  /** Between the pings to a WebSocket of one of ours; after two without an answer it is closed. Shorter than proxies wait. */
  readonly pingMs: number;
  /** Octets that wait to be read by a peer; one that reads no more is cut. */
  readonly unreadOctets: number;
}

export const usualConnectionLimits: ConnectionLimits = {
  connections: 1_000,
  connectionsPerAddress: 50,
  connectMs: 5_000,
  messageMs: 10_000,
  idleMs: 600_000,
  strangerMs: 60_000,
  pingMs: 25_000,
  unreadOctets: 1_048_576,
};
