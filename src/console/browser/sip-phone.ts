import { UA, WebSocketInterface } from "jssip";
import type { IncomingRequest } from "jssip/lib/SIPMessage";
import type { IncomingOptionsEvent, OutgoingOptionsEvent, RTCSessionEvent } from "jssip/lib/UA";
import type { IceServer, NotReady } from "#contract/browser-phone.ts";
import { type PhoneCondition, reasonHeader, waitBeforeTryMs } from "../readiness.ts";
import { chance } from "./chance.ts";
import { PhoneCall } from "./phone-call.ts";

/** What a telephone needs of the page around it. */
export interface PhoneParts {
  readonly socketUrl: string;
  readonly iceServers: readonly IceServer[];
  readonly name: string;
  readonly password: string;
  /** RFC 5626 4.1: names this tab, also after a reload, so that the new life takes the place of the old one. */
  readonly instance: string;
  /**
   * A guest is admitted by the call that rings it, which may come after the first REGISTER: it tries again. Who typed a password is
   * told that it is wrong.
   */
  readonly isGuest: boolean;
  /** Why a call here would not be heard. */
  readonly whySoundless: () => NotReady | undefined;
  readonly onCall: (call: PhoneCall) => void;
  readonly onChange: () => void;
}

/**
 * A telephone over WebSocket (RFC 7118), registered as long as its page lives. JsSIP speaks SIP; what is ours is when it tries again,
 * and what it answers to OPTIONS.
 */
export class SipPhone {
  registration: PhoneCondition["registration"] = "none";
  /** Why it has stopped trying. */
  refused: "wrong-password" | "too-many-tries" | undefined;
  askedAtMs: number | undefined;
  readonly #parts: PhoneParts;
  readonly #ua: UA;
  /** The call that rang last; one that comes while it rings is busy here. */
  #ringing: PhoneCall | undefined;
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: PhoneParts) {
    this.#parts = parts;
    const { name, password, instance } = parts;
    this.#ua = new UA({
      sockets: [new SpreadSocket(parts.socketUrl)],
      uri: `sip:${name}@${location.hostname}`,
      authorization_user: name,
      password,
      instance_id: instance,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 15,
      // The platform refreshes its calls (RFC 4028), and its phones need not.
      session_timers: false,
      user_agent: "Tandem's browser phone",
    });
    this.#listen();
    this.#ua.start();
  }

  /** A person's goodbye: calls are hung up, and the place is given back. */
  signOff(): void {
    clearTimeout(this.#timer);
    this.#ua.stop();
  }

  /** As if the page were gone: no call is ended, so that another tab can take it up. */
  vanish(): void {
    clearTimeout(this.#timer);
    transportOf(this.#ua).disconnect();
  }

  /** The way of the sound is lost: by this the platform knows that we are there, and calls again. */
  registerAgain(): void {
    if (this.#ua.isConnected()) this.#ua.register();
  }

  #listen(): void {
    this.#ua.on("registered", () => {
      this.#tries = 0;
      this.#become("registered");
    });
    this.#ua.on("disconnected", () => {
      // The platform has given up what rang by this connection: nobody would be there who answers it.
      if (this.#ringing?.state === "ringing") this.#ringing.leave();
      if (this.registration === "registered") this.#become("lost");
    });
    this.#ua.on("unregistered", () => this.#become("lost"));
    this.#ua.on("registrationFailed", ({ response }) => {
      const status: number = response?.status_code ?? 0;
      const proves = status === 401 || status === 403;
      if (proves && !this.#parts.isGuest) {
        this.refused = response.hasHeader("retry-after") ? "too-many-tries" : "wrong-password";
        this.signOff();
        return this.#parts.onChange();
      }
      this.#tries += 1;
      // A guest's call is over by then, and nothing of it is kept.
      if (this.#parts.isGuest && this.#tries > mostGuestTries) return;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.registerAgain(), waitBeforeTryMs(this.#tries, chance()));
    });
    this.#ua.on("newRTCSession", ({ originator, session, request }: RTCSessionEvent) => {
      if (isOurs(originator)) return;
      const call = new PhoneCall({
        session,
        request: request as IncomingRequest,
        iceServers: this.#parts.iceServers,
        onChange: this.#parts.onChange,
        onSoundLost: () => this.registerAgain(),
      });
      if (this.#ringing?.state !== "ringing") this.#ringing = call;
      this.#parts.onCall(call);
    });
    // RFC 3261 11.2: OPTIONS is answered as an INVITE would be.
    this.#ua.on("newOptions", (event: IncomingOptionsEvent | OutgoingOptionsEvent) => {
      const { message } = event as unknown as OptionsAsked;
      if (isOurs(event.originator)) return;
      this.askedAtMs = performance.now();
      const why = this.#parts.whySoundless();
      if (why === undefined) message.accept();
      else message.reject({ status_code: 480, extraHeaders: [reasonHeader(why)] });
      this.#parts.onChange();
    });
  }

  #become(registration: PhoneCondition["registration"]): void {
    this.registration = registration;
    this.#parts.onChange();
  }
}

/** Some two minutes: longer than any visitor's browser is rung. */
const mostGuestTries = 14;

/** JsSIP tries again after whole seconds: a crowd that was thrown off together would come back in step. */
class SpreadSocket extends WebSocketInterface {
  #isFirst = true;

  override connect(): void {
    const waitMs = this.#isFirst ? 0 : 1000 * chance();
    this.#isFirst = false;
    setTimeout(() => super.connect(), waitMs);
  }
}

/** An enum of JsSIP's types alone: at run time there are words. */
function isOurs(originator: string): boolean {
  return originator !== "remote";
}

/** JsSIP's own types leave it out. */
interface OptionsAsked {
  readonly message: {
    accept(): void;
    reject(how: { readonly status_code: number; readonly extraHeaders: readonly string[] }): void;
  };
}

/** And this: `stop` would hang up. */
function transportOf(ua: UA): { disconnect(): void } {
  return (ua as unknown as { readonly transport: { disconnect(): void } }).transport;
}
