import { readdirSync, readlinkSync } from "node:fs";

/** How many sockets and epolls this process holds, its threads' among them. 0 where the system does not tell. */
export function openSockets(): number {
  return list().filter((descriptor) => isSocket(`/proc/self/fd/${descriptor}`)).length;
}

function list(): readonly string[] {
  try {
    return readdirSync("/proc/self/fd");
  } catch {
    return [];
  }
}

function isSocket(path: string): boolean {
  try {
    return /^socket:|eventpoll/.test(readlinkSync(path));
  } catch {
    // The descriptor of the listing itself is gone by now.
    return false;
  }
}
