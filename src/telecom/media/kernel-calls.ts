import type { Koffi } from "./koffi-module.ts";

/** The system calls that UDP by file descriptor takes. Addresses are plain numbers: whoever passes one keeps its buffer alive. */
export interface KernelCalls {
  socket(family: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, option: number, value: number, length: number): number;
  bind(fd: number, address: number, length: number): number;
  recvfrom(fd: number, buffer: number, size: number, flags: number, from: number, fromLength: number): number;
  sendto(fd: number, buffer: number, size: number, flags: number, to: number, toLength: number): number;
  epollCreate(flags: number): number;
  epollControl(epoll: number, operation: number, fd: number, event: number): number;
  epollWait(epoll: number, events: number, most: number, timeoutMs: number): number;
  close(fd: number): number;
  /** The name of the last call's error: `EADDRINUSE`. */
  lastError(): string;
}

/** Binds the calls in the C library that this process has loaded already (glibc or musl). Throws when it has not. */
export function bindKernelCalls(koffi: Koffi): KernelCalls {
  const library = koffi.load(null);
  const call = (
    name: string,
    values: readonly ("int" | "uintptr_t" | "uint32_t")[],
  ): ((...given: number[]) => number) => library.func(name, "int", [...values]);
  return {
    socket: call("socket", ["int", "int", "int"]),
    setsockopt: call("setsockopt", ["int", "int", "int", "uintptr_t", "uint32_t"]),
    bind: call("bind", ["int", "uintptr_t", "uint32_t"]),
    recvfrom: call("recvfrom", ["int", "uintptr_t", "uintptr_t", "int", "uintptr_t", "uintptr_t"]),
    sendto: call("sendto", ["int", "uintptr_t", "uintptr_t", "int", "uintptr_t", "uint32_t"]),
    epollCreate: call("epoll_create1", ["int"]),
    epollControl: call("epoll_ctl", ["int", "int", "int", "uintptr_t"]),
    epollWait: call("epoll_wait", ["int", "uintptr_t", "int", "int"]),
    close: call("close", ["int"]),
    lastError() {
      const number = koffi.errno();
      return Object.entries(koffi.os.errno).find(([, value]) => value === number)?.[0] ?? `errno ${number}`;
    },
  };
}

/** Memory that the kernel writes to and reads from: `bytes` and its address. It lives as long as this object does. */
export interface SharedMemory {
  readonly bytes: Buffer;
  readonly address: number;
}

export function shareMemory(koffi: Koffi, size: number): SharedMemory {
  // On an ArrayBuffer of its own: V8 keeps small typed arrays in its heap and moves them, and the kernel would not notice.
  const bytes = Buffer.from(new ArrayBuffer(size));
  return { bytes, address: Number(koffi.address(bytes)) };
}
