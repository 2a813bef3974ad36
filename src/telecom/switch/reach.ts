import { TandemError } from "#base/errors.ts";
import type { LegId } from "#base/ids.ts";
import type { Random } from "#base/random.ts";
import type { LegIdentity } from "#contract/telecom.ts";
import type { MediaEngine } from "../media/media-engine.ts";
import { isHold, unacceptable } from "../sdp/remote-description.ts";
import type { HeaderLine } from "../sip/message/message.ts";
import type { PhonePlace } from "../sip/registrar/registrar.ts";
import type { Told } from "../sip/call-standing.ts";
import {
  type CallListener,
  callName,
  type PlacedCall,
  type UserAgent,
  type WordToCall,
} from "../sip/user-agent.ts";
import { type RelaySettings, relayLogin } from "../webrtc/relay-login.ts";
import { readBrowsers, readOwnOffer, webDescription, type WebEnd } from "../webrtc/web-description.ts";
import type { WebPeer, WebRtcGateway } from "../webrtc/webrtc-gateway.ts";
import { invitesFor, isBrowser, leadsNowhere, type Way } from "./invite.ts";

/** What every reach of a switch works with. */
export interface ReachParts {
  readonly media: MediaEngine;
  /** Undefined where no browser can come. */
  readonly gateway?: WebRtcGateway;
  /** What browsers are told to come by; undefined where they come directly. */
  readonly relays?: RelaySettings;
  readonly agent: UserAgent;
  readonly random: Random;
  /** Where terminations are bound. */
  readonly address: string;
  /** `standing` has changed. Said before anything of it leaves. */
  readonly noted: () => void;
}

/** A reach as plain JSON, for the process that goes on with it. */
export interface ReachStanding {
  readonly way: Way;
  readonly plain: string;
  /** What its call is taken up by. */
  readonly call: string;
  /** Where the browser is that answered; its audio died with the process. */
  readonly browser?: (Browser & { readonly place: PhonePlace }) | undefined;
}

/** A leg's telephone as plain JSON, for the process that goes on with it. */
export interface TelephoneStanding {
  readonly ringing: readonly ReachStanding[];
  readonly answered?: ReachStanding | undefined;
  /** A guest may have been waited for before anything rang. */
  readonly waitsForGuest: boolean;
}

/** Of the browser that answered. */
interface Browser {
  readonly theirs: WebEnd;
  readonly mids: readonly string[];
}

/**
 * One try to reach a leg's telephone: its INVITEs, what they offer, and the browser's peer behind them. Telephones of both kinds ring
 * together; the one that answers decides what the leg's termination talks to: that telephone itself, or the gateway.
 */
export class Reach {
  readonly #parts: ReachParts;
  readonly #leg: LegId;
  readonly #way: Way;
  readonly #plain: string;
  #peer: WebPeer | undefined;
  #call: PlacedCall | undefined;
  #callName: string | undefined;
  #browser: Browser | undefined;
  #place: PhonePlace | undefined;

  private constructor(parts: ReachParts, wish: { leg: LegId; way: Way; plain: string }) {
    this.#parts = parts;
    this.#leg = wish.leg;
    this.#way = wish.way;
    this.#plain = wish.plain;
  }

  /**
   * Makes the offers, of a termination that was asked for already. `lost` is called when a browser's audio was up and is so no longer. Undefined
   * when the way leads to browsers alone and there is no WebRTC; `unavailable` says why.
   */
  static async make(
    parts: ReachParts,
    wish: { readonly leg: LegId; readonly way: Way; readonly lost: (reach: Reach) => void },
    unavailable: (why: TandemError) => void,
  ): Promise<Reach | undefined> {
    const { leg, way } = wish;
    const plain = await parts.media.createOffer(leg);
    const reach = new Reach(parts, { leg, way, plain });
    if (!hasBrowser(way)) return reach;
    try {
      await reach.#openPeer(() => wish.lost(reach));
      return reach;
    } catch (error) {
      if (!(error instanceof TandemError)) throw error;
      unavailable(error);
      const others = withoutBrowsers(way);
      return leadsNowhere(others) ? undefined : new Reach(parts, { leg, way: others, plain });
    }
  }

  /** Another process's reach; `heard` is told what becomes of its call from now on. Undefined when that is not to be had. */
  static resumed(
    parts: ReachParts,
    { leg, standing }: { readonly leg: LegId; readonly standing: ReachStanding },
    heard: (reach: Reach) => CallListener,
  ): { readonly reach: Reach; readonly told: Told | undefined } | undefined {
    const { way, plain, call, browser } = standing;
    const reach = new Reach(parts, { leg, way, plain });
    const taken = parts.agent.takeUp(call, heard(reach));
    if (taken === undefined) return undefined;
    reach.#call = taken.call;
    reach.#callName = call;
    if (browser !== undefined) {
      reach.#browser = { theirs: browser.theirs, mids: browser.mids };
      reach.#place = browser.place;
    }
    return { reach, told: taken.told };
  }

  /** Undefined before it rings. */
  get standing(): ReachStanding | undefined {
    if (this.#callName === undefined) return undefined;
    const place = this.#place;
    const browser =
      this.#browser === undefined || place === undefined ? undefined : { ...this.#browser, place };
    return { way: this.#way, plain: this.#plain, call: this.#callName, browser };
  }

  /** Where it rings, and where it was answered. */
  get places(): readonly PhonePlace[] {
    return this.#way.type === "phone" ? this.#way.places : [];
  }

  get ringsBrowsers(): boolean {
    return hasBrowser(this.#way);
  }

  /** The browser's place that answered; undefined for every other telephone. */
  get browsersPlace(): PhonePlace | undefined {
    return this.#browser === undefined ? undefined : this.#place;
  }

  /** `endAtMs`: the leg lives no longer, and neither does what a browser logs in to a relay by. */
  ring(
    wish: { readonly identity: LegIdentity; readonly resumes: boolean; readonly endAtMs: number },
    heard: CallListener,
  ): void {
    const { agent, random } = this.#parts;
    const peer = this.#peer;
    const webrtc = peer && webDescription(this.#plain, { ...peer.ours, setup: "actpass", mids: firstMids });
    const offers = { plain: this.#plain, webrtc, relayHeaders: this.#relayHeaders(wish.endAtMs) };
    const wishes = invitesFor({ ...wish, way: this.#way, offers, addressOver: agent.addressOver, random });
    // Known before anything of the call leaves: who goes on with it finds it by this.
    this.#callName = callName(wishes);
    this.#parts.noted();
    this.#call = agent.placeForked(wishes, heard);
  }

  say(word: WordToCall): void {
    this.#call?.say(word);
  }

  /** Early media is a plain telephone's alone: a browser is heard when it is picked up. */
  mayPlayEarly(branch: number): boolean {
    return !this.#isBrowser(branch);
  }

  /** Joins the leg's termination to the telephone that answered. Throws what cannot be used: the leg has no audio then. */
  async answered(branch: number, sdp: string | undefined, from: string | undefined): Promise<void> {
    const { media } = this.#parts;
    this.#place = this.places[branch];
    if (!this.#isBrowser(branch)) {
      this.#closePeer();
      if (sdp !== undefined) await media.setAnswer(this.#leg, sdp, from);
      return;
    }
    const peer = this.#peer;
    if (peer === undefined || sdp === undefined)
      throw unacceptable("a browser's answer has to stand in its 200");
    const { theirs, mids, plain } = readBrowsers(sdp, peer.relay);
    // It would be tried in vain for as long as a handshake may take: who looks for the reason is told it here.
    if (this.#parts.relays?.only === true && theirs.candidates.length === 0)
      throw new TandemError("WEBRTC_NO_RELAY");
    await peer.connect(theirs);
    // What plays before the audio is up is heard by nobody: so the answer counts from here on.
    await media.setAnswer(this.#leg, plain);
    this.#browser = { theirs, mids };
  }

  /** Their offer in the call, answered; without `sdp` they ask for ours. */
  async offered(
    sdp: string | undefined,
    from: string | undefined,
  ): Promise<{ readonly sdp: string; readonly onHold: boolean | undefined }> {
    const { media } = this.#parts;
    if (sdp === undefined) return { sdp: await this.offer(), onHold: undefined };
    const peer = this.#peer;
    if (this.#browser === undefined || peer === undefined) {
      return { sdp: await media.createAnswer(this.#leg, sdp, from), onHold: isHold(sdp) };
    }
    const { plain, mids } = this.#sameBrowsers(sdp, peer);
    const ours = await media.createAnswer(this.#leg, plain);
    this.#browser = { ...this.#browser, mids };
    // RFC 8842 5.5: the association stands, and so does who began it.
    return { sdp: webDescription(ours, { ...peer.ours, setup: "passive", mids }), onHold: isHold(plain) };
  }

  /** A later offer of ours. */
  async offer(): Promise<string> {
    const plain = await this.#parts.media.createOffer(this.#leg);
    const peer = this.#peer;
    if (this.#browser === undefined || peer === undefined) return plain;
    return webDescription(plain, { ...peer.ours, setup: "actpass", mids: this.#browser.mids });
  }

  /** Their answer to it. Gives whether they hold us. */
  async answer(sdp: string, from: string | undefined): Promise<boolean> {
    const { media } = this.#parts;
    const peer = this.#peer;
    if (this.#browser === undefined || peer === undefined) {
      await media.setAnswer(this.#leg, sdp, from);
      return isHold(sdp);
    }
    const { plain } = this.#sameBrowsers(sdp, peer);
    await media.setAnswer(this.#leg, plain);
    return isHold(plain);
  }

  /** Says goodbye and lets the peer go. */
  end(headers: readonly HeaderLine[]): void {
    this.say({ type: "hang-up", headers });
    this.#closePeer();
  }

  /** RFC 8839 4.4.1, RFC 8842 4: with other credentials it is another connection, and that takes a call of its own. */
  #sameBrowsers(sdp: string, peer: WebPeer) {
    const read = readBrowsers(sdp, peer.relay);
    const before = this.#browser?.theirs;
    const isSame =
      read.theirs.iceUfrag === before?.iceUfrag &&
      read.theirs.icePwd === before.icePwd &&
      read.theirs.fingerprint === before.fingerprint;
    if (!isSame) throw unacceptable("it begins ICE or DTLS anew");
    return read;
  }

  /** draft-uberti-behave-turn-rest-00: who is rung here has proven who they are, or is the guest of this very leg. */
  #relayHeaders(endAtMs: number): readonly HeaderLine[] {
    const { relays } = this.#parts;
    if (relays === undefined) return [];
    const { username, password } = relayLogin(relays.secret, {
      user: encodeURIComponent(this.#leg),
      untilMs: endAtMs,
    });
    const policy = relays.only ? [{ name: "X-Tandem-Relay-Only", value: "1" }] : [];
    return [
      ...relays.urls.map((url) => ({ name: "X-Tandem-Relay", value: `${url} ${username} ${password}` })),
      ...policy,
    ];
  }

  async #openPeer(lost: () => void): Promise<void> {
    const { gateway, address } = this.#parts;
    if (gateway === undefined) throw new TandemError("WEBRTC_UNAVAILABLE", { why: "the unit has none" });
    const own = readOwnOffer(this.#plain);
    this.#peer = await gateway.open({ address: reachable(address), ...own }, lost);
  }

  #isBrowser(branch: number): boolean {
    const place = this.places[branch];
    return place !== undefined && isBrowser(place);
  }

  #closePeer(): void {
    this.#peer?.close();
    this.#peer = undefined;
  }
}

/** An offer of ours has one m= line at first. */
const firstMids = ["0"];

function hasBrowser(way: Way): boolean {
  return way.type === "phone" && way.places.some(isBrowser);
}

function withoutBrowsers(way: Way): Way {
  return way.type === "phone" ? { ...way, places: way.places.filter((place) => !isBrowser(place)) } : way;
}

/** Of what is bound to every address of this host, the one that no packet leaves the host for. */
function reachable(address: string): string {
  if (address === "0.0.0.0") return "127.0.0.1";
  return address === "::" ? "::1" : address;
}
