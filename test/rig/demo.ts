import { rmSync } from "node:fs";
import { join } from "node:path";
import { type DemoPorts, portsFrom } from "../../examples/demo-ports.ts";
import { root } from "../runner/tree.ts";
import { freePortsInARow } from "./ports.ts";
import { type Peer, startPeer } from "./processes.ts";
import { startSilentTelephone } from "./sipp/telephone.ts";

export interface Demo extends AsyncDisposable {
  readonly peer: Peer;
  readonly ports: DemoPorts;
}

/** `bin/start` at ports of its own, with a folder of its own; another program may have one of the ports. */
export async function startDemo(wish: { readonly taken?: "sip" } = {}): Promise<Demo> {
  await using parts = new AsyncDisposableStack();
  const first = await freePortsInARow(9);
  const ports = portsFrom(first);
  if (wish.taken !== undefined) parts.use(await startSilentTelephone(ports[wish.taken]));
  parts.defer(() => rmSync(join(root, "var", `demo-${first}`), { recursive: true, force: true }));
  const words = ["--ports-from", String(first)];
  const peer = await startPeer({ program: join(root, "bin/start"), words, folder: root });
  parts.defer(() => peer.stop("SIGINT", 15_000));
  const owned = parts.move();
  return { peer, ports, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Resolves once all of it serves. */
export async function demoServes(demo: Demo): Promise<void> {
  await demo.peer.line(/Ctrl-C ends the demonstration/, 60_000);
}
