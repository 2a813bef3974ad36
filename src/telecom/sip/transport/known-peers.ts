/**
 * The addresses that we have sent requests to: trunks, and what stands behind them. What comes from there is no stranger's,
 * and is not counted as such. Bounded: the one that was not sent to for longest is forgotten.
 */
export class KnownPeers {
  static readonly #most = 2_000;
  readonly #addresses = new Set<string>();

  note(address: string): void {
    this.#addresses.delete(address);
    this.#addresses.add(address);
    const [oldest] = this.#addresses;
    if (this.#addresses.size > KnownPeers.#most && oldest !== undefined) this.#addresses.delete(oldest);
  }

  has(address: string): boolean {
    return this.#addresses.has(address);
  }
}
