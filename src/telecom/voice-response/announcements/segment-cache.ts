import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "#base/log.ts";
import { type LineAudio, restored } from "./line-audio.ts";

/**
 * Sounds by what they say, least recently used first out, bounded by bytes. Two who ask for the same at once wait for one
 * making. With a folder, what was made stands there too for the next start of the process; nothing private ever comes here.
 */
export class SegmentCache {
  readonly #bytes: number;
  readonly #folder: string | undefined;
  readonly #log: Log;
  // A Map keeps the order of insertion: a hit is taken out and put back at the end.
  readonly #sounds = new Map<string, LineAudio>();
  readonly #making = new Map<string, Promise<LineAudio>>();
  #held = 0;
  #onDisk = 0;

  constructor(options: { bytes: number; folder: string | undefined; log: Log }) {
    this.#bytes = options.bytes;
    this.#folder = options.folder;
    this.#log = options.log;
  }

  /** The sound of `key`, made by `make` if need be. A making that fails is remembered by nobody. */
  sound(key: string, make: () => Promise<LineAudio>): Promise<LineAudio> {
    const known = this.#sounds.get(key);
    if (known !== undefined) {
      this.#sounds.delete(key);
      this.#sounds.set(key, known);
      return Promise.resolve(known);
    }
    const underWay = this.#making.get(key);
    if (underWay !== undefined) return underWay;
    const making = this.#make(key, make).finally(() => this.#making.delete(key));
    this.#making.set(key, making);
    return making;
  }

  get heldBytes(): number {
    return this.#held;
  }

  /** Removes the oldest files while the folder holds more than the bound. A folder that cannot be used is not used. */
  async prepareFolder(): Promise<void> {
    if (this.#folder === undefined) return;
    try {
      await mkdir(this.#folder, { recursive: true });
      const files = await Promise.all(
        (await readdir(this.#folder)).map(async (name) => {
          const path = join(this.#folder ?? "", name);
          const { size, mtimeMs } = await stat(path);
          return { path, size, mtimeMs };
        }),
      );
      files.sort((one, other) => other.mtimeMs - one.mtimeMs);
      for (const file of files) {
        if (this.#onDisk + file.size > this.#bytes) await rm(file.path);
        else this.#onDisk += file.size;
      }
    } catch (error) {
      this.#log.warn({ folder: this.#folder, error }, "The folder for spoken sounds cannot be used.");
    }
  }

  async #make(key: string, make: () => Promise<LineAudio>): Promise<LineAudio> {
    const stored = await this.#fromFolder(key);
    const sound = stored ?? (await make());
    this.#keep(key, sound);
    if (stored === undefined) await this.#toFolder(key, sound);
    return sound;
  }

  #keep(key: string, sound: LineAudio): void {
    if (sound.byteLength > this.#bytes / 4) return;
    this.#sounds.set(key, sound);
    this.#held += sound.byteLength;
    for (const [oldest, other] of this.#sounds) {
      if (this.#held <= this.#bytes) break;
      this.#sounds.delete(oldest);
      this.#held -= other.byteLength;
    }
  }

  #path(key: string): string {
    return join(this.#folder ?? "", `${createHash("sha256").update(key).digest("hex")}.mulaw`);
  }

  async #fromFolder(key: string): Promise<LineAudio | undefined> {
    if (this.#folder === undefined) return undefined;
    try {
      return restored(await readFile(this.#path(key)));
    } catch {
      // Not there, or not readable: it is made again.
      return undefined;
    }
  }

  async #toFolder(key: string, sound: LineAudio): Promise<void> {
    if (this.#folder === undefined || this.#onDisk + sound.byteLength > this.#bytes) return;
    this.#onDisk += sound.byteLength;
    const path = this.#path(key);
    try {
      // Renamed whole: a crash leaves no half sound under the name that is read.
      await writeFile(`${path}.part`, sound);
      await rename(`${path}.part`, path);
    } catch (error) {
      this.#log.warn({ error }, "A spoken sound could not be kept on disk.");
    }
  }
}
