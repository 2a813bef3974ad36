import type { Chance } from "./chance.ts";
import type { History } from "./history.ts";
import type { WorldClock } from "./world-clock.ts";

export interface Place {
  readonly address: string;
  readonly port: number;
}

/** A SIP message on its way. Over TCP it arrives or the sender is told at once; over UDP nobody is told anything. */
export interface Packet {
  readonly from: Place;
  readonly to: Place;
  readonly transport: "udp" | "tcp";
  readonly octets: Uint8Array;
  readonly callId: string;
  /** Of its top Via. */
  readonly branch: string;
  /** For the history. */
  readonly says: string;
}

export interface Weather {
  /** Shares of datagrams. */
  readonly loss: number;
  readonly duplication: number;
  /** On top of the usual few milliseconds; what varies is what reorders. */
  readonly delayMs: number;
  readonly jitterMs: number;
}

export const fairWeather: Weather = { loss: 0, duplication: 0, delayMs: 0, jitterMs: 0 };

interface Station {
  receive(packet: Packet): void;
  /** Whether it is the product's: its promises settle after each arrival. */
  readonly settles: boolean;
}

const leastDelayMs = 4;
const usualJitterMs = 12;
const tcpDelayMs = 20;

/** Between the unit and the trunks. */
export class Datagrams {
  readonly #clock: WorldClock;
  readonly #chance: Chance;
  readonly #history: History;
  readonly #stations = new Map<string, Station>();
  readonly #cutOff = new Set<string>();
  weather: Weather = fairWeather;
  /** Each packet that was lost, or late by more than people notice: the ends of a call may see different things then. */
  readonly harms: {
    readonly atMs: number;
    readonly callId: string;
    readonly addresses: readonly string[];
  }[] = [];
  sent = 0;
  /** Looks at what leaves, at the moment it does. */
  onSend: (packet: Packet) => void = () => {};
  onArrival: (packet: Packet) => void = () => {};

  constructor(parts: { clock: WorldClock; chance: Chance; history: History }) {
    this.#clock = parts.clock;
    this.#chance = parts.chance;
    this.#history = parts.history;
  }

  attach(address: string, station: Station): void {
    this.#stations.set(address, station);
  }

  detach(address: string): void {
    this.#stations.delete(address);
  }

  cutOff(address: string): void {
    this.#cutOff.add(address);
  }

  reconnect(address: string): void {
    this.#cutOff.delete(address);
  }

  reaches(one: string, other: string): boolean {
    return !this.#cutOff.has(one) && !this.#cutOff.has(other);
  }

  send(packet: Packet): "sent" | "failed" {
    this.sent += 1;
    this.onSend(packet);
    const { from, to, callId } = packet;
    const { loss, duplication, delayMs } = this.weather;
    const isCut = !this.reaches(from.address, to.address);
    if (packet.transport === "tcp") {
      this.#history.note(callId, `${from.address} says over TCP${isCut ? ", in vain" : ""}: ${packet.says}`);
      if (isCut) return this.#lose(packet, "failed");
      this.#carry(packet, tcpDelayMs);
      return "sent";
    }
    const isLost = isCut || this.#chance.happens(loss);
    this.#history.note(callId, `${from.address} says${isLost ? ", and it is lost" : ""}: ${packet.says}`);
    if (isLost) return this.#lose(packet, "sent");
    if (delayMs > 100) this.#lose(packet, "sent");
    this.#carry(packet, this.#delay());
    if (this.#chance.happens(duplication)) this.#carry(packet, this.#delay());
    return "sent";
  }

  /** What was said in that call did not come through, or not in time. */
  harm(callId: string, ...addresses: readonly string[]): void {
    this.harms.push({ atMs: this.#clock.now(), callId, addresses });
  }

  #lose<T>({ callId, from, to }: Packet, outcome: T): T {
    this.harm(callId, from.address, to.address);
    return outcome;
  }

  #delay(): number {
    const { delayMs, jitterMs } = this.weather;
    return leastDelayMs + delayMs + this.#chance.between(0, usualJitterMs + jitterMs);
  }

  #carry(packet: Packet, delayMs: number): void {
    const { address } = packet.to;
    const settles = this.#stations.get(address)?.settles === true;
    const arrive = (): void => {
      const station = this.#stations.get(address);
      if (station === undefined) return this.#lose(packet, undefined);
      this.onArrival(packet);
      station.receive(packet);
    };
    const atMs = this.#clock.now() + delayMs;
    if (settles) this.#clock.at(atMs, arrive);
    else this.#clock.outside(atMs, arrive);
  }
}
