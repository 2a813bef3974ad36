/** The embedded engine's own thread: no page, no SIP and no database ever keeps a packet waiting here. */
import { activeResources } from "#base/active-resources.ts";
import { steadyClock, systemClock } from "#base/clock.ts";
import { watchLoopLag } from "#base/event-loop-lag.ts";
import { TandemError } from "#base/errors.ts";
import { secureRandom } from "#base/random.ts";
import { chooseSockets } from "./choose-sockets.ts";
import { DescriptorLedger } from "./descriptor-ledger.ts";
import {
  type EngineFigures,
  type FromWorker,
  gathered,
  type Request,
  type WorkerSettings,
} from "./engine-wire.ts";
import { MediaNode } from "./media-node.ts";
import { parentPort, workerData } from "node:worker_threads";

const settings = workerData as WorkerSettings;
const port = parentPort;
if (port === null) throw new TandemError("BUG", { why: "the engine's worker runs in a worker thread alone" });
const tell = gathered<FromWorker>((said) => port.postMessage(said));

const lag = watchLoopLag(steadyClock);
const ledger = new DescriptorLedger(settings.descriptors);
const { sockets, why } = await chooseSockets(settings.sockets, steadyClock, ledger);
const node = new MediaNode({
  ...settings,
  // A wall clock that is set must mute nobody, and end no call.
  clock: steadyClock,
  wallClock: systemClock,
  random: secureRandom,
  sockets,
  emit: (event) => tell({ type: "event", event }),
  bug: (termination, error) =>
    tell({ type: "bug", termination, error: error instanceof Error ? error : new Error(String(error)) }),
});

// One at a time, in the order in which they were said: a release never overtakes the creation before it.
let before = Promise.resolve();
port.on("message", (requests: readonly Request[]) => {
  for (const request of requests) before = before.then(() => carryOut(request));
});
tell({ type: "ready", sockets: sockets.kind, why });

async function carryOut(request: Request): Promise<void> {
  try {
    tell({ type: "done", id: request.id, value: await perform(request) });
  } catch (error) {
    const known = error instanceof TandemError ? error : new TandemError("BUG", {}, error);
    const cause = known.cause instanceof Error ? `: ${known.cause.message}` : "";
    tell({
      type: "failed",
      id: request.id,
      code: known.code,
      details: known.details,
      message: `${known.message}${cause}`,
    });
  }
  // After what was said last has left.
  if (request.verb === "close") setImmediate(() => port?.close());
}

function perform({ verb, arguments: given }: Request): unknown {
  if (verb === "figures")
    return { ...node.figures(), lag: lag.read(), resources: activeResources() } satisfies EngineFigures;
  // The compiler cannot tie a verb to its arguments through a computed call; `Request` has tied them already.
  const method = node[verb] as (...values: readonly unknown[]) => unknown;
  return method.apply(node, given);
}
