import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "./ports.ts";
import type { Registration } from "./registration.ts";
import { startPeer, temporaryFolder } from "./processes.ts";
import { readWav, writeWav, type Sound } from "./wav.ts";

export interface LinphoneOptions {
  readonly user: string;
  readonly answers?: "by-itself" | "when-told";
  /** Played once from the moment of the answer. 8 kHz. linphonec's own conversion makes it less clean than baresip's. */
  readonly says?: Sound;
  /** Registers there, and is called by that alone. */
  readonly registers?: Registration;
}

/** A telephone of a second make (linphonec). */
export interface Linphone extends AsyncDisposable {
  readonly port: number;
  readonly address: string;
  /** Resolves with the first match in what it prints. */
  prints(pattern: RegExp, withinMs?: number): Promise<RegExpMatchArray>;
  dials(address: string): void;
  answers(): void;
  /** Resolves when it has said that it is registered. */
  registered(withinMs?: number): Promise<void>;
  /** Resolves when it has said that the call is up. */
  connected(withinMs?: number): Promise<void>;
  /** Resolves when it has said that the call is over. */
  ended(withinMs?: number): Promise<void>;
  presses(digits: string): Promise<void>;
  hangsUp(): void;
  /** Puts the call on hold by a re-INVITE, and takes it back. */
  holds(): void;
  resumes(): void;
  heard(): Sound | undefined;
  log(): string;
}

export async function startLinphone(options: LinphoneOptions): Promise<Linphone> {
  const folder = temporaryFolder(`linphone-${options.user}`);
  const port = await freePort();
  const rtpPort = await freePort();
  // It stores its database and certificates below HOME, and crashes when the folder is missing.
  mkdirSync(join(folder.path, ".local/share/linphone"), { recursive: true });
  mkdirSync(join(folder.path, ".config/linphone"), { recursive: true });
  const configuration = join(folder.path, "linphonerc");
  const heard = join(folder.path, "heard.wav");
  const says = join(folder.path, "says.wav");
  if (options.says !== undefined) writeWav(says, options.says);
  writeFileSync(
    configuration,
    [
      "[sip]",
      `sip_port=${port}`,
      `sip_tcp_port=${port}`,
      // 0 is none, -1 any: without one it has no TLS at all.
      `sip_tls_port=${options.registers?.transport === "tls" ? -1 : 0}`,
      ...authorityLines(options.registers),
      "use_ipv6=0",
      "bind_address=127.0.0.1",
      `contact=sip:${options.user}@127.0.0.1:${port}`,
      ...(options.registers === undefined ? [] : ["default_proxy=0"]),
      "guess_hostname=0",
      "register_only_when_network_is_up=0",
      "[rtp]",
      `audio_rtp_port=${rtpPort}`,
      "[video]",
      "enabled=0",
      "[net]",
      "firewall_policy=0",
      "mtu=1300",
      ...accountLines(options.registers),
      "",
    ].join("\n"),
  );
  const peer = await startPeer({
    program: "linphonec",
    words: ["-c", configuration, ...(options.answers === "when-told" ? [] : ["-a"])],
    folder: folder.path,
    environment: { HOME: folder.path },
  });
  try {
    // Its prompt: it is ready for commands.
    await peer.line(/linphonec>/, 20_000);
    peer.write("soundcard use files\n");
    if (options.says !== undefined) peer.write(`play ${says}\n`);
    peer.write(`record ${heard}\n`);
  } catch (error) {
    await peer.stop();
    folder[Symbol.dispose]();
    throw error;
  }
  return {
    port,
    address: `sip:${options.user}@127.0.0.1:${port}`,
    prints: (pattern, withinMs) => peer.line(pattern, withinMs),
    dials: (address) => peer.write(`call ${address}\n`),
    answers: () => peer.write("answer\n"),
    async registered(withinMs) {
      // It says so when it is asked alone.
      const asks = setInterval(() => peer.write("status register\n"), 200);
      try {
        await peer.line(/registered, identity=/, withinMs);
      } finally {
        clearInterval(asks);
      }
    },
    connected: async (withinMs) =>
      void (await peer.line(/Call \d+ with .* connected|Media streams established/i, withinMs)),
    ended: async (withinMs) => void (await peer.line(/Call \d+ with .* ended|Call ended/i, withinMs)),
    async presses(digits) {
      for (const digit of digits) {
        peer.write(`${digit}\n`);
        // A line each: it sends the next key when the last has been let go (about 0.1 s).
        await new Promise((resolve) => setTimeout(resolve, 600));
      }
    },
    hangsUp: () => peer.write("terminate\n"),
    holds: () => peer.write("pause\n"),
    resumes: () => peer.write("resume\n"),
    heard: () => (existsSync(heard) ? readWav(heard) : undefined),
    log: () => peer.output().slice(-6_000),
    async [Symbol.asyncDispose]() {
      peer.write("quit\n");
      await Promise.race([peer.ended, new Promise((resolve) => setTimeout(resolve, 1_000))]);
      await peer.stop();
      folder[Symbol.dispose]();
    },
  };
}

/** What it is shown has to be of this authority's making, for the address that it calls. */
function authorityLines(registers: Registration | undefined): readonly string[] {
  if (registers?.authority === undefined) return [];
  return [`root_ca=${registers.authority}`, "verify_server_certs=1", "verify_server_cn=1"];
}

function accountLines(registers: Registration | undefined): readonly string[] {
  if (registers === undefined) return [];
  const { sipPort, user, password, transport } = registers;
  return [
    "[proxy_0]",
    `reg_proxy=<sip:127.0.0.1:${sipPort};transport=${transport}>`,
    `reg_identity=sip:${user}@127.0.0.1`,
    "reg_expires=60",
    "reg_sendregister=1",
    "[auth_info_0]",
    `username=${user}`,
    `passwd=${password}`,
    "realm=tandem",
    "domain=127.0.0.1",
  ];
}
