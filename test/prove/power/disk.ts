/** What a program did to the files of a folder, in order, and what it said meanwhile. */
export type Touch =
  | { readonly type: "write"; readonly file: string; readonly offset: number; readonly data: Buffer }
  | { readonly type: "truncate"; readonly file: string; readonly length: number }
  | { readonly type: "flush"; readonly file: string }
  | { readonly type: "said"; readonly text: string };

type Change = Extract<Touch, { type: "write" | "truncate" }>;

/** Files as they are after a power loss: by name, what they hold. */
export type Files = ReadonlyMap<string, Buffer>;

const sectorOctets = 512;
/** Of many changes that wait together, so many are tried. */
const mostTried = 12;

/**
 * A disk that promises no more than `fsync` does: what was flushed is there; of what was written since, any part may be there, in any
 * order, and the last of it torn.
 */
export class Disk {
  #durable: Files = new Map();
  #pending: readonly Change[] = [];

  touched(touch: Touch): void {
    if (touch.type === "write" || touch.type === "truncate") this.#pending = [...this.#pending, touch];
    if (touch.type !== "flush") return;
    const flushed = this.#pending.filter(({ file }) => file === touch.file);
    this.#durable = changed(this.#durable, flushed);
    this.#pending = this.#pending.filter(({ file }) => file !== touch.file);
  }

  /** How it may be found when the power goes now: nothing of what waits, all of it, each beginning, all but one, and the last one torn. */
  *afterPowerLoss(): Iterable<Files> {
    const waiting = this.#pending;
    for (const length of some(waiting.length + 1)) yield changed(this.#durable, waiting.slice(0, length));
    for (const without of some(waiting.length))
      yield changed(this.#durable, [...waiting.slice(0, without), ...waiting.slice(without + 1)]);
    const last = waiting.at(-1);
    if (last?.type === "write")
      yield changed(this.#durable, [
        ...waiting.slice(0, -1),
        { ...last, data: last.data.subarray(0, sectorOctets) },
      ]);
  }
}

/** 0 .. count - 1, or some of them with both ends. */
function some(count: number): readonly number[] {
  if (count <= mostTried) return Array.from({ length: count }, (_, at) => at);
  return Array.from({ length: mostTried }, (_, at) => Math.round((at * (count - 1)) / (mostTried - 1)));
}

function changed(files: Files, changes: readonly Change[]): Files {
  const after = new Map(files);
  const own = new Set<string>();
  for (const change of changes) {
    const { file } = change;
    const before = after.get(file) ?? Buffer.alloc(0);
    if (change.type === "truncate") {
      after.set(file, Buffer.concat([before.subarray(0, change.length)], change.length));
      own.add(file);
      continue;
    }
    const end = change.offset + change.data.length;
    const isOwn = own.has(file) && end <= before.length;
    const content = isOwn ? before : Buffer.concat([before], Math.max(before.length, end));
    change.data.copy(content, change.offset);
    after.set(file, content);
    own.add(file);
  }
  return after;
}
