import { createHmac } from "node:crypto";

/** TURN servers (RFC 8656) for browsers' ends, which share a secret with us. */
export interface RelaySettings {
  /** RFC 7065: `turn:turn.example:3478?transport=udp`, `turns:turn.example`. */
  readonly urls: readonly string[];
  readonly secret: string;
  /** Browsers' audio goes through one of them, or not at all. */
  readonly only: boolean;
}

export interface RelayLogin {
  readonly username: string;
  readonly password: string;
}

/**
 * A login at a TURN server that is good for a while, and tells nothing of the secret: draft-uberti-behave-turn-rest-00, 2.2, which coturn
 * has as `use-auth-secret`. The server keeps no list; it makes the same password of the same name.
 */
export function relayLogin(
  secret: string,
  { user, untilMs }: { readonly user: string; readonly untilMs: number },
): RelayLogin {
  const username = `${Math.ceil(untilMs / 1000)}:${user}`;
  return { username, password: createHmac("sha1", secret).update(username).digest("base64") };
}
