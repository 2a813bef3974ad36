import { connect, createServer, type Socket } from "node:net";
import { TandemError } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import { listenPrivately } from "#base/private-socket.ts";
import Type from "typebox";
import { Compile } from "typebox/compile";

/**
 * How an operator's command reaches the supervisor that runs: a Unix socket in the data folder, its owner's alone. One JSON object a
 * line; who asks is told how it ended and no more. Words that a later release adds are refused by name.
 */
export const order = Type.Union([
  Type.Object({ do: Type.Literal("upgrade"), to: Type.String({ minLength: 1, maxLength: 4_000 }) }),
  /** Every call is hung up, and the platform ends. */
  Type.Object({ do: Type.Literal("shutdown") }),
]);
export type Order = Type.Static<typeof order>;

const ending = Type.Object({ done: Type.Boolean(), says: Type.String() });
type Ending = Type.Static<typeof ending>;

const orderFits = Compile(order);
const endingFits = Compile(ending);
const longestOrder = 8_000;
const mostClients = 8;

/** Throws SETTINGS_INVALID when another supervisor has the folder. */
export async function openControlDoor(wish: {
  readonly socketPath: string;
  readonly log: Log;
  /** Throws UPGRADE_FAILED, whose `why` the asker is told. */
  readonly obey: (order: Order) => Promise<string>;
}): Promise<{ close(): Promise<void> }> {
  const clients = new Set<Socket>();
  const answering = new Set<Promise<void>>();
  const server = createServer((socket) => {
    if (clients.size >= mostClients) return void socket.destroy();
    clients.add(socket);
    socket.on("error", () => {}); // Who asked and went away is told nothing.
    socket.on("close", () => clients.delete(socket));
    let said = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const end = said.indexOf("\n");
      if (end === -1 && said.length <= longestOrder) return;
      socket.removeAllListeners("data");
      const answered = answer(said.slice(0, Math.max(end, 0)), wish).then((how) => {
        socket.end(`${JSON.stringify(how)}\n`);
        answering.delete(answered);
      });
      answering.add(answered);
    });
  });
  await listenPrivately(server, wish.socketPath, "supervisor");
  return {
    async close() {
      await Promise.all(answering);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // What was answered still leaves; who has asked nothing is not waited for.
      for (const socket of clients) socket.end(() => socket.destroy());
      await closed;
    },
  };
}

async function answer(
  line: string,
  { obey, log }: { readonly obey: (order: Order) => Promise<string>; readonly log: Log },
): Promise<Ending> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = undefined;
  }
  if (!orderFits.Check(value))
    return { done: false, says: "The supervisor that runs does not know this command." };
  try {
    log.info({ order: value }, "The operator has spoken.");
    return { done: true, says: await obey(value) };
  } catch (error) {
    log.error({ error, order: value.do }, "What the operator wanted was not done.");
    return { done: false, says: whyOf(error) };
  }
}

/** In a person's words where we have them. */
export function whyOf(error: unknown): string {
  if (!(error instanceof TandemError)) return String(error);
  const { why } = error.details;
  return typeof why === "string" ? why : error.message;
}

/** Asks the supervisor; undefined where none runs. */
export function askSupervisor(socketPath: string, wanted: Order): Promise<Ending | undefined> {
  return new Promise((resolve) => {
    const socket = connect(socketPath, () => socket.write(`${JSON.stringify(wanted)}\n`));
    let isThere = false;
    let said = "";
    socket.once("connect", () => (isThere = true));
    socket.on("error", () => {}); // The close that follows tells.
    socket.setEncoding("utf8").on("data", (text: string) => (said += text));
    socket.once("close", () => resolve(isThere ? endingOf(said) : undefined));
  });
}

function endingOf(said: string): Ending {
  if (said === "") return { done: false, says: "The supervisor ended before it answered." };
  const value: unknown = JSON.parse(said);
  return endingFits.Check(value) ? value : { done: false, says: said };
}
