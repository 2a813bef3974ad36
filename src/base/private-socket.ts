import { chmodSync, lstatSync, rmSync } from "node:fs";
import { connect, type Server } from "node:net";
import { TandemError } from "#base/errors.ts";

/**
 * Listens on a Unix socket with mode 0600. A socket file that nobody answers is taken over; one that a live process holds (`holder`
 * says what it would be), and a file that is no socket, throw SETTINGS_INVALID.
 */
export async function listenPrivately(server: Server, socketPath: string, holder: string): Promise<void> {
  await removeStale(socketPath, holder);
  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject);
  // The file is made inside `listen`, on this turn: the mask leaves no moment in which another user could open it.
  const mask = process.umask(0o177);
  try {
    server.listen(socketPath, () => listening.resolve());
  } finally {
    process.umask(mask);
  }
  await listening.promise;
  server.off("error", listening.reject);
  chmodSync(socketPath, 0o600);
}

async function removeStale(socketPath: string, holder: string): Promise<void> {
  const found = lstatSync(socketPath, { throwIfNoEntry: false });
  if (found === undefined) return;
  const why = !found.isSocket()
    ? "a file that is no socket lies there"
    : (await answers(socketPath))
      ? `another ${holder} listens`
      : undefined;
  if (why !== undefined) throw new TandemError("SETTINGS_INVALID", { socketPath, why });
  rmSync(socketPath);
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socketPath);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}
