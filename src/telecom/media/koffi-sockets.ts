import type { Cancel, Clock } from "#base/clock.ts";
import { bindKernelCalls, type KernelCalls, type SharedMemory, shareMemory } from "./kernel-calls.ts";
import type { DescriptorLedger } from "./descriptor-ledger.ts";
import type { Koffi } from "./koffi-module.ts";
import type { Receive, RtpSocket, RtpSockets } from "./rtp-sockets.ts";
import {
  inet6Family,
  inetFamily,
  longestSocketAddress,
  SocketAddressReader,
  writeSocketAddress,
} from "./socket-address.ts";
import { isIPv6 } from "node:net";

/**
 * UDP by the kernel's own calls, on Linux: recvfrom, sendto and one epoll for all sockets. Node's own way takes half as
 * much CPU again, and more (`npm run bench -- bridge --sockets dgram`). Every few milliseconds, as long as a socket is open,
 * whatever has come is taken in one run; that wait is what makes a run worth its system call.
 *
 * @param ledger has every descriptor that is open, for whoever outlives this thread
 * @throws when the C library or the kernel refuses
 */
export function makeKoffiSockets(
  koffi: Koffi,
  clock: Clock,
  ledger: DescriptorLedger | undefined,
): RtpSockets {
  return new KoffiSockets(koffi, clock, ledger);
}

interface OpenSocket {
  readonly fd: number;
  readonly receive: Receive;
  readonly from: SocketAddressReader;
  readonly fromLength: number;
}

class KoffiSockets implements RtpSockets {
  readonly kind = "koffi";
  readonly #kernel: KernelCalls;
  readonly #clock: Clock;
  readonly #ledger: DescriptorLedger | undefined;
  readonly #epoll: number;
  readonly #open = new Map<number, OpenSocket>();
  // The kernel holds these addresses for as long as a call takes, and these fields hold the memory for longer.
  readonly #received: SharedMemory;
  readonly #sending: SharedMemory;
  readonly #from: SharedMemory;
  readonly #fromLength: SharedMemory;
  readonly #option: SharedMemory;
  readonly #events: SharedMemory;
  readonly #shareAddress: () => SharedMemory;
  #cancel: Cancel | undefined;

  constructor(koffi: Koffi, clock: Clock, ledger: DescriptorLedger | undefined) {
    this.#clock = clock;
    this.#ledger = ledger;
    this.#kernel = bindKernelCalls(koffi);
    this.#received = shareMemory(koffi, packetSize);
    this.#sending = shareMemory(koffi, packetSize);
    this.#from = shareMemory(koffi, longestSocketAddress);
    this.#fromLength = shareMemory(koffi, 4);
    this.#option = shareMemory(koffi, 16);
    this.#events = shareMemory(koffi, eventSize * eventsInARun);
    this.#shareAddress = () => shareMemory(koffi, longestSocketAddress);
    this.#epoll = this.#opened("epoll_create1", this.#kernel.epollCreate(closeOnExec));
  }

  async bind({ address, port, receive }: Parameters<RtpSockets["bind"]>[0]): Promise<RtpSocket> {
    const isInet = !isIPv6(address);
    const family = isInet ? inetFamily : inet6Family;
    const type = datagram | nonBlocking | closeOnExec;
    const fd = this.#opened("socket", this.#kernel.socket(family, type, 0));
    try {
      if (!isInet) this.#setInet6Only(fd);
      const length = writeSocketAddress(this.#from.bytes, { address, port });
      this.#checked("bind", this.#kernel.bind(fd, this.#from.address, length));
      this.#watch(fd);
    } catch (error) {
      this.#close(fd);
      throw error;
    }
    const from = new SocketAddressReader(this.#from.bytes, isInet);
    this.#open.set(fd, { fd, receive, from, fromLength: isInet ? 16 : 28 });
    this.#cancel ??= this.#clock.at(this.#clock.now() + runEveryMs, this.#run);
    return this.#around(fd, port);
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const fd of this.#open.keys()) this.#close(fd);
    this.#open.clear();
    this.#close(this.#epoll);
  }

  #around(fd: number, port: number): RtpSocket {
    let to: { address: string; port: number } | undefined;
    let toLength = 0;
    const toAddress = this.#shareAddress();
    return {
      port,
      send: (packet, { start, end }, peer) => {
        if (!this.#open.has(fd)) return;
        if (to?.port !== peer.port || to.address !== peer.address) {
          to = { address: peer.address, port: peer.port };
          toLength = writeSocketAddress(toAddress.bytes, peer);
        }
        const passedOn = packet === this.#received.bytes;
        if (!passedOn) packet.copy(this.#sending.bytes, 0, start, end);
        const from = passedOn ? this.#received.address + start : this.#sending.address;
        this.#kernel.sendto(fd, from, end - start, noSignal, toAddress.address, toLength);
      },
      close: async () => {
        if (!this.#open.delete(fd)) return;
        // Closing takes it out of the epoll too.
        this.#close(fd);
      },
    };
  }

  /** Takes one packet of each socket that has any, until none has; after a few rounds the timers get their turn first. */
  readonly #run = (): void => {
    for (let round = 0; round < roundsInARun; round += 1) {
      const ready = this.#kernel.epollWait(this.#epoll, this.#events.address, eventsInARun, 0);
      for (let n = 0; n < ready; n += 1)
        this.#take(this.#events.bytes.readInt32LE(n * eventSize + eventDataOffset));
      if (ready < 1) break;
    }
    this.#cancel =
      this.#open.size === 0 ? undefined : this.#clock.at(this.#clock.now() + runEveryMs, this.#run);
  };

  #take(fd: number): void {
    const socket = this.#open.get(fd);
    // A packet before it in this run may have led to its closing.
    if (socket === undefined) return;
    this.#fromLength.bytes[0] = socket.fromLength;
    const length = this.#kernel.recvfrom(
      fd,
      this.#received.address,
      packetSize,
      0,
      this.#from.address,
      this.#fromLength.address,
    );
    // -1: an ICMP answer to what we sent; the media timeout will tell if the far end is really gone.
    if (length < 0) return;
    socket.from.read();
    socket.receive(this.#received.bytes, length, socket.from);
  }

  #watch(fd: number): void {
    const { bytes } = this.#option;
    bytes.fill(0);
    bytes.writeUInt32LE(readable, 0);
    bytes.writeInt32LE(fd, eventDataOffset);
    this.#checked("epoll_ctl", this.#kernel.epollControl(this.#epoll, addToEpoll, fd, this.#option.address));
  }

  #setInet6Only(fd: number): void {
    this.#option.bytes.writeInt32LE(1, 0);
    this.#checked("setsockopt", this.#kernel.setsockopt(fd, levelIPv6, ipv6Only, this.#option.address, 4));
  }

  #opened(call: string, result: number): number {
    const fd = this.#checked(call, result);
    this.#ledger?.enter(fd);
    return fd;
  }

  #close(fd: number): void {
    this.#ledger?.strike(fd);
    this.#kernel.close(fd);
  }

  #checked(call: string, result: number): number {
    if (result >= 0) return result;
    const code = this.#kernel.lastError();
    throw Object.assign(new Error(`${call}: ${code}`), { code });
  }
}

/**
 * How long a packet may wait for the next run: little beside the 20 ms that it holds. Against runs every millisecond this
 * saves a tenth of the CPU of a call flow, and adds 2.4 ms to the jitter's 99th percentile (docs/measurements.md).
 */
const runEveryMs = 3;
const roundsInARun = 64;
const eventsInARun = 512;
/** Longer ones are cut, and thereby refused: `readRtp` takes 1,500 at most. */
const packetSize = 2_048;

// From Linux's headers, the same on x86-64 and arm64.
const datagram = 2;
const nonBlocking = 0o4000;
const closeOnExec = 0o2000000;
const noSignal = 0x4000;
const levelIPv6 = 41;
const ipv6Only = 26;
const readable = 1;
const addToEpoll = 1;
// struct epoll_event is packed on x86-64, and on no other machine.
const eventSize = process.arch === "x64" ? 12 : 16;
const eventDataOffset = process.arch === "x64" ? 4 : 8;
