import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import type { CertificateFiles } from "./certificate.ts";
import { freePort } from "./ports.ts";
import type { Registration } from "./registration.ts";
import { startPeer, temporaryFolder, type Peer } from "./processes.ts";
import { sequence } from "./sound.ts";
import { readWav, writeWav, type Sound } from "./wav.ts";

export interface PhoneOptions {
  /** User part of its address: the number it is called by. */
  readonly user: string;
  readonly answers?: "by-itself" | "when-told";
  /** What it says into the line, over and over from the answer on; silence when left out. 8 kHz. */
  readonly says?: Sound;
  readonly codec?: "PCMU" | "PCMA";
  readonly transport?: "udp" | "tcp" | "tls";
  /** What it shows over TLS. */
  readonly certificate?: CertificateFiles;
  /** Where it listens: 127.0.0.1, or `::1`. */
  readonly host?: "127.0.0.1" | "::1";
  /** Speaks SRTP by SDES, or not at all. */
  readonly secured?: boolean;
  /** Registers there, and is called by that alone. */
  readonly registers?: Registration;
}

/** What baresip tells of its calls, oldest first. */
export interface PhoneEvent {
  readonly type: string;
  readonly peeruri?: string;
  readonly param?: string;
  readonly id?: string;
}

/** A real telephone (baresip, written by nobody here): rings, answers, keys digits, speaks a WAV, records both directions. */
export interface Phone extends AsyncDisposable {
  readonly port: number;
  /** `sip:<user>@<host>:<port>` */
  readonly address: string;
  readonly events: readonly PhoneEvent[];
  /** Resolves with the first event of this type at or after position `from` of `events`. */
  event(type: PhoneEventType, options?: { withinMs?: number; from?: number }): Promise<PhoneEvent>;
  dials(address: string): Promise<void>;
  answers(): Promise<void>;
  /** Keys digits one by one as RFC 4733 telephone-events, each held for 100 ms. */
  presses(digits: string): Promise<void>;
  hangsUp(): Promise<void>;
  /** Puts the call on hold by a re-INVITE, and takes it back. */
  holds(): Promise<void>;
  resumes(): Promise<void>;
  /** What was heard, call by call; whole once the call has ended. */
  recordings(direction: "heard" | "said"): readonly Sound[];
  log(): string;
}

type PhoneEventType =
  | "REGISTER_OK"
  | "REGISTER_FAIL"
  | "CALL_INCOMING"
  | "CALL_RINGING"
  | "CALL_PROGRESS"
  | "CALL_ESTABLISHED"
  | "CALL_CLOSED";

const longestCallSeconds = 180;
const modulesFolder = "/usr/lib/baresip/modules";

export async function startBaresip(options: PhoneOptions): Promise<Phone> {
  const folder = temporaryFolder(`baresip-${options.user}`);
  const ownPort = await freePort();
  // It listens for TLS on the port after the one that it is told.
  const port = options.transport === "tls" ? ownPort + 1 : ownPort;
  const controlPort = await freePort();
  const rtpPort = await freePort();
  const host = options.host ?? "127.0.0.1";
  const home = join(folder.path, ".baresip");
  mkdirSync(join(folder.path, "recordings"), { recursive: true });
  mkdirSync(home);
  const source = join(folder.path, "says.wav");
  const certificate = join(folder.path, "certificate.pem");
  if (options.certificate !== undefined) {
    const { certificateFile, keyFile } = options.certificate;
    writeFileSync(certificate, readFileSync(certificateFile, "utf8") + readFileSync(keyFile, "utf8"));
  }
  writeWav(source, repeated(options.says ?? sequence([{ hz: [], seconds: 1 }])));
  writeFileSync(
    join(home, "config"),
    configuration({
      ...{ folder: folder.path, host, port: ownPort, controlPort, rtpPort, source },
      ...(options.certificate === undefined ? {} : { certificate }),
    }),
  );
  const address = `sip:${options.user}@${bracketed(host)}:${port}`;
  const { registers } = options;
  const settings = [
    ...(registers === undefined ? ["regint=0"] : ["regint=60", `auth_pass=${registers.password}`]),
    `answermode=${options.answers === "when-told" ? "manual" : "auto"}`,
    `audio_codecs=${options.codec ?? "PCMU"}/8000/1`,
    ...(options.secured === true ? ["mediaenc=srtp-mand"] : []),
  ];
  const account = registers === undefined ? address : `sip:${registers.user}@127.0.0.1:${registers.sipPort}`;
  const transport = registers?.transport ?? options.transport ?? "udp";
  writeFileSync(join(home, "accounts"), `<${account};transport=${transport}>;${settings.join(";")}\n`);
  writeFileSync(join(home, "contacts"), "");

  const peer = await startPeer({
    program: "baresip",
    words: ["-f", home],
    folder: folder.path,
    environment: { HOME: folder.path },
  });
  try {
    await peer.line(/baresip is ready/);
    const socket = await reach(controlPort);
    return new BaresipPhone({ peer, socket, folder, port, address });
  } catch (error) {
    await peer.stop();
    folder[Symbol.dispose]();
    throw error;
  }
}

/** aufile ends the call with its file, so the file is made longer than any call of a test. */
function repeated(sound: Sound): Sound {
  const times = Math.ceil((longestCallSeconds * sound.sampleRate) / sound.samples.length);
  const samples = new Float64Array(sound.samples.length * times);
  for (let at = 0; at < times; at++) samples.set(sound.samples, at * sound.samples.length);
  return { sampleRate: sound.sampleRate, samples };
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function configuration(told: {
  folder: string;
  host: string;
  port: number;
  controlPort: number;
  rtpPort: number;
  source: string;
  certificate?: string;
}): string {
  return [
    `sip_listen ${bracketed(told.host)}:${told.port}`,
    `net_interface ${told.host}`,
    ...(told.certificate === undefined ? [] : [`sip_certificate ${told.certificate}`]),
    "call_max_calls 8",
    `audio_source aufile,${told.source}`,
    "audio_player aubridge,ear",
    "audio_alert aubridge,bell",
    "ausrc_srate 8000",
    "auplay_srate 8000",
    "ausrc_channels 1",
    "auplay_channels 1",
    `rtp_ports ${told.rtpPort}-${told.rtpPort + 200}`,
    "rtcp_mux no",
    "jitter_buffer_delay 2-10",
    `module_path ${modulesFolder}`,
    ...["g711", "aufile", "aubridge", "sndfile", "srtp"].map((name) => `module ${name}.so`),
    ...["account", "contact", "menu", "ctrl_tcp"].map((name) => `module_app ${name}.so`),
    `ctrl_tcp_listen 127.0.0.1:${told.controlPort}`,
    `snd_path ${join(told.folder, "recordings")}`,
    "",
  ].join("\n");
}

class BaresipPhone implements Phone {
  readonly port: number;
  readonly address: string;
  readonly events: PhoneEvent[] = [];
  readonly #peer: Peer;
  readonly #socket: Socket;
  readonly #folder: { path: string } & Disposable;
  readonly #listeners = new Set<() => void>();
  readonly #answers: ((text: string) => void)[] = [];
  #unread = Buffer.alloc(0);

  constructor(told: {
    peer: Peer;
    socket: Socket;
    folder: { path: string } & Disposable;
    port: number;
    address: string;
  }) {
    this.#peer = told.peer;
    this.#socket = told.socket;
    this.#folder = told.folder;
    this.port = told.port;
    this.address = told.address;
    told.socket.on("data", (part) => this.#read(part));
    told.socket.on("error", () => {});
  }

  event(type: PhoneEventType, { withinMs = 10_000, from = 0 } = {}): Promise<PhoneEvent> {
    return new Promise((resolve, reject) => {
      const done = (settle: () => void): void => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        settle();
      };
      const look = (): void => {
        const found = this.events.slice(from).find((event) => event.type === type);
        if (found !== undefined) done(() => resolve(found));
      };
      const timer = setTimeout(() => {
        const seen = this.events.map((event) => event.type).join(", ");
        done(() =>
          reject(new Error(`${this.address}: no ${type} in ${withinMs} ms, only: ${seen}\n${this.log()}`)),
        );
      }, withinMs);
      this.#listeners.add(look);
      look();
    });
  }

  async dials(address: string): Promise<void> {
    await this.#command("dial", address);
  }

  async answers(): Promise<void> {
    await this.#command("accept");
  }

  async presses(digits: string): Promise<void> {
    for (const digit of digits) {
      await this.#command("sndcode", digit);
      await wait(100);
      // EOT releases the key.
      await this.#command("sndcode", "\u0004");
      await wait(100);
    }
  }

  async hangsUp(): Promise<void> {
    await this.#command("hangup");
  }

  async holds(): Promise<void> {
    await this.#command("hold");
  }

  async resumes(): Promise<void> {
    await this.#command("resume");
  }

  recordings(direction: "heard" | "said"): readonly Sound[] {
    const folder = join(this.#folder.path, "recordings");
    const ending = direction === "heard" ? "-dec.wav" : "-enc.wav";
    return readdirSync(folder)
      .filter((name) => name.endsWith(ending))
      .toSorted()
      .map((name) => readWav(join(folder, name)));
  }

  log(): string {
    return this.#peer.output().slice(-6_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.#peer.stop();
    this.#folder[Symbol.dispose]();
  }

  /** ctrl_tcp speaks JSON in netstrings; each command has one answer, in order. */
  async #command(command: string, params = ""): Promise<void> {
    const text = JSON.stringify({ command, params, token: "rig" });
    const answer = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.address} does not answer ${command}\n${this.log()}`)),
        5_000,
      );
      this.#answers.push((told) => {
        clearTimeout(timer);
        resolve(told);
      });
      this.#socket.write(`${Buffer.byteLength(text)}:${text},`);
    });
    if (!answer.includes('"ok":true'))
      throw new Error(`${this.address}: ${command} ${params} was refused: ${answer}`);
  }

  #read(part: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, part]);
    for (;;) {
      const colon = this.#unread.indexOf(":");
      if (colon === -1) return;
      const length = Number(this.#unread.toString("latin1", 0, colon));
      if (this.#unread.length < colon + 1 + length + 1) return;
      const text = this.#unread.toString("utf8", colon + 1, colon + 1 + length);
      this.#unread = this.#unread.subarray(colon + 1 + length + 1);
      if (text.includes('"response":true')) this.#answers.shift()?.(text);
      else this.events.push(JSON.parse(text) as PhoneEvent);
      for (const listener of this.#listeners) listener();
    }
  }
}

/** Its control port opens a moment after it says that it is ready. */
async function reach(port: number): Promise<Socket> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await new Promise<Socket>((resolve, reject) => {
        const socket = connect({ host: "127.0.0.1", port }, () => resolve(socket));
        socket.once("error", reject);
      });
    } catch (error) {
      if (attempt === 50) throw error;
      await wait(100);
    }
  }
}

/** How long a finger rests on a key: a person's time, not a race. */
function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
