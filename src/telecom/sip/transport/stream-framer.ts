import { limits } from "../message/parse.ts";

/**
 * What a stream was cut into. `unframeable`: where the message ends cannot be known; `octets` is its header section, for
 * the answer, and nothing after it is to be read.
 */
export type Frame =
  | { readonly type: "message"; readonly octets: Uint8Array }
  | { readonly type: "ping" }
  | { readonly type: "unframeable"; readonly octets: Uint8Array };

const usualOctets = 2_048;
const roomyOctets = 16_384;

/**
 * Cuts a stream into messages by Content-Length, RFC 3261 18.3, and finds keep-alives, RFC 5626 3.5.1. It holds at most one
 * message, and looks at every octet a bounded number of times, however small the pieces are that it comes in.
 */
export class StreamFramer {
  #buffer: Buffer = Buffer.alloc(usualOctets);
  #start = 0;
  #end = 0;
  /** Up to here no end of the header section has been found. */
  #searched = 0;
  /** Where the current message ends, once its header section is complete. */
  #messageEnd: number | undefined;
  #broken = false;

  /** True while a message has begun and not ended. */
  get midMessage(): boolean {
    return this.#end > this.#start && !this.#broken;
  }

  *push(octets: Uint8Array): Generator<Frame> {
    if (this.#broken) return;
    this.#append(octets);
    for (;;) {
      const frame = this.#next();
      if (frame === undefined) return;
      yield frame;
      if (frame.type === "unframeable") return;
    }
  }

  #next(): Frame | undefined {
    if (this.#messageEnd === undefined) {
      const ping = this.#takeEmptyLines();
      if (ping !== undefined) return ping;
      const headEnd = this.#buffer.subarray(0, this.#end).indexOf("\r\n\r\n", this.#searched);
      // The end may be half here: its first three octets are looked at again.
      this.#searched = Math.max(this.#start, this.#end - 3);
      if (headEnd < 0) {
        return this.#end - this.#start > limits.messageOctets ? this.#giveUp(this.#end) : undefined;
      }
      const length = declaredLength(this.#buffer.toString("latin1", this.#start, headEnd));
      const messageEnd = headEnd + 4 + (length ?? 0);
      if (length === undefined || messageEnd - this.#start > limits.messageOctets)
        return this.#giveUp(headEnd + 4);
      this.#messageEnd = messageEnd;
    }
    if (this.#end < this.#messageEnd) return undefined;
    const octets = Uint8Array.from(this.#buffer.subarray(this.#start, this.#messageEnd));
    this.#start = this.#messageEnd;
    this.#searched = this.#start;
    this.#messageEnd = undefined;
    return { type: "message", octets };
  }

  /** Between messages: two empty lines are a ping, one alone is nothing (a pong, or RFC 3261 7.5). */
  #takeEmptyLines(): Frame | undefined {
    const isEmptyLine = (at: number): boolean =>
      at + 1 < this.#end && this.#buffer[at] === 0x0d && this.#buffer[at + 1] === 0x0a;
    while (isEmptyLine(this.#start)) {
      const ping = isEmptyLine(this.#start + 2);
      this.#start += ping ? 4 : 2;
      this.#searched = Math.max(this.#searched, this.#start);
      if (ping) return { type: "ping" };
    }
    return undefined;
  }

  #giveUp(headEnd: number): Frame {
    this.#broken = true;
    return { type: "unframeable", octets: Uint8Array.from(this.#buffer.subarray(this.#start, headEnd)) };
  }

  /** Moves what is left to the front when room is needed, and doubles the room: so each octet is copied a few times at most. */
  #append(octets: Uint8Array): void {
    const held = this.#end - this.#start;
    if (held === 0 && this.#buffer.length > roomyOctets) {
      // A peer that once sent much does not keep the room for ever.
      this.#buffer = Buffer.alloc(usualOctets);
      this.#start = this.#end = this.#searched = 0;
    }
    if (this.#end + octets.length > this.#buffer.length) {
      const size = Math.max(this.#buffer.length, 2 * (held + octets.length));
      const target = held + octets.length > this.#buffer.length / 2 ? Buffer.alloc(size) : this.#buffer;
      this.#buffer.copy(target, 0, this.#start, this.#end);
      this.#buffer = target;
      this.#searched -= this.#start;
      if (this.#messageEnd !== undefined) this.#messageEnd -= this.#start;
      this.#start = 0;
      this.#end = held;
    }
    this.#buffer.set(octets, this.#end);
    this.#end += octets.length;
  }
}

/** The one Content-Length of a header section. None, two or a strange one: undefined (RFC 4475 3.1.2.3, 3.3.9). */
function declaredLength(head: string): number | undefined {
  const [line, second] = head.matchAll(/\r\n(?:content-length|l)[ \t]*:([^\r]*(?:\r\n[ \t][^\r]*)*)/gi);
  const [, digits] = /^\s*([0-9]{1,9})\s*$/.exec(line?.[1] ?? "") ?? [];
  return digits === undefined || second !== undefined ? undefined : Number(digits);
}
