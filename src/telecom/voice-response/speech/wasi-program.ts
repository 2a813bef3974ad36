/**
 * Runs one WASI (preview 1) command to its end with arguments and files in memory, and nothing else of the machine: no real
 * file, no clock that moves, no chance, no environment. Of our own, because node:wasi crashed Node with large voices.
 * Numbers are WASI's: https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md
 */
export function runWasiProgram(module: WebAssembly.Module, wish: ProgramWish): ProgramResult {
  const world = new World(wish);
  const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: world.imports() });
  const { memory, _start } = instance.exports;
  if (!(memory instanceof WebAssembly.Memory) || typeof _start !== "function") {
    return { exitCode: 127, files: new Map(), messages: "not a WASI command" };
  }
  world.memory = memory;
  let exitCode = 0;
  try {
    _start();
  } catch (thrown) {
    // A trap (out of bounds, unreachable) ends the program alone: the instance is thrown away in any case.
    exitCode = thrown instanceof Exit ? thrown.exitCode : 134;
  }
  return { exitCode, files: world.written(), messages: world.messages };
}

export interface ProgramWish {
  /** With the program's name first. */
  readonly args: readonly string[];
  /** What it can open to read, by name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Each file that it writes may grow to this; then it is told that the disk is full. */
  readonly largestFile: number;
}

export interface ProgramResult {
  readonly exitCode: number;
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The head of its standard output and error. */
  readonly messages: string;
}

class Exit extends Error {
  readonly exitCode: number;
  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

const errno = { success: 0, badf: 8, inval: 28, noent: 44, nospc: 51, nosys: 52, spipe: 70 } as const;
const rootDescriptor = 3;
const firstFileDescriptor = 4;
const mostOpenFiles = 16;
const openCreates = 1;
const characterDevice = 2;
const directory = 3;
const regularFile = 4;
const messagesKept = 2000;

interface OpenFile {
  data: Uint8Array;
  length: number;
  position: number;
  readonly writable: boolean;
}

class World {
  memory: WebAssembly.Memory | undefined;
  messages = "";
  readonly #wish: ProgramWish;
  readonly #args: readonly Uint8Array[];
  readonly #open = new Map<number, OpenFile>();
  readonly #made = new Map<string, OpenFile>();
  #nextDescriptor = firstFileDescriptor;

  constructor(wish: ProgramWish) {
    this.#wish = wish;
    this.#args = wish.args.map((arg) => Buffer.from(`${arg.replaceAll("\0", " ")}\0`));
  }

  written(): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.#made].map(([path, file]) => [path, file.data.subarray(0, file.length)]));
  }

  imports(): WebAssembly.ModuleImports {
    return {
      args_sizes_get: (countAt: number, sizeAt: number) => {
        this.#view().setUint32(countAt, this.#args.length, true);
        this.#view().setUint32(
          sizeAt,
          this.#args.reduce((size, arg) => size + arg.length, 0),
          true,
        );
        return errno.success;
      },
      args_get: (pointersAt: number, bytesAt: number) => {
        for (const [index, arg] of this.#args.entries()) {
          this.#view().setUint32(pointersAt + 4 * index, bytesAt, true);
          this.#bytes(bytesAt, arg.length).set(arg);
          bytesAt += arg.length;
        }
        return errno.success;
      },
      // The same words give the same sound: time stands still, chance is a constant.
      clock_time_get: (_id: number, _precision: bigint, timeAt: number) => {
        this.#view().setBigUint64(timeAt, 0n, true);
        return errno.success;
      },
      random_get: (at: number, length: number) => {
        this.#bytes(at, length).fill(0x5a);
        return errno.success;
      },
      environ_sizes_get: (countAt: number, sizeAt: number) => {
        this.#view().setUint32(countAt, 0, true);
        this.#view().setUint32(sizeAt, 0, true);
        return errno.success;
      },
      environ_get: () => errno.success,
      fd_prestat_get: (fd: number, at: number) => {
        if (fd !== rootDescriptor) return errno.badf;
        this.#view().setUint32(at, 0, true);
        this.#view().setUint32(at + 4, 1, true);
        return errno.success;
      },
      fd_prestat_dir_name: (fd: number, at: number, length: number) => {
        if (fd !== rootDescriptor || length < 1) return errno.inval;
        this.#bytes(at, 1)[0] = 0x2f;
        return errno.success;
      },
      fd_fdstat_get: (fd: number, at: number) => {
        const kind = fd < rootDescriptor ? characterDevice : fd === rootDescriptor ? directory : regularFile;
        if (kind === regularFile && !this.#open.has(fd)) return errno.badf;
        this.#bytes(at, 24).fill(0);
        this.#view().setUint8(at, kind);
        this.#bytes(at + 8, 16).fill(0xff);
        return errno.success;
      },
      fd_fdstat_set_flags: () => errno.success,
      path_open: (
        _dir: number,
        _follow: number,
        pathAt: number,
        pathLength: number,
        openFlags: number,
        _rights: bigint,
        _inheriting: bigint,
        _flags: number,
        descriptorAt: number,
      ) => {
        if (this.#open.size >= mostOpenFiles) return errno.nospc;
        const path = Buffer.from(this.#bytes(pathAt, pathLength)).toString();
        const file = this.#file(path, (openFlags & openCreates) !== 0);
        if (file === undefined) return errno.noent;
        const descriptor = this.#nextDescriptor++;
        this.#open.set(descriptor, file);
        this.#view().setUint32(descriptorAt, descriptor, true);
        return errno.success;
      },
      fd_close: (fd: number) => {
        this.#open.delete(fd);
        return errno.success;
      },
      fd_seek: (fd: number, offset: bigint, whence: number, positionAt: number) => {
        if (fd < rootDescriptor) return errno.spipe;
        const file = this.#open.get(fd);
        if (file === undefined) return errno.badf;
        const from = whence === 0 ? 0 : whence === 1 ? file.position : file.length;
        const position = from + Number(offset);
        if (position < 0 || position > this.#wish.largestFile) return errno.inval;
        file.position = position;
        this.#view().setBigUint64(positionAt, BigInt(position), true);
        return errno.success;
      },
      fd_read: (fd: number, vectors: number, count: number, readAt: number) => {
        const file = this.#open.get(fd);
        let read = 0;
        for (const piece of this.#vectors(vectors, count)) {
          const rest = file?.data.subarray(
            file.position,
            Math.min(file.length, file.position + piece.length),
          );
          if (file === undefined || rest === undefined) break;
          piece.set(rest);
          file.position += rest.length;
          read += rest.length;
        }
        this.#view().setUint32(readAt, read, true);
        return errno.success;
      },
      fd_write: (fd: number, vectors: number, count: number, writtenAt: number) => {
        let written = 0;
        for (const piece of this.#vectors(vectors, count)) {
          if (fd < rootDescriptor) {
            if (this.messages.length < messagesKept) this.messages += Buffer.from(piece).toString("latin1");
          } else {
            const file = this.#open.get(fd);
            if (file === undefined || !file.writable) return errno.badf;
            if (!append(file, piece, this.#wish.largestFile)) return errno.nospc;
          }
          written += piece.length;
        }
        this.#view().setUint32(writtenAt, written, true);
        return errno.success;
      },
      proc_exit: (exitCode: number) => {
        throw new Exit(exitCode);
      },
    };
  }

  #file(path: string, create: boolean): OpenFile | undefined {
    const given = this.#wish.files.get(path);
    if (given !== undefined) return { data: given, length: given.length, position: 0, writable: false };
    if (!create) return undefined;
    const made: OpenFile = { data: new Uint8Array(65_536), length: 0, position: 0, writable: true };
    this.#made.set(path, made);
    return made;
  }

  // The buffer is another one after the memory has grown: it is asked for each time.
  #buffer(): ArrayBufferLike {
    return this.memory?.buffer ?? new ArrayBuffer(0);
  }

  #view(): DataView {
    return new DataView(this.#buffer());
  }

  #bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#buffer(), at, length);
  }

  #vectors(at: number, count: number): readonly Uint8Array[] {
    const view = this.#view();
    return Array.from({ length: count }, (_, index) =>
      this.#bytes(view.getUint32(at + 8 * index, true), view.getUint32(at + 8 * index + 4, true)),
    );
  }
}

function append(file: OpenFile, piece: Uint8Array, largestFile: number): boolean {
  const end = file.position + piece.length;
  if (end > largestFile) return false;
  if (end > file.data.length) {
    const grown = new Uint8Array(Math.min(largestFile, end * 2));
    grown.set(file.data);
    file.data = grown;
  }
  file.data.set(piece, file.position);
  file.position = end;
  file.length = Math.max(file.length, end);
  return true;
}
