import type { Clock } from "#base/clock.ts";
import type { BridgeId, LegId, PermitId } from "#base/ids.ts";
import {
  type Command,
  type DialTarget,
  type LegIdentity,
  type LegState,
  type TelecomEvent,
  wireVersion,
} from "#contract/telecom.ts";
import type { TelecomUnit } from "#telecom/client.ts";
import { VirtualClient } from "./virtual-client.ts";
import { VirtualLeg } from "./virtual-leg.ts";
import { VirtualPhone } from "./virtual-phone.ts";

/**
 * A telecommunications unit without wires: it keeps the contract of `contract/telecom.ts` on a virtual clock, its telephones are
 * scripted, and it outlives its clients as the real one does. `unit-contract.ts` holds both to the same behaviour.
 */
export class VirtualUnit {
  readonly #clock: Clock;
  readonly #legs = new Map<LegId, VirtualLeg>();
  readonly #phones = new Map<string, VirtualPhone>();
  readonly #permits = new Map<PermitId, LegId>();
  readonly #bridges = new Map<BridgeId, { legs: readonly [LegId, LegId]; blocked: readonly LegId[] }>();
  readonly #clients = new Set<VirtualClient>();
  #boot = 1;
  #reachable = true;
  /** Each INVITE that left, in order: what invariants are checked against. */
  readonly dialed: {
    readonly atMs: number;
    readonly leg: LegId;
    readonly permit: PermitId;
    readonly user: string;
    readonly target: DialTarget;
    readonly identity: LegIdentity;
  }[] = [];
  /** Every bridge that was made. */
  readonly bridged: { readonly atMs: number; readonly bridge: BridgeId; readonly legs: readonly LegId[] }[] =
    [];
  /** What it was told of phones that may register, in order. None registers here. */
  readonly admitted: Extract<Command, { type: "admit-phones" }>[] = [];
  readonly refused: string[] = [];
  refusesDials = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The telephone at the end of this number (the Request-URI's user part); it only rings until it is told more. */
  phone(user: string): VirtualPhone {
    const known = this.#phones.get(user);
    if (known !== undefined) return known;
    const phone = new VirtualPhone(user, this.#clock);
    this.#phones.set(user, phone);
    return phone;
  }

  /** A new client, as after a crash of the web process. Its snapshot comes on a later turn. */
  connect(): TelecomUnit & { cut(): void; restore(): void } {
    const client = new VirtualClient(this.#clock, {
      take: (command) => this.#take(command),
      snapshot: () => this.#snapshot(),
      closed: (closed) => this.#clients.delete(closed),
    });
    this.#clients.add(client);
    if (this.#reachable) client.restore();
    return client;
  }

  /** For a while nobody can reach it; its lines stay up. */
  hides(): void {
    this.#reachable = false;
    for (const client of this.#clients) client.cut();
  }

  showsAgain(): void {
    this.#reachable = true;
    for (const client of this.#clients) client.restore();
  }

  /** The unit itself dies and comes back empty: every line is lost. */
  restart(): void {
    this.#boot += 1;
    for (const leg of this.#legs.values()) leg.close();
    this.#legs.clear();
    this.#bridges.clear();
    this.#permits.clear();
    for (const client of this.#clients) client.hear(this.#snapshot());
  }

  /** Legs that the unit still keeps, live or ended. None when everything is over and forgotten. */
  legs(): readonly LegState[] {
    return [...this.#legs.values()].map((leg) => leg.state);
  }

  #snapshot(): TelecomEvent {
    return {
      type: "snapshot",
      wireVersion,
      unitBoot: String(this.#boot),
      atMs: this.#clock.now(),
      legs: this.legs().map((leg) => structuredClone(leg)),
    };
  }

  #emit(event: TelecomEvent): void {
    for (const client of this.#clients) client.hear(structuredClone(event));
  }

  #take(command: Command): void {
    if (command.type === "dial") return this.#dial(command);
    if (command.type === "bridge") return this.#bridge(command);
    if (command.type === "unbridge") return this.#unbridge(command.bridge);
    if (command.type === "admit-phones") return void this.admitted.push(command);
    const leg = this.#legs.get(command.leg);
    if (leg === undefined) {
      // What is asked of a leg that is gone has been done already.
      if (command.type === "hang-up" || command.type === "forget" || command.type === "take-digits") return;
      return this.#refuse(command.type, command.leg, "unknown leg");
    }
    switch (command.type) {
      case "play":
        return leg.play(command);
      case "stop-play":
        return leg.endPlay(command.play, "stopped");
      case "send-digits":
        return leg.sendDigits(command);
      case "hang-up":
        return leg.end(leg.state.state === "answered" ? "hung-up-by-us" : "cancelled");
      case "take-digits":
        return leg.takeDigits(command.throughSeq);
      case "forget":
        if (leg.state.state === "ended") this.#legs.delete(command.leg);
        return;
    }
  }

  #refuse(command: string, leg: LegId | undefined, why: string): void {
    this.refused.push(`${command}: ${why}`);
    const of = leg === undefined ? {} : { leg };
    this.#emit({ type: "refused", command, ...of, why, atMs: this.#clock.now() });
  }

  #dial(command: Extract<Command, { type: "dial" }>): void {
    if (this.#legs.has(command.leg)) return;
    if (this.#permits.has(command.permit)) return this.#refuse("dial", command.leg, "permit used before");
    if (this.refusesDials) return this.#refuse("dial", command.leg, "the story wants it so");
    this.#permits.set(command.permit, command.leg);
    const { user } = command.target;
    const { leg: id, permit, identity } = command;
    this.dialed.push({ atMs: this.#clock.now(), leg: id, permit, user, target: command.target, identity });
    const leg = new VirtualLeg(command, {
      clock: this.#clock,
      phone: this.#phones.get(user),
      emit: (event) => this.#emit(event),
      ended: (id) => {
        for (const [bridge, { legs }] of this.#bridges) if (legs.includes(id)) this.#unbridge(bridge);
      },
      heardBy: (id) => this.#heardBy(id),
    });
    this.#legs.set(command.leg, leg);
    leg.ring();
  }

  #bridge(command: Extract<Command, { type: "bridge" }>): void {
    // Said twice is said once, also when it was undone in between.
    if (this.bridged.some(({ bridge }) => bridge === command.bridge)) return;
    const legs = command.legs.map((id) => this.#legs.get(id));
    if (legs.some((leg) => leg?.state.state !== "answered"))
      return this.#refuse("bridge", undefined, "a leg is not answered");
    this.#bridges.set(command.bridge, { legs: command.legs, blocked: command.blockDigitsFrom });
    for (const leg of legs) leg?.join(command.bridge);
    const atMs = this.#clock.now();
    this.bridged.push({ atMs, bridge: command.bridge, legs: command.legs });
    this.#emit({ type: "bridged", bridge: command.bridge, atMs });
  }

  #unbridge(bridge: BridgeId): void {
    const found = this.#bridges.get(bridge);
    if (found === undefined) return;
    this.#bridges.delete(bridge);
    for (const leg of found.legs) this.#legs.get(leg)?.join(undefined);
    this.#emit({ type: "unbridged", bridge, atMs: this.#clock.now() });
  }

  /** Who hears this leg's digits. */
  #heardBy(id: LegId): VirtualPhone | undefined {
    for (const { legs, blocked } of this.#bridges.values()) {
      if (!legs.includes(id) || blocked.includes(id)) continue;
      const other = legs[0] === id ? legs[1] : legs[0];
      return this.#legs.get(other)?.phone;
    }
    return undefined;
  }
}
