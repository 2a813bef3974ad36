import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { startPeer, temporaryFolder } from "#rig/processes.ts";
import { sipMessages } from "#rig/capture.ts";
import { readPcap } from "#rig/pcap.ts";
import { type Check, check } from "../prove/checks.ts";
import { attack, startAttack } from "./attacks.ts";
import type { AttackName } from "./attack.ts";
import { type LiveCall, openLiveCall } from "./live-call.ts";
import { peakResidentMb } from "./processes-seen.ts";
import { Stranger, strangersAddress } from "./stranger.ts";

const rtpPorts = { first: 30_000, last: 30_007 };
const mostGrowthMb = 64;

/**
 * Ann and Bob talk over the real platform while everybody else is hostile. To be run in a network namespace where every address
 * leads to loopback (`everywhereIsHere`), so that whatever the platform sends to a stranger's invention is seen.
 */
export async function* proveStrangersTraffic(): AsyncGenerator<Check> {
  await using watch = await watchTheWire();
  await using call = await openLiveCall(`${rtpPorts.first}-${rtpPorts.last}`);
  const { platform } = call;
  const pids = [platform.unitPid, platform.webPid()] as const;
  const port = platform.sipPort;
  const web = {
    port: Number(new URL(platform.url).port),
    events: eventsOf(call),
    cookie: call.browser.cookies,
  };
  const liveCallId = call.ann.call?.sipCallId ?? "";
  const sockets = pids.map(openFiles);

  const ears = call.listen();
  // A heap grows to its working size under the first load of each kind, and what may be held is held from then on; what is
  // measured is whether memory goes on growing. Peaks are compared: between two of them a heap may be half empty or full by chance.
  const barrage = { port, mixed: 50_000, seed: "first", liveCallId };
  yield await attack("PROTOS and 50,000 hostile datagrams", "sendDatagrams", { ...barrage, protos: true });
  yield await attack("8,000 hostile HTTP requests", "floodHttp", { ...web, count: 8_000 });
  const doors = { ...call.doors, origin: platform.url };
  const breach = { ...doors, count: 3_000, seed: "first" };
  yield await attack("3,000 hostile TLS and WebSocket connections", "floodConnections", breach);
  yield await attack("PROTOS over TCP, every 30th", "sendStreams", { port });
  const ports = { firstPort: rtpPorts.first, lastPort: rtpPorts.last, rounds: 500 };
  yield await attack("RTP, RTCP and junk injected to every media port", "injectMedia", ports);
  await using idle = await holding("holdConnections", { port, count: 2_000 });
  yield await check("2,000 idle TCP connections: most are refused", () => JSON.stringify(idle.figures));
  await using slow = await holding("holdHttp", web);
  yield await check("400 slow HTTP requests, 500 live connections of one visitor: eight are served", () => {
    assert.equal(slow.figures["live"], 8);
    return JSON.stringify(slow.figures);
  });
  const before = pids.map(peakResidentMb);
  const more = { ...barrage, protos: false, seed: "second" };
  yield await attack("50,000 more hostile datagrams", "sendDatagrams", more);
  yield await attack("PROTOS over TCP, every 30th, again", "sendStreams", { port });
  yield await attack("3,000 more hostile TLS and WebSocket connections", "floodConnections", {
    ...breach,
    seed: "second",
  });
  yield await attack("as much again to every media port", "injectMedia", ports);
  yield await attack("2,000 more hostile HTTP requests", "floodHttp", { ...web, count: 2_000 });

  yield await check("every stranger's INVITE is answered alike, whomever it asks for", () => alike(port));
  yield await check("OPTIONS of a stranger is answered", async () => {
    const stranger = await Stranger.open(strangersAddress(7, 1));
    assert.match(await stranger.asks(port, { method: "OPTIONS", user: "anybody" }), /^SIP\/2\.0 200 /);
    stranger.close();
  });
  yield await check("both processes live, and have grown by 64 MB at most", () => {
    assert.deepEqual([platform.unitPid, platform.webPid()], pids);
    const growth = pids.map((pid, at) => peakResidentMb(pid) - (before[at] ?? 0));
    const detail = `unit ${growth[0]?.toFixed(1)} MB, web ${growth[1]?.toFixed(1)} MB`;
    assert.ok(
      growth.every((mb) => mb <= mostGrowthMb),
      detail,
    );
    return detail;
  });
  yield await check("Ann and Bob still hear each other, and nobody else", () => unharmed(call, ears));
  await idle[Symbol.asyncDispose]();
  await slow[Symbol.asyncDispose]();
  yield await check("Bob hangs up; Ann's line ends and her page says goodbye", async () => {
    await call.hangUp();
    const [record] = await platform.calls();
    assert.equal(record?.outcome, "completed");
  });
  yield await check(
    "no INVITE went anywhere without a permit, and nothing to places that strangers named",
    async () => {
      const sent = await watch.seen();
      const permits = permitsIn(platform.folder);
      assert.deepEqual(sent.elsewhere, []);
      assert.equal(sent.invites, permits);
      return `${sent.invites} INVITEs, ${permits} permits`;
    },
  );
  yield await check("the log stayed small", () => {
    // The rig keeps the last million characters.
    const characters = platform.output().length;
    assert.ok(characters < 1_000_000);
    assert.doesNotMatch(platform.output(), /"level":(50|60)/);
    return `${characters} characters`;
  });
  yield await check("nothing is left: as many open files as when the call began, or fewer", async () => {
    await until(() => pids.every((pid, at) => openFiles(pid) <= (sockets[at] ?? 0)));
  });
}

/** Makes every address this machine's own, in a namespace that has nothing but loopback. */
export async function everywhereIsHere(): Promise<void> {
  await using ip = await startPeer({
    program: "ip",
    words: ["route", "add", "local", "default", "dev", "lo"],
  });
  assert.equal(await ip.ended, 0, ip.output());
}

async function unharmed(call: LiveCall, ears: ReturnType<LiveCall["listen"]>): Promise<string> {
  assert.deepEqual([call.ann.state, call.bob.state], ["talking", "talking"]);
  await call.browser.reloads();
  assert.match(call.browser.text, /You are connected/);
  // No stranger's key was taken for one of theirs.
  assert.deepEqual([call.ann.digitsHeard, call.bob.digitsHeard], [[], []]);
  const told = ears.told();
  for (const { seconds, otherSeconds, strangerSeconds } of Object.values(told)) {
    assert.ok(seconds > 2, JSON.stringify(told));
    assert.ok(otherSeconds >= 0.95 * seconds, JSON.stringify(told));
    assert.equal(strangerSeconds, 0, JSON.stringify(told));
  }
  const after = call.listen();
  await until(() => Object.values(after.told()).every(({ otherSeconds }) => otherSeconds > 1));
  return JSON.stringify(told);
}

async function alike(port: number): Promise<string> {
  const stranger = await Stranger.open(strangersAddress(7, 0));
  const answers = new Set<string>();
  for (const user of [
    "tandem",
    "7001",
    "12025550123",
    "%2B12025550142",
    "bank",
    "nobody",
    "0",
    "a".repeat(200),
  ]) {
    const answer = await stranger.asks(port, { method: "INVITE", user });
    const own = /^(via|from|to|call-id|cseq):/i;
    answers.add(
      answer
        .split("\r\n")
        .filter((line) => !own.test(line))
        .join("\n"),
    );
  }
  stranger.close();
  assert.equal(answers.size, 1, [...answers].join("\n---\n"));
  return [...answers][0]?.split("\n")[0] ?? "";
}

async function holding(name: AttackName, wish: object) {
  const attacker = await startAttack(name, wish);
  const [text] = await attacker.line(/^\{.*\}$/m, 30_000);
  const figures = JSON.parse(text) as Readonly<Record<string, number>>;
  return { figures, [Symbol.asyncDispose]: () => attacker.stop("SIGKILL") };
}

/** Keeps what must not be there: INVITEs to anybody, and whatever goes to an address that is not loopback. */
async function watchTheWire() {
  const folder = temporaryFolder("strangers");
  const file = join(folder.path, "wire.pcap");
  const invite = "0x494e5649";
  const isInvite = `udp[8:4] = ${invite} or tcp[((tcp[12] & 0xf0) >> 2):4] = ${invite}`;
  const filter = `(src host 127.0.0.1 and (${isInvite})) or not dst net 127.0.0.0/8`;
  // tcpdump gives up its rights for those of another user, and a namespace without privileges has none.
  const dumpcap = await startPeer({
    program: "dumpcap",
    words: ["-i", "lo", "-q", "-P", "-w", file, "-f", filter],
  });
  await dumpcap.line(/^File: /m);
  const packets = () => readPcap(file);
  return {
    async seen() {
      await dumpcap.stop("SIGINT");
      const elsewhere = packets().filter(({ to }) => !to.startsWith("127."));
      const branches = sipMessages(packets())
        .filter(({ kind }) => kind === "INVITE")
        .map((message) => message.header("Via"));
      return {
        invites: new Set(branches).size,
        elsewhere: elsewhere.map(({ from, to }) => `${from} to ${to}`),
      };
    },
    async [Symbol.asyncDispose]() {
      await dumpcap.stop("SIGINT");
      folder[Symbol.dispose]();
    },
  };
}

function eventsOf(call: LiveCall): string {
  return /data-events="([^"]+)"/.exec(call.browser.page.html)?.[1] ?? "/";
}

function permitsIn(folder: string): number {
  const database = new Database(join(folder, "tandem.sqlite"), { readonly: true });
  const row = database.prepare("select count(*) as permits from dial_permit").get() as { permits: number };
  database.close();
  return row.permits;
}

function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Asks again each 50 ms, for 20 seconds. */
async function until(holds: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(holds(), "it never came to be");
}
