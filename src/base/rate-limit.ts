import type { Clock } from "./clock.ts";

/**
 * A token bucket an address: `perMinute` at once, then one each `60 / perMinute` seconds. Memory is bounded: when there are
 * too many addresses, the one that was quiet longest is forgotten, which can only be in its favour.
 */
export class RateLimit {
  readonly #clock: Clock;
  readonly #perMinute: number;
  readonly #buckets = new Map<string, { left: number; atMs: number }>();

  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock;
    this.#perMinute = perMinute;
  }

  /** Takes one; answers 0, or the seconds to wait when there is none. */
  take(address: string): number {
    const key = network(address);
    const nowMs = this.#clock.now();
    const left = this.#left(key, nowMs);
    const taken = left >= 1;
    this.#buckets.delete(key);
    this.#buckets.set(key, { left: taken ? left - 1 : left, atMs: nowMs });
    if (this.#buckets.size > mostAddresses) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    return taken ? 0 : this.#secondsUntilOne(left);
  }

  /** The seconds to wait until there is one, 0 when there is; takes none. */
  wait(address: string): number {
    const left = this.#left(network(address), this.#clock.now());
    return left >= 1 ? 0 : this.#secondsUntilOne(left);
  }

  #left(key: string, nowMs: number): number {
    const before = this.#buckets.get(key);
    if (before === undefined) return this.#perMinute;
    const refilled = before.left + ((nowMs - before.atMs) / 60_000) * this.#perMinute;
    return Math.min(this.#perMinute, refilled);
  }

  #secondsUntilOne(left: number): number {
    return Math.ceil(((1 - left) * 60) / this.#perMinute);
  }
}

const mostAddresses = 20_000;

/** One household has a whole /64 of IPv6: counting single addresses would count nothing. */
export function network(address: string): string {
  if (!address.includes(":") || address.startsWith("::ffff:")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const after = tail === "" ? [] : tail.split(":");
    while (groups.length + after.length < 8) groups.push("0");
    groups.push(...after);
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}
