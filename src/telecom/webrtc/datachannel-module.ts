import type datachannel from "node-datachannel";

/** The parts of libdatachannel that we use. */
export type Library = Pick<typeof datachannel, "PeerConnection" | "Audio">;

/**
 * Loads node-datachannel, an optional dependency. Never into a process that holds calls: a fault of native code ends it, and in a
 * worker thread it aborts. Throws what the loader throws where it is not installed, or has no binary for this machine.
 */
export async function loadLibrary(): Promise<Library> {
  const loaded = await import("node-datachannel");
  return loaded.default;
}
