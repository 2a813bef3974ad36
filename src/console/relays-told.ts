import type { IceServer } from "#contract/browser-phone.ts";

/** TURN servers by which this call's sound may go, or must. */
export interface RelaysTold {
  readonly servers: readonly IceServer[];
  readonly only: boolean;
}

/**
 * What the INVITE says of them: `X-Tandem-Relay: URL USERNAME PASSWORD`, once a server, and `X-Tandem-Relay-Only: 1`. The login is for this
 * one call, so it comes with the call, to who may have it, and stands in no page.
 */
export function relaysIn(headers: {
  readonly relays: readonly string[];
  readonly only: string | undefined;
}): RelaysTold {
  const servers = headers.relays.flatMap((relay): readonly IceServer[] => {
    const [url = "", username, credential, ...more] = relay.trim().split(/\s+/);
    const isWhole = username !== undefined && credential !== undefined && more.length === 0;
    return isWhole && /^turns?:/.test(url) ? [{ urls: [url], username, credential }] : [];
  });
  return { servers, only: headers.only?.trim() === "1" };
}
