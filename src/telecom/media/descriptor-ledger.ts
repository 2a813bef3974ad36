/**
 * The descriptors that the kernel gave a thread past Node, where another thread can read them: should the one die, Node closes
 * what Node has opened for it, and these are the other's to close.
 */
export class DescriptorLedger {
  readonly shared: SharedArrayBuffer;
  /** A descriptor and one; 0 is a free place. */
  readonly #places: Int32Array;

  constructor(shared: SharedArrayBuffer) {
    this.shared = shared;
    this.#places = new Int32Array(shared);
  }

  static withRoomFor(descriptors: number): DescriptorLedger {
    return new DescriptorLedger(new SharedArrayBuffer(descriptors * Int32Array.BYTES_PER_ELEMENT));
  }

  /** Right after it was opened. */
  enter(descriptor: number): void {
    this.#replace(0, descriptor + 1);
  }

  /** Right before it is closed: its number may be another's at once, and must not be closed again. */
  strike(descriptor: number): void {
    this.#replace(descriptor + 1, 0);
  }

  standing(): readonly number[] {
    return Array.from(this.#places)
      .filter((entry) => entry !== 0)
      .map((entry) => entry - 1);
  }

  #replace(known: number, entry: number): void {
    const place = this.#places.indexOf(known);
    if (place !== -1) Atomics.store(this.#places, place, entry);
  }
}
