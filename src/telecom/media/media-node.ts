import type { Clock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import type { BridgeId, LegId, PlayId } from "#base/ids.ts";
import type { Random } from "#base/random.ts";
import type {
  MediaEngine,
  MediaEvent,
  PlayWish,
  TerminationStanding,
  TerminationStats,
  TerminationWish,
} from "./media-engine.ts";
import { type PortPair, PortPairs, type PortRange } from "./port-pairs.ts";
import type { RtpSockets } from "./rtp-sockets.ts";
import { Termination } from "./termination.ts";
import { startWheel } from "./wheel.ts";

export interface MediaNodeOptions {
  readonly portRange: PortRange;
  readonly mediaTimeoutMs: number;
  /** All timing is by this one, which nobody sets. */
  readonly clock: Clock;
  /** For what others are told: events, and RTCP's NTP time. */
  readonly wallClock: Pick<Clock, "now">;
  readonly random: Random;
  readonly sockets: RtpSockets;
  emit(event: MediaEvent): void;
  /** A bug that cost this termination, for the log. */
  bug(termination: LegId, error: unknown): void;
}

type Bridge = Parameters<MediaEngine["join"]>[0];

/**
 * The engine itself: terminations, bridges and the wheel, in whatever thread it was made. Its verbs are those of
 * `MediaEngine`; `create` and `release` of one termination must not be said before the other is done.
 */
export class MediaNode {
  readonly #options: MediaNodeOptions;
  readonly #ports: PortPairs;
  readonly #terminations = new Map<LegId, Termination>();
  readonly #bridges = new Map<BridgeId, Bridge>();
  /** At terminations that are gone. */
  #refusedBefore = 0;
  #wheel: { stop(): void } | undefined;

  constructor(options: MediaNodeOptions) {
    this.#options = options;
    this.#ports = new PortPairs(options.portRange, options.sockets, options.random);
  }

  async createTermination(wish: TerminationWish): Promise<void> {
    if (this.#terminations.has(wish.termination)) return;
    await this.#open(wish, (receive) => this.#ports.bind(receive));
  }

  async restoreTermination(standing: TerminationStanding): Promise<void> {
    const { wish, rtpPort } = standing;
    if (this.#terminations.has(wish.termination)) return;
    await this.#open(wish, (receive) => this.#ports.bindAt(rtpPort, receive), standing);
  }

  async #open(
    wish: TerminationWish,
    bind: (receive: Parameters<PortPairs["bind"]>[0]) => Promise<PortPair>,
    from?: TerminationStanding,
  ): Promise<void> {
    let termination: Termination | undefined;
    const ports = await bind({
      address: wish.address,
      rtp: (packet, length, from) => {
        try {
          termination?.rtp(packet, length, from);
        } catch (error) {
          this.#lose(wish.termination, error);
        }
      },
      rtcp: (packet, length, from) => {
        try {
          termination?.rtcp(packet, length, from);
        } catch (error) {
          this.#lose(wish.termination, error);
        }
      },
    });
    termination = new Termination(wish, this.#options, ports, from);
    this.#terminations.set(wish.termination, termination);
    termination.tellStanding();
    this.#wheel ??= startWheel(this.#options.clock, (dueMs) => this.#tick(dueMs));
  }

  createOffer(id: LegId): string {
    const termination = this.#known(id);
    const offer = termination.sdp.createOffer();
    termination.tellStanding();
    return offer;
  }

  setAnswer(id: LegId, sdp: string, signallingAddress: string | undefined): void {
    const termination = this.#known(id);
    termination.sdp.setAnswer(sdp);
    termination.negotiated(signallingAddress);
    termination.tellStanding();
  }

  createAnswer(id: LegId, offer: string, signallingAddress: string | undefined): string {
    const termination = this.#known(id);
    const answer = termination.sdp.createAnswer(offer);
    termination.negotiated(signallingAddress);
    termination.tellStanding();
    return answer;
  }

  play(wish: PlayWish): void {
    this.#known(wish.termination).speaker.play(wish);
  }

  stopPlay(id: LegId, play: PlayId): void {
    this.#terminations.get(id)?.speaker.stopPlay(play);
  }

  sendDtmf(id: LegId, digits: string): void {
    this.#known(id).speaker.sendDigits(digits);
  }

  join(wish: Bridge): void {
    const [first, second] = wish.terminations.map((id) => this.#known(id));
    if (first === undefined || second === undefined || first === second) {
      throw new TandemError("BUG", { why: "a bridge joins two terminations" });
    }
    // Who is joined anew leaves the bridge that it was in.
    for (const other of [...this.#bridges.values()]) {
      const shared = other.terminations.some((id) => wish.terminations.includes(id));
      if (other.bridge === wish.bridge || shared) this.unjoin(other.bridge);
    }
    this.#bridges.set(wish.bridge, wish);
    first.joinTo(second, wish.blockDigitsFrom.includes(first.id));
    second.joinTo(first, wish.blockDigitsFrom.includes(second.id));
  }

  unjoin(bridge: BridgeId): void {
    for (const id of this.#bridges.get(bridge)?.terminations ?? []) this.#terminations.get(id)?.unjoin();
    this.#bridges.delete(bridge);
  }

  async release(id: LegId): Promise<void> {
    const termination = this.#takeOut(id);
    if (termination === undefined) return;
    try {
      termination.sayGoodbye();
    } catch (error) {
      this.#options.bug(id, error);
    }
    await this.#free(termination);
  }

  stats(id: LegId): TerminationStats | undefined {
    return this.#terminations.get(id)?.stats();
  }

  audit(): Awaited<ReturnType<MediaEngine["audit"]>> {
    return {
      terminations: [...this.#terminations.keys()],
      bridges: [...this.#bridges.keys()],
      plays: [...this.#terminations.values()].flatMap(({ speaker }) => speaker.playing ?? []),
    };
  }

  /** Packets are counted since the thread began. */
  figures(): {
    readonly portPairs: { readonly used: number; readonly all: number };
    readonly rtpRefused: number;
  } {
    const refusedByLiving = [...this.#terminations.values()].reduce(
      (sum, termination) => sum + termination.stats().packetsRefused,
      0,
    );
    return { portPairs: this.#ports.figures(), rtpRefused: this.#refusedBefore + refusedByLiving };
  }

  async close(): Promise<void> {
    for (const id of [...this.#terminations.keys()]) await this.release(id);
    this.#stopWheel();
    this.#options.sockets.close();
  }

  #tick(dueMs: number): void {
    for (const termination of this.#terminations.values()) {
      try {
        termination.tick(dueMs);
      } catch (error) {
        this.#lose(termination.id, error);
      }
    }
  }

  /** A bug costs one leg, not the thread: its termination is gone, and whoever has the leg is told. */
  #lose(id: LegId, error: unknown): void {
    const termination = this.#takeOut(id);
    if (termination === undefined) return;
    const { bug, emit, wallClock } = this.#options;
    bug(id, error);
    emit({ type: "nodeLost", termination: id, atMs: wallClock.now() });
    this.#free(termination).catch((failure: unknown) => bug(id, failure));
  }

  /** From here on nobody speaks to it, nor it to anybody. */
  #takeOut(id: LegId): Termination | undefined {
    const termination = this.#terminations.get(id);
    for (const bridge of [...this.#bridges.values()]) {
      if (bridge.terminations.includes(id)) this.unjoin(bridge.bridge);
    }
    this.#terminations.delete(id);
    this.#refusedBefore += termination?.stats().packetsRefused ?? 0;
    if (this.#terminations.size === 0) this.#stopWheel();
    return termination;
  }

  async #free(termination: Termination): Promise<void> {
    const ports = termination.giveUpPorts();
    if (ports !== undefined) await this.#ports.release(ports);
  }

  #stopWheel(): void {
    this.#wheel?.stop();
    this.#wheel = undefined;
  }

  #known(id: LegId): Termination {
    const termination = this.#terminations.get(id);
    if (termination === undefined) throw new TandemError("TERMINATION_UNKNOWN", { termination: id });
    return termination;
  }
}
