/**
 * What the engine needs of UDP. Two implementations: `dgram-sockets.ts` runs everywhere, `koffi-sockets.ts` calls the
 * kernel itself, on Linux.
 */
export interface RtpSockets {
  readonly kind: "dgram" | "koffi";
  /** Binds one socket; rejects with the system's error (`code: "EADDRINUSE"`, ...) when it cannot. */
  bind(wish: { address: string; port: number; receive: Receive }): Promise<RtpSocket>;
  /** Frees what the sockets share. Close every socket first. */
  close(): void;
}

/**
 * One datagram: `packet[0..length)`. The buffer is the receiver's to rewrite and pass on to `send`, within this call alone.
 * `from` is good within this call alone. Must not throw.
 */
export type Receive = (packet: Buffer, length: number, from: Endpoint) => void;

/** An address in canonical form (RFC 5952), and a port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface RtpSocket {
  readonly port: number;
  /** Sends `packet[start..end)`. What the system will not take now is dropped: late audio is worth nothing. */
  send(packet: Buffer, range: { start: number; end: number }, to: Endpoint): void;
  close(): Promise<void>;
}
