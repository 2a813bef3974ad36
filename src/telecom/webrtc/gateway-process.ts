/**
 * The WebRTC gateway: a process of the unit's own, for native code that strangers speak to. It holds peers and nothing else, and ends
 * with the unit. Should it die, the unit lives and takes its legs up again by another one.
 */
import { type Library, loadLibrary } from "./datachannel-module.ts";
import type { FromGateway, GatewaySettings, ToGateway } from "./gateway-wire.ts";
import { Peer } from "./peer.ts";

const peers = new Map<number, Peer>();
let library: Library | undefined;
let settings: GatewaySettings | undefined;

function tell(message: FromGateway): void {
  // A unit that is gone hears nothing; `disconnect` ends us then.
  if (process.connected) process.send?.(message);
}

async function begin(wanted: GatewaySettings): Promise<void> {
  settings = wanted;
  try {
    library = await loadLibrary();
    tell({ type: "ready" });
  } catch (error) {
    tell({ type: "unavailable", why: error instanceof Error ? error.message : String(error) });
  }
}

/** What a peer throws costs that peer alone. */
async function guarded(number: number, work: () => void | Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    close(number);
    tell({ type: "failed", peer: number, why: error instanceof Error ? error.message : String(error) });
  }
}

async function open({ peer: number, relay }: Extract<ToGateway, { type: "open" }>): Promise<void> {
  if (library === undefined || settings === undefined) throw new Error("the library is not there");
  const peer = new Peer({
    ...{ library, settings, number, relay },
    tell: (message) => {
      if (message.type === "failed") peers.delete(number);
      tell(message);
    },
  });
  peers.set(number, peer);
  await peer.open();
}

function close(number: number): void {
  peers.get(number)?.close();
  peers.delete(number);
}

process.on("message", (message: ToGateway) => {
  switch (message.type) {
    case "begin":
      return void begin(message.settings);
    case "open":
      return void guarded(message.peer, () => open(message));
    case "connect":
      return void guarded(message.peer, () => peers.get(message.peer)?.connect(message.theirs));
    case "close":
      return void guarded(message.peer, () => close(message.peer));
  }
});

// The unit decides when we end: a signal to the whole group (a terminal's) is not for us.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});
// Not by an orderly exit: the library's own threads do not bear the taking down of what they stand on.
process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));
