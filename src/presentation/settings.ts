import type { IceServer } from "#contract/browser-phone.ts";

/** What the operator chose for the presentation; `src/settings.ts` reads it from the environment. */
export interface PresentationSettings {
  readonly host: string;
  /** 0 takes a free one, told by `Presentation.port`. */
  readonly port: number;
  /** How browsers reach us, `https://talk.example`: cookies, HSTS and the Origin check follow it. */
  readonly publicUrl: string | undefined;
  /** Addresses or networks of reverse proxies whose X-Forwarded-For is believed. */
  readonly trustProxy: readonly string[];
  /** 32 octets each, newest first: tickets are sealed with the first and opened with any. */
  readonly secretKeys: readonly Uint8Array[];
  /** Bearer token of the operator's API; without one the API refuses everybody. */
  readonly operatorToken: string | undefined;
  readonly development: boolean;
  /** Origins whose pages may show ours in a frame; by none unless told. */
  readonly framedBy: readonly string[];
  /** Telephones in browsers; undefined while SIP over WebSocket is off. */
  readonly browserPhones: BrowserPhones | undefined;
  readonly limits?: Partial<TrafficLimits>;
}

export interface BrowserPhones {
  /** Where a browser finds SIP over WebSocket. `*` stands for the name by which it has found the page. */
  readonly socketUrl: string;
  readonly iceServers: readonly IceServer[];
}

/** What one visitor, one address and everybody together may take. */
export interface TrafficLimits {
  /** Submits of the welcome page, by address. */
  readonly beginsPerMinute: number;
  /** Every other page, by address. */
  readonly pagesPerMinute: number;
  readonly liveConnectionsPerSession: number;
  readonly liveConnectionsPerAddress: number;
  readonly liveConnections: number;
  readonly connections: number;
}

export const usualLimits: TrafficLimits = {
  beginsPerMinute: 10,
  pagesPerMinute: 300,
  liveConnectionsPerSession: 8,
  // A company behind one address has many visitors.
  liveConnectionsPerAddress: 200,
  liveConnections: 5000,
  connections: 10_000,
};

/** On a developer's machine every visitor comes from one address, and a reload is cheap. */
export const developmentLimits: TrafficLimits = {
  ...usualLimits,
  beginsPerMinute: 1000,
  pagesPerMinute: 10_000,
};
