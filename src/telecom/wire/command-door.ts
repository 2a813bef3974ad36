import { createServer, type Socket } from "node:net";
import type { Log } from "#base/log.ts";
import { listenPrivately } from "#base/private-socket.ts";
import {
  type Command,
  command as commandSchema,
  type SipMessageSeen,
  type TelecomEvent,
  figuresWish,
  hello,
  trace,
  type UnitFigures,
} from "#contract/telecom.ts";
import { type PhonesWish, phonesWish, type RegisteredPhones } from "#contract/registered-phones.ts";
import { agreed, type Range, wireRange } from "#contract/versions.ts";
import Type from "typebox";
import { Compile } from "typebox/compile";
import { LineCutter, sayLine } from "./lines.ts";

/** The unit's side of the local socket: commands come in, each client gets a snapshot and then every event. */
export interface CommandDoor {
  readonly clients: number;
  /**
   * To every client. One that does not read is cut off when it has left 16 MB unread beyond its snapshot, which may be longer
   * than that alone: it comes again and takes another one.
   */
  tell(event: TelecomEvent): void;
  /** To the clients that said `trace`; `make` is not called when there are none. */
  trace(make: () => SipMessageSeen): void;
  close(): Promise<void>;
}

export interface DoorWishes {
  readonly socketPath: string;
  readonly log: Log;
  readonly nowMs: () => number;
  /** What a new client is told first. */
  readonly snapshot: () => TelecomEvent;
  /** `refuse` answers this client alone. */
  readonly onCommand: (command: Command, refuse: (why: string) => void) => void;
  /** Asked for by a client; `unreadOctets` is the door's. */
  readonly figures: (unreadOctets: number) => Promise<UnitFigures>;
  /** Asked for by a client: a page of the phones that are registered. */
  readonly phones: (wish: PhonesWish) => Omit<RegisteredPhones, "type" | "ask">;
  /** How many clients there are, at each change. */
  readonly onClients: (clients: number) => void;
}

// Twenty segments of 400 characters, escaped, and the rest of a play.
const longestLineBytes = 256 * 1024;
const mostUnreadChars = 16 * 2 ** 20;
// One web process, the next one while the first dies, and an operator's tool.
const mostClients = 8;
/** Who looks on says so again: a client that forgot costs a minute of telling. */
const longestTraceMs = 60_000;
const fits = Compile(Type.Union([commandSchema, hello, trace, figuresWish, phonesWish]));

interface Client {
  readonly socket: Socket;
  /** How much it was told after its snapshot. */
  toldChars: number;
  /** Until when it is told each SIP message. */
  tracesUntilMs: number;
}

/**
 * Listens with mode 0600. A socket file that nobody answers is taken over; one that a live unit holds, and a file that is no
 * socket, throw SETTINGS_INVALID.
 */
export async function openCommandDoor(wishes: DoorWishes): Promise<CommandDoor> {
  const clients = new Set<Client>();
  const server = createServer((socket) => {
    if (clients.size >= mostClients) return void socket.destroy();
    serve({ client: { socket, toldChars: 0, tracesUntilMs: 0 }, clients, wishes });
  });
  await listenPrivately(server, wishes.socketPath, "unit");
  return {
    get clients() {
      return clients.size;
    },
    tell: (event) => {
      const line = `${JSON.stringify(event)}\n`;
      for (const client of clients) write(client, line, wishes.log);
    },
    trace: (make) => {
      const nowMs = wishes.nowMs();
      let line: string | undefined;
      for (const client of clients) {
        if (client.tracesUntilMs <= nowMs) continue;
        line ??= `${JSON.stringify(make())}\n`;
        write(client, line, wishes.log);
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const { socket } of clients) {
          // Who does not read would be waited for without end.
          if (socket.writableNeedDrain) socket.destroy();
          else socket.end(() => socket.destroy());
        }
      }),
  };
}

interface Party {
  readonly client: Client;
  readonly clients: Set<Client>;
  readonly wishes: DoorWishes;
}

function serve(party: Party): void {
  const { client, clients, wishes } = party;
  const { socket } = client;
  const lines = new LineCutter(longestLineBytes);
  clients.add(client);
  wishes.onClients(clients.size);
  socket.write(`${JSON.stringify(wishes.snapshot())}\n`);
  socket.on("data", (chunk: Buffer) => {
    let cut: string[];
    try {
      cut = lines.feed(chunk);
    } catch {
      // Where the next command begins can no longer be known.
      refuse(party, {}, "line too long");
      return void socket.destroy();
    }
    for (const line of cut) if (!socket.writableEnded) obey(party, line);
  });
  socket.on("error", (error) => wishes.log.debug({ error }, "A client's socket failed."));
  socket.on("close", () => {
    clients.delete(client);
    wishes.onClients(clients.size);
  });
}

/** Who speaks no version of ours is told so, and is not listened to. */
function meet(party: Party, theirs: Range): void {
  if (agreed(wireRange, theirs) !== undefined) return;
  const { socket } = party.client;
  const versions = { clientSpeaks: theirs, weSpeak: wireRange };
  party.wishes.log.error({ code: "VERSIONS_APART", ...versions }, "A client speaks no version that we do.");
  refuse(party, { type: "hello" }, `versions apart: ${JSON.stringify(versions)}`);
  socket.end(() => socket.destroy());
}

function tellFigures({ client, clients, wishes }: Party): void {
  const unread = [...clients].reduce((sum, { socket }) => sum + socket.writableLength, 0);
  wishes
    .figures(unread)
    .then((figures) => write(client, `${JSON.stringify(figures)}\n`, wishes.log))
    .catch((error: unknown) => wishes.log.error({ error }, "The unit's figures could not be told."));
}

function tellPhones({ client, wishes }: Party, wish: PhonesWish): void {
  const page: RegisteredPhones = { type: "phones", ask: wish.ask, ...wishes.phones(wish) };
  write(client, `${JSON.stringify(page)}\n`, wishes.log);
}

function obey(party: Party, line: string): void {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return refuse(party, {}, "not JSON");
  }
  if (!fits.Check(value)) return refuse(party, value, "does not fit the schema");
  if (value.type === "hello") return meet(party, value.speaks);
  if (value.type === "figures") return tellFigures(party);
  if (value.type === "trace") {
    party.client.tracesUntilMs = Math.min(value.untilMs, party.wishes.nowMs() + longestTraceMs);
    return;
  }
  try {
    if (value.type === "phones") return tellPhones(party, value);
    party.wishes.onCommand(value, (why) => refuse(party, value, why));
  } catch (error) {
    party.wishes.log.error({ error, command: value.type }, "A command failed.");
    refuse(party, value, "failed");
  }
}

function refuse(party: { client: Client; wishes: DoorWishes }, command: unknown, why: string): void {
  const { type, leg } =
    typeof command === "object" && command !== null ? (command as Record<string, unknown>) : {};
  const refusal: TelecomEvent = {
    type: "refused",
    command: typeof type === "string" ? type.slice(0, 40) : "unreadable",
    ...(typeof leg === "string" ? { leg: leg.slice(0, 80) } : {}),
    why,
    atMs: party.wishes.nowMs(),
  };
  write(party.client, `${JSON.stringify(refusal)}\n`, party.wishes.log);
}

function write(client: Client, line: string, log: Log): void {
  const { socket } = client;
  if (socket.destroyed || socket.writableEnded) return;
  sayLine(socket, line);
  client.toldChars += line.length;
  // What is unread is the end of all that was said: the snapshot's own part is what lies before the rest.
  const unreadChars = Math.min(socket.writableLength, client.toldChars);
  if (unreadChars <= mostUnreadChars) return;
  log.warn({ unreadChars }, "A client does not read what it is told; cut off.");
  socket.destroy();
}
