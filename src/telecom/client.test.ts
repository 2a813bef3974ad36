import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import type { BridgeId, LegId, PermitId, PlayId } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import {
  type Command,
  type LegState,
  type SipMessageSeen,
  type TelecomEvent,
  wireVersion,
} from "#contract/telecom.ts";
import { connectTelecomUnit, type Seen, type TelecomUnit, type WatchedUnit } from "./client.ts";
import { type CommandDoor, openCommandDoor } from "./wire/command-door.ts";

const leg = "call_1.user" as LegId;
const dial: Command = {
  type: "dial",
  leg,
  permit: "permit_1" as PermitId,
  target: { type: "trunk", host: "127.0.0.1", transport: "udp", user: "100", codecs: ["PCMU"] },
  identity: {},
  ringUntilMs: 1,
  endAtMs: 2,
};
const hangUp: Command = { type: "hang-up", leg, reason: "normal" };

function snapshot(legs: LegState[], unitBoot = "boot-1"): TelecomEvent {
  return { type: "snapshot", wireVersion, unitBoot, atMs: 5, legs };
}

interface House {
  readonly socketPath: string;
  readonly commands: Command[];
  door(options?: { unitBoot?: string; legs?: LegState[] }): Promise<CommandDoor>;
  unit(): WatchedUnit;
  /** Resolves when the door has been told `count` commands. */
  told(count: number): Promise<void>;
}

function house(t: { after(then: () => unknown): void }): House {
  const folder = mkdtempSync(join(tmpdir(), "tandem-client-"));
  const socketPath = join(folder, "unit.sock");
  const commands: Command[] = [];
  const closers: (() => Promise<void>)[] = [];
  let look = (): void => {};
  t.after(async () => {
    for (const close of closers.reverse()) await close();
    rmSync(folder, { recursive: true });
  });
  return {
    socketPath,
    commands,
    door: async ({ unitBoot = "boot-1", legs = [] } = {}) => {
      const door = await openCommandDoor({
        socketPath,
        log: silentLog,
        nowMs: () => 7,
        snapshot: () => snapshot(legs, unitBoot),
        figures: () => Promise.reject(new Error("nobody asks")),
        phones: () => ({ phones: [] }),
        onCommand: (command, refuse) => {
          commands.push(command);
          if (command.type === "dial" && command.permit === ("used" as PermitId)) refuse("permit used");
          if (command.type === "play" && command.play === ("refused" as PlayId)) refuse("no such leg");
          look();
        },
        onClients: () => {},
      });
      closers.push(() => door.close());
      return door;
    },
    unit: () => {
      const unit = connectTelecomUnit({ socketPath, clock: systemClock, log: silentLog });
      closers.push(() => unit.close());
      return unit;
    },
    told: (count) =>
      new Promise((resolve) => {
        look = () => {
          if (commands.length >= count) resolve();
        };
        look();
      }),
  };
}

function next(unit: TelecomUnit, type: TelecomEvent["type"]): Promise<TelecomEvent> {
  return new Promise((resolve) => {
    const stop = unit.onEvent((event) => {
      if (event.type !== type) return;
      stop();
      resolve(event);
    });
  });
}

test("a client mirrors the snapshot and the events after it", async (t) => {
  const { door, unit: open } = house(t);
  const there = await door({
    legs: [{ leg, state: "ringing", dialedAtMs: 1, digits: [], played: {}, onHold: false }],
  });
  const unit = open();
  await unit.ready();
  assert.equal(unit.leg(leg)?.state, "ringing");
  const answered = next(unit, "leg-answered");
  there.tell({ type: "leg-answered", leg, atMs: 9, sipCallId: "x" });
  await answered;
  assert.deepEqual(unit.leg(leg), {
    leg,
    state: "answered",
    dialedAtMs: 1,
    answeredAtMs: 9,
    sipCallId: "x",
    digits: [],
    played: {},
    onHold: false,
  });
});

test("commands said before the unit is there arrive, in order, once it is", async (t) => {
  const { door, unit: open, told, commands } = house(t);
  const unit = open();
  unit.send(dial);
  unit.send(hangUp);
  assert.equal(unit.connected, false);
  assert.equal(unit.leg(leg)?.state, "dialing");
  await door();
  await told(2);
  assert.deepEqual(commands, [dial, hangUp]);
  assert.equal(unit.leg(leg)?.state, "dialing");
});

test("after a break the client comes again, and says again what may have been lost", async (t) => {
  const { door, unit: open, told, commands } = house(t);
  const first = await door();
  const unit = open();
  await unit.ready();
  unit.send(dial);
  await told(1);
  await first.close();
  await door();
  await next(unit, "snapshot");
  await told(2);
  assert.deepEqual(commands, [dial, dial]);
});

test("a unit started anew is not told what was said to the old one", async (t) => {
  const { door, unit: open, told, commands } = house(t);
  const first = await door();
  const unit = open();
  await unit.ready();
  unit.send(dial);
  await told(1);
  await first.close();
  assert.equal(unit.boot, "boot-1");
  await door({ unitBoot: "boot-2" });
  await next(unit, "snapshot");
  assert.equal(unit.boot, "boot-2");
  assert.equal(unit.leg(leg), undefined);
  unit.send(hangUp);
  await told(2);
  assert.deepEqual(commands, [dial, hangUp]);
});

test("a refused dial leaves no leg in the mirror", async (t) => {
  const { door, unit: open } = house(t);
  await door();
  const unit = open();
  await unit.ready();
  const refused = next(unit, "refused");
  unit.send({ ...dial, permit: "used" as PermitId });
  assert.deepEqual(await refused, { type: "refused", command: "dial", leg, why: "permit used", atMs: 7 });
  assert.equal(unit.leg(leg), undefined);
});

test("plays, digits and bridges show in the mirror", async (t) => {
  const { door, unit: open } = house(t);
  const there = await door({
    legs: [{ leg, state: "answered", dialedAtMs: 1, digits: [], played: {}, onHold: false }],
  });
  const unit = open();
  await unit.ready();
  const play = "greeting" as PlayId;
  unit.send({
    type: "play",
    leg,
    play,
    loop: false,
    barge: false,
    prompt: { language: "en", segments: [{ type: "pause", ms: 20 }], private: false },
  });
  assert.equal(unit.leg(leg)?.playing, play);
  const ended = next(unit, "play-ended");
  there.tell({ type: "digit", leg, key: { seq: 1, digit: "#", atMs: 3, durationMs: 100, via: "info" } });
  there.tell({ type: "play-ended", leg, play, end: "done", atMs: 4 });
  await ended;
  assert.equal(unit.leg(leg)?.playing, undefined);
  assert.deepEqual(unit.leg(leg)?.played, { greeting: "done" });
  assert.equal(unit.leg(leg)?.digits.length, 1);
  unit.send({ type: "take-digits", leg, throughSeq: 1 });
  assert.deepEqual(unit.leg(leg)?.digits, []);
});

test("a bridge that was told before this client named it stands in the mirror once it does", async (t) => {
  const { door, unit: open } = house(t);
  const other = "call_1.center" as LegId;
  const blank = { dialedAtMs: 1, digits: [], played: {}, onHold: false };
  const there = await door({
    legs: [leg, other].map((id) => ({ leg: id, state: "answered" as const, ...blank })),
  });
  const unit = open();
  await unit.ready();
  const bridge = "call_1.bridge" as BridgeId;
  // The web process before this one said the command, and died before its event.
  const bridged = next(unit, "bridged");
  there.tell({ type: "bridged", bridge, atMs: 3 });
  await bridged;
  unit.send({ type: "bridge", bridge, legs: [leg, other], blockDigitsFrom: [] });
  assert.deepEqual([unit.leg(leg)?.bridge, unit.leg(other)?.bridge], [bridge, bridge]);
});

test("a line that fits no event ends the connection, and the next snapshot mends it", async (t) => {
  const { socketPath, unit: open } = house(t);
  const sockets = new Set<Socket>();
  let connections = 0;
  const liar = createServer((socket) => {
    sockets.add(socket);
    connections += 1;
    socket.on("error", () => {});
    socket.write(`${JSON.stringify(snapshot([]))}\n`);
    if (connections === 1) socket.write('{"type":"leg-answered","leg":7}\n');
  });
  await new Promise<void>((resolve) => liar.listen(socketPath, resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    liar.close();
  });
  const unit = open();
  await next(unit, "snapshot");
  await next(unit, "snapshot");
  assert.equal(connections, 2);
  assert.equal(unit.connected, true);
});

test("the door refuses what is no command, and goes on", async (t) => {
  const { door, unit: open, told, commands } = house(t);
  await door();
  const unit = open();
  await unit.ready();
  const refused = next(unit, "refused");
  unit.send({ type: "hang-up", leg, reason: "bored" } as unknown as Command);
  assert.equal(((await refused) as { why: string }).why, "does not fit the schema");
  unit.send(hangUp);
  await told(1);
  assert.deepEqual(commands, [hangUp]);
});

test("the socket is its owner's alone; a stale file is taken over, a live one is not", async (t) => {
  const { door, socketPath } = house(t);
  const dead = createServer().listen(`${socketPath}.dead`);
  await once(dead, "listening");
  // A server removes its own file alone: what it leaves under another name is what a killed unit leaves.
  renameSync(`${socketPath}.dead`, socketPath);
  dead.close();
  await once(dead, "close");
  await door();
  assert.equal(statSync(socketPath).mode & 0o777, 0o600);
  await assert.rejects(door(), (error) => error instanceof TandemError && error.code === "SETTINGS_INVALID");
});

test("a file that is no socket is not taken for a stale one", async (t) => {
  const { door, socketPath } = house(t);
  writeFileSync(socketPath, "somebody's data");
  await assert.rejects(door(), (error) => error instanceof TandemError && error.code === "SETTINGS_INVALID");
  assert.equal(readFileSync(socketPath, "utf8"), "somebody's data");
});

test("a client that does not read holds no door open", { timeout: 10_000 }, async (t) => {
  const { door, socketPath } = house(t);
  const there = await door();
  const deaf = connect(socketPath);
  t.after(() => deaf.destroy());
  await once(deaf, "connect");
  while (there.clients === 0) await new Promise((resolve) => setImmediate(resolve));
  for (let n = 0; n < 20_000; n++) there.tell({ type: "leg-held", leg, atMs: n, onHold: true });
  await there.close();
});

test("a refused play does not play in the mirror", async (t) => {
  const { door, unit: open } = house(t);
  await door({ legs: [{ leg, state: "answered", dialedAtMs: 1, digits: [], played: {}, onHold: false }] });
  const unit = open();
  await unit.ready();
  const refused = next(unit, "refused");
  unit.send({
    type: "play",
    leg,
    play: "refused" as PlayId,
    loop: false,
    barge: false,
    prompt: { language: "en", segments: [{ type: "pause", ms: 20 }], private: false },
  });
  await refused;
  assert.equal(unit.leg(leg)?.playing, undefined);
});

test("SIP messages are told to a client that looks on, and to nobody else", async (t) => {
  const { door, unit: open, told } = house(t);
  const there = await door();
  const message = (text: string): SipMessageSeen => ({
    type: "sip-message",
    atMs: 3,
    direction: "in",
    transport: "udp",
    remote: "127.0.0.1:5070",
    text,
  });
  const [watched, other] = [open(), open()];
  await Promise.all([watched.ready(), other.ready()]);
  there.trace(() => assert.fail("nobody looks on"));
  const seen: Seen[] = [];
  let look = (): void => {};
  const stop = watched.watch((sight) => {
    seen.push(sight);
    look();
  });
  // The wish to look on travels by the same line as this command, before it.
  watched.send(dial);
  await told(1);
  there.trace(() => message("one"));
  await new Promise<void>((resolve) => {
    look = () => seen.length >= 2 && resolve();
    look();
  });
  stop();
  assert.deepEqual(seen, [{ said: dial }, { message: message("one") }]);
});

test("a client waits for the first snapshot no longer than it is told to", async (t) => {
  const { unit: open } = house(t);
  const unit = open();
  const patience = new AbortController();
  const ready = unit.ready(patience.signal);
  patience.abort(new Error("enough"));
  await assert.rejects(ready, /enough/);
});

test("what was being played when the unit died is said again", async (t) => {
  const { door, unit: open, commands, told } = house(t);
  const answered: LegState = { leg, state: "answered", dialedAtMs: 1, digits: [], played: {}, onHold: false };
  const before = await door({ legs: [answered] });
  const unit = open();
  await unit.ready();
  const segments = [{ type: "text" as const, text: "Mortgages." }];
  const prompt = { language: "en" as const, segments, private: true };
  const play = (id: string): Command => ({
    ...{ type: "play", leg, play: id as PlayId, prompt, loop: false, barge: false },
  });
  const ended = next(unit, "play-ended");
  unit.send(play("heard"));
  await told(1);
  before.tell({ type: "play-ended", leg, play: "heard" as PlayId, end: "done", atMs: 3 });
  await ended;
  await before.close();
  commands.length = 0;

  const again = next(unit, "snapshot");
  const second = await door({ legs: [{ ...answered, played: { heard: "done" } }] });
  await again;
  unit.send(play("whisper"));
  await told(1);
  await second.close();
  commands.length = 0;
  const third = next(unit, "snapshot");
  await door({ legs: [{ ...answered, played: { heard: "done" } }] });
  await third;
  await told(1);
  assert.equal(unit.leg(leg)?.playing, "whisper");
  const plays = commands.flatMap((command) => (command.type === "play" ? [command.play] : []));
  assert.ok(plays.includes("whisper" as PlayId));
});
