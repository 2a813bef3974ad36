import type { Socket } from "node:net";
import { TandemError } from "#base/errors.ts";

/**
 * The longest line that a client reads, and so the longest that it is told: `deliverable` keeps the snapshot, the one line
 * that grows with the number of legs, below it.
 */
export const longestEventBytes = 64 * 2 ** 20;

/**
 * Cuts a byte stream into lines. A line longer than `maxBytes` throws WIRE_INVALID, so a peer that never ends its line
 * cannot fill our memory. The pieces are joined once a line is whole: a long snapshot costs its length, not its square.
 */
export class LineCutter {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #heldBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that `chunk` completes, without their ends; empty lines are skipped. */
  feed(chunk: Buffer): string[] {
    const lines: string[] = [];
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(0x0a, from);
      const piece = chunk.subarray(from, end === -1 ? chunk.length : end);
      this.#heldBytes += piece.length;
      if (this.#heldBytes > this.#maxBytes) {
        this.#pieces = [];
        throw new TandemError("WIRE_INVALID", { why: "line too long", maxBytes: this.#maxBytes });
      }
      if (piece.length > 0) this.#pieces.push(piece);
      if (end === -1) return lines;
      if (this.#pieces.length > 0) lines.push(Buffer.concat(this.#pieces).toString("utf8"));
      this.#pieces = [];
      this.#heldBytes = 0;
      from = end + 1;
    }
  }
}

/** What is said within one turn of the event loop leaves in one write, and wakes the other side once. */
export function sayLine(socket: Socket, line: string): void {
  if (socket.writableCorked === 0) {
    socket.cork();
    process.nextTick(() => socket.uncork());
  }
  socket.write(line);
}
