import type { RTCSession } from "jssip/lib/RTCSession";
import type { IncomingRequest } from "jssip/lib/SIPMessage";
import type { IceServer } from "#contract/browser-phone.ts";
import { relaysIn, type RelaysTold } from "../relays-told.ts";
import { chosenDevice } from "./device-choice.ts";
import type { Microphone } from "./microphone.ts";

export type CallState = "ringing" | "connecting" | "talking" | "ended";

/** How the far end comes through, over the last seconds. */
export interface Quality {
  readonly lossPercent: number;
  readonly jitterMs: number;
}

/** One call at this telephone, from its ring to its end. */
export class PhoneCall {
  state: CallState = "ringing";
  isMuted = false;
  isOnHold = false;
  quality: Quality | undefined;
  /** The platform takes up a call that this page, or the one before it, had: nobody is asked again. */
  readonly resumes: boolean;
  readonly caller: string | undefined;
  readonly dialled: string;
  readonly #relays: RelaysTold;
  readonly #session: RTCSession;
  readonly #parts: CallParts;
  readonly #voice = new Audio();
  readonly #watching: ReturnType<typeof setInterval>;
  #microphone: MediaStreamTrack | undefined;
  #counted = { lost: 0, received: 0 };

  constructor(parts: CallParts) {
    const { session, request } = parts;
    this.#session = session;
    this.#parts = parts;
    this.resumes = request.getHeader("X-Tandem-Resume") === "1";
    this.caller = telephoneNumber(request.from.uri.user);
    this.dialled = request.to.uri.user;
    this.#relays = relaysIn({
      relays: request.getHeaders("X-Tandem-Relay"),
      only: request.getHeader("X-Tandem-Relay-Only"),
    });
    this.#listen();
    this.#watching = setInterval(() => void this.#measure(), 2000);
  }

  answer(microphone: MediaStreamTrack): void {
    if (this.state !== "ringing") return;
    this.#become("connecting");
    this.#microphone = microphone.clone();
    this.#session.answer({
      mediaStream: new MediaStream([this.#microphone]),
      pcConfig: {
        iceServers: [...this.#parts.iceServers, ...this.#relays.servers].map(({ urls, ...login }) => ({
          ...{ urls: [...urls], ...login },
        })),
        iceTransportPolicy: this.#relays.only ? "relay" : "all",
      },
    });
  }

  /** One that rings is declined, or, when another is up, told that it is busy here. */
  hangUp(why: "declined" | "busy" = "declined"): void {
    if (this.state === "ended") return;
    const isUp = this.state !== "ringing";
    this.#end();
    this.#session.terminate(isUp ? {} : { status_code: why === "busy" ? 486 : 603 });
  }

  /** It goes on elsewhere, by another INVITE or in another tab: nothing is said. */
  leave(): void {
    this.#session.connection?.close();
    this.#end();
  }

  mute(isMuted: boolean): void {
    if (isMuted) this.#session.mute({ audio: true });
    else this.#session.unmute({ audio: true });
    this.isMuted = isMuted;
    this.#parts.onChange();
  }

  hold(isOnHold: boolean): void {
    // One offer at a time (RFC 3264 4): while one is under way this does nothing.
    const accepted = isOnHold ? this.#session.hold() : this.#session.unhold();
    if (accepted) this.isOnHold = isOnHold;
    this.#parts.onChange();
  }

  /** RFC 4733 in the sound; where the far end takes none, INFO. */
  press(key: string): void {
    if (this.state !== "talking") return;
    const canPlay = this.#sender()?.dtmf?.canInsertDTMF === true;
    const transportType = (canPlay ? "RFC2833" : "INFO") as never;
    this.#session.sendDTMF(key, { transportType, duration: 160, interToneGap: 80 });
  }

  /** Another microphone was chosen, or the old one came back. */
  async speakInto(microphone: MediaStreamTrack): Promise<void> {
    const sender = this.#sender();
    if (sender === undefined || this.state === "ended") return;
    const next = microphone.clone();
    next.enabled = !this.isMuted && !this.isOnHold;
    await sender.replaceTrack(next);
    this.#microphone?.stop();
    this.#microphone = next;
  }

  /** Not every browser lets a page choose. */
  async hearFrom(deviceId: string): Promise<void> {
    if ("setSinkId" in this.#voice) await this.#voice.setSinkId(deviceId);
  }

  #listen(): void {
    const { onChange } = this.#parts;
    this.#session.on("peerconnection", ({ peerconnection }) => this.#hear(peerconnection));
    this.#session.on("confirmed", () => this.#become("talking"));
    this.#session.on("hold", onChange);
    this.#session.on("unhold", onChange);
    this.#session.on("ended", () => this.#end());
    this.#session.on("failed", () => this.#end());
    // JsSIP waits until every server has been asked for an address of ours; one that is silent must not keep the caller waiting.
    this.#session.on("icecandidate", ({ ready }) => void setTimeout(ready, longestGatheringMs));
  }

  #hear(connection: RTCPeerConnection): void {
    connection.addEventListener("track", ({ track }) => {
      this.#voice.srcObject = new MediaStream([track]);
      void this.hearFrom(chosenDevice("speaker"));
      // Refused until a person touches the page: what is not ready then is told, and `wake` plays it.
      this.#voice.play().catch(() => {});
    });
    // JsSIP would hang up here. The platform calls again instead, and the call goes on.
    connection.addEventListener(
      "iceconnectionstatechange",
      (event) => {
        if (connection.iceConnectionState !== "failed") return;
        event.stopImmediatePropagation();
        if (this.state !== "ended") this.#parts.onSoundLost();
      },
      { capture: true },
    );
  }

  /** The page was touched. */
  wake(): void {
    if (this.#voice.paused && this.#voice.srcObject !== null) void this.#voice.play();
  }

  #sender(): RTCRtpSender | undefined {
    return this.#session.connection?.getSenders().find(({ track }) => track?.kind === "audio");
  }

  async #measure(): Promise<void> {
    if (this.state !== "talking") return;
    const reports = await this.#session.connection.getStats();
    for (const report of reports.values() as Iterable<Partial<RTCInboundRtpStreamStats>>) {
      if (report.type !== "inbound-rtp") continue;
      const { packetsLost: lost = 0, packetsReceived: received = 0, jitter = 0 } = report;
      const missed = Math.max(0, lost - this.#counted.lost);
      const came = received - this.#counted.received;
      this.#counted = { lost, received };
      const all = missed + came;
      this.quality = {
        lossPercent: all <= 0 ? 100 : Math.round((100 * missed) / all),
        jitterMs: Math.round(jitter * 1000),
      };
    }
    this.#parts.onChange();
  }

  #end(): void {
    clearInterval(this.#watching);
    this.#voice.srcObject = null;
    this.#microphone?.stop();
    this.#become("ended");
  }

  #become(state: CallState): void {
    if (this.state === state || this.state === "ended") return;
    this.state = state;
    this.#parts.onChange();
  }
}

/** As soon as there is a microphone to answer with; without one the caller is told that nobody can be heard here. */
export async function answerWith(call: PhoneCall, microphone: Microphone): Promise<void> {
  const track = await microphone.opened();
  if (track === undefined) call.hangUp("busy");
  else call.answer(track);
}

export interface CallParts {
  readonly session: RTCSession;
  readonly request: IncomingRequest;
  readonly iceServers: readonly IceServer[];
  readonly onChange: () => void;
  /** ICE has given up: what the call needs is another way. */
  readonly onSoundLost: () => void;
}

const longestGatheringMs = 500;

function telephoneNumber(user: string | null): string | undefined {
  return user !== null && /^\+?[0-9]{1,20}$/.test(user) ? user : undefined;
}
