/** The part of sdp-transform that we use; the package brings no types. Numbers that look like numbers come as numbers. */
declare module "sdp-transform" {
  export interface MediaDescription {
    type: string;
    port: number;
    protocol: string;
    payloads?: string | number;
    connection?: { version: number; ip: string | number };
    direction?: string;
    ptime?: number | string;
    rtcp?: { port: number | string; address?: string | number };
    rtp: {
      payload: number | string;
      codec: string | number;
      rate?: number | string;
      encoding?: number | string;
    }[];
    fmtp: { payload: number | string; config: string | number }[];
    crypto?: { id: number; suite: string; config: string }[];
  }
  export interface SessionDescription {
    version?: number | string;
    origin?: {
      username: string;
      sessionId: string | number;
      sessionVersion: number;
      netType: string;
      ipVer: number;
      address: string;
    };
    name?: string;
    timing?: { start: number; stop: number };
    connection?: { version: number; ip: string | number };
    direction?: string;
    media: MediaDescription[];
  }
  const sdpTransform: {
    parse(sdp: string): SessionDescription;
    write(description: SessionDescription): string;
  };
  export default sdpTransform;
}
