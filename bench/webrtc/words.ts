/** What goes between the bench and the processes that it measures, one object a message. `call` is a call's number. */

/** To the bridge: the media engine with its WebRTC gateway. */
export type ToBridge =
  | { readonly type: "open"; readonly call: number; readonly phonePort: number }
  | { readonly type: "answer"; readonly call: number; readonly sdp: string };

export type FromBridge =
  | { readonly type: "ready"; readonly gatewayPid: number }
  | { readonly type: "offer"; readonly call: number; readonly sdp: string }
  /** Its audio did not come up. */
  | { readonly type: "failed"; readonly call: number }
  /** Browser and phone are joined; the phone speaks to this port. */
  | { readonly type: "joined"; readonly call: number; readonly port: number };

/** To the browsers' ends. */
export interface ToBrowsers {
  readonly type: "offer";
  readonly call: number;
  readonly sdp: string;
  readonly phonePort: number;
}

/** What the phone at `phonePort` says to `port` goes on to the bridge, and what the bridge says comes back. */
export interface FromBrowsers {
  readonly type: "answer";
  readonly call: number;
  readonly sdp: string;
  readonly port: number;
}
