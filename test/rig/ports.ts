import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A port that is free now for UDP and TCP on 127.0.0.1, for programs that must be told theirs. Taken from below the range
 * that the kernel hands out for port 0, so that no socket of ours grabs it between here and the program's start.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = nextCandidate();
    if (!isReserved(port) && (await isFree(port)) && (await isFree(port + 1))) return port;
  }
}

/** As many free ports one after the other; gives the first. */
export async function freePortsInARow(count: number): Promise<number> {
  for (;;) {
    const first = await freePort();
    const others = Array.from({ length: count - 1 }, (_, at) => first + 1 + at);
    const free = await Promise.all(others.map(async (port) => !isReserved(port) && (await isFree(port))));
    if (!free.includes(false)) return first;
  }
}

/**
 * Between here and its program's start a port is nobody's: a file tells the tests beside us that it is spoken for. It counts for
 * 20 s; by then its program has taken the port, or never will.
 */
function isReserved(port: number): boolean {
  const path = join(reservations, String(port));
  try {
    mkdirSync(reservations, { recursive: true });
    const writtenAtMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (Date.now() - writtenAtMs < 20_000) return true;
    rmSync(path, { force: true });
    writeFileSync(path, "", { flag: "wx" });
    reserved.add(path);
    return false;
  } catch (error) {
    // Somebody was faster; or the folder is another user's, and then the port's own state must do.
    return error instanceof Error && "code" in error && error.code === "EEXIST";
  }
}

const reservations = join(tmpdir(), "tandem-ports");
const reserved = new Set<string>();
process.once("exit", () => {
  for (const path of reserved) rmSync(path, { force: true });
});

/** A hundred ports for a platform's RTP, other ones than those of the next test's: a capture can then leave theirs out. */
export function ownRtpPorts(): string {
  const first = 20_000 + ((process.pid * 100) % 9_900);
  return `${first}-${first + 99}`;
}

// Each process starts somewhere else, so that test files side by side do not meet.
let candidate = 12_000 + ((process.pid * 97) % 1_990) * 4;

function nextCandidate(): number {
  candidate = candidate + 4 >= 19_990 ? 12_000 : candidate + 4;
  return candidate;
}

async function isFree(port: number): Promise<boolean> {
  return (await bindsUdp(port)) && (await bindsTcp(port));
}

async function bindsUdp(port: number): Promise<boolean> {
  const socket = createSocket("udp4");
  try {
    socket.bind({ port, address: "127.0.0.1", exclusive: true });
    await once(socket, "listening");
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}

async function bindsTcp(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, host: "127.0.0.1", exclusive: true });
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
