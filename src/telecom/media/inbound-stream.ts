import { type RtpView, sequenceDistance } from "./rtp.ts";

/** What RTCP tells of one source (RFC 3550 6.4.1). */
export interface ReceptionReport {
  readonly ssrc: number;
  /** Lost since the last report, in 256ths. */
  readonly fractionLost: number;
  readonly lost: number;
  readonly highestSequence: number;
  /** In timestamp units. */
  readonly jitter: number;
}

/** Counts one phone's stream as RFC 3550 A.1, A.3 and A.8 say. A new SSRC is a new stream; what was lost before stays counted. */
export class InboundStream {
  packets = 0;
  #ssrc = -1;
  #baseSequence = 0;
  #highest = 0;
  #cycles = 0;
  #received = 0;
  #lostBefore = 0;
  #transit = 0;
  #jitter = 0;
  #hasTransit = false;
  #expectedAtReport = 0;
  #receivedAtReport = 0;
  /** Middle 32 bits of the last sender report's NTP time, and when it came (RFC 3550 6.4.1: LSR, DLSR). */
  #lastReport: { readonly ntp: number; readonly atMs: number } | undefined;

  get ssrc(): number {
    return this.#ssrc;
  }

  /** @param timed false for telephone-events, whose repeated timestamps say nothing of jitter */
  packet(view: RtpView, nowMs: number, timed: boolean): void {
    this.packets += 1;
    if (view.ssrc !== this.#ssrc) {
      if (!timed && this.#ssrc !== -1) return;
      this.#begin(view);
    }
    const ahead = sequenceDistance(view.sequence, this.#highest);
    if (Math.abs(ahead) > 3_000) this.#begin(view);
    else if (ahead > 0) {
      if (view.sequence < this.#highest) this.#cycles += 0x10000;
      this.#highest = view.sequence;
    }
    this.#received += 1;
    if (timed) this.#measureJitter(view.timestamp, nowMs);
  }

  get lost(): number {
    return this.#lostBefore + this.#lostNow;
  }

  get jitterMs(): number {
    return this.#jitter / 8;
  }

  senderReport(ntp: number, atMs: number): void {
    this.#lastReport = { ntp, atMs };
  }

  get lastSenderReport(): { readonly ntp: number; readonly atMs: number } | undefined {
    return this.#lastReport;
  }

  /** The report since the last call; undefined while nothing was heard. */
  report(): ReceptionReport | undefined {
    if (this.#ssrc === -1) return undefined;
    const expected = this.#expected - this.#expectedAtReport;
    const received = this.#received - this.#receivedAtReport;
    this.#expectedAtReport = this.#expected;
    this.#receivedAtReport = this.#received;
    // RFC 3550 A.3: duplicates can make the loss negative, and then it is reported as none.
    const lost = Math.max(0, expected - received);
    return {
      ssrc: this.#ssrc,
      fractionLost: expected <= 0 ? 0 : Math.min(255, Math.floor((lost * 256) / expected)),
      // RFC 3550 6.4.1: of this source alone, since its beginning.
      lost: Math.min(this.#lostNow, 0x7fffff),
      highestSequence: (this.#cycles + this.#highest) >>> 0,
      jitter: Math.round(this.#jitter),
    };
  }

  get #lostNow(): number {
    return Math.max(0, this.#expected - this.#received);
  }

  get #expected(): number {
    return this.#ssrc === -1 ? 0 : this.#cycles + this.#highest - this.#baseSequence + 1;
  }

  #begin(view: RtpView): void {
    this.#lostBefore = this.lost;
    this.#ssrc = view.ssrc;
    this.#baseSequence = view.sequence;
    this.#highest = view.sequence;
    this.#cycles = 0;
    this.#received = 0;
    this.#expectedAtReport = 0;
    this.#receivedAtReport = 0;
    this.#hasTransit = false;
    this.#lastReport = undefined;
  }

  /** RFC 3550 A.8. */
  #measureJitter(timestamp: number, nowMs: number): void {
    const transit = (nowMs * 8 - timestamp) | 0;
    if (this.#hasTransit) {
      const change = Math.abs((transit - this.#transit) | 0);
      // A jump of seconds is a source's new timestamps, not the network's jitter.
      if (change < 80_000) this.#jitter += (change - this.#jitter) / 16;
    }
    this.#transit = transit;
    this.#hasTransit = true;
  }
}
