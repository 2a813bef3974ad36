/**
 * What a page of ours says to the telephone that runs in it: JSON in the `data-phone` attribute of the telephone's element, read once
 * by the program in `console/browser/`. Both are served by the same platform, so it is trusted there.
 */

/** WebRTC 4.2.4, as `RTCPeerConnection` takes it. */
export interface IceServer {
  readonly urls: readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

export interface PhoneFacts {
  /** `wss://talk.example/sip`: where SIP over WebSocket is spoken (RFC 7118). */
  readonly socketUrl: string;
  readonly iceServers: readonly IceServer[];
  readonly words: PhoneWords;
  /** A visitor's telephone: what it logs in as, for the length of one call. An agent types theirs. */
  readonly guest?: { readonly name: string; readonly password: string };
}

/** Why a telephone in a page cannot be called just now. */
export type NotReady =
  | "connecting"
  | "connection-lost"
  | "microphone-asked"
  | "microphone-refused"
  | "no-microphone"
  | "microphone-taken"
  | "no-secure-page"
  | "asleep"
  | "not-asked"
  | "elsewhere";

export interface WhyNotReady {
  readonly why: string;
  /** What the person at the page can do about it. */
  readonly todo: string;
}

/** What the program says by itself, in the page's language. What always stands on the page is not here. */
export interface PhoneWords {
  readonly ready: string;
  readonly notReady: string;
  readonly whyNotReady: Readonly<Record<NotReady, WhyNotReady>>;
  readonly nobodyCalls: string;
  readonly rings: string;
  readonly connecting: string;
  readonly talking: string;
  readonly onHold: string;
  readonly muted: string;
  /** `{caller}` and `{dialled}` are replaced. */
  readonly callFrom: string;
  readonly callFromNobody: string;
  readonly called: string;
  /** `{loss}` in percent, `{jitter}` in milliseconds. */
  readonly quality: string;
  readonly wrongPassword: string;
  readonly tooManyTries: string;
  readonly defaultDevice: string;
  /** `{number}`, where the browser does not tell a device's name. */
  readonly unnamedDevice: string;
}
