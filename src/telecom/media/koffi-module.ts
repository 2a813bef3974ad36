import type koffi from "koffi";

/** The parts of koffi that we use. */
export type Koffi = Pick<typeof koffi, "load" | "address" | "errno" | "os">;

/** Loads koffi, an optional dependency: undefined where it is not installed, or has no binary for this machine. */
export async function loadKoffi(): Promise<Koffi | undefined> {
  try {
    const loaded = await import("koffi");
    return loaded.default;
  } catch {
    // Whatever the reason, there is another way to send a packet.
    return undefined;
  }
}
