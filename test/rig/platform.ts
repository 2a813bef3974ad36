import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CallRecord } from "#call-manager/call-record.ts";
import { readSettings, unitSettings } from "../../src/settings.ts";
import { freePort } from "./ports.ts";
import { type Peer, startPeer, type TemporaryFolder, temporaryFolder } from "./processes.ts";

/**
 * The real platform for a test: a telecommunications unit and a web process, each a process of its own, on free ports, with a
 * database and a configuration file of their own. `killWeb` is a kill -9; `startWeb` brings the next life up on the same port.
 */
export interface Platform extends AsyncDisposable {
  readonly url: string;
  readonly sipPort: number;
  readonly folder: string;
  readonly unitPid: number;
  webPid(): number;
  killWeb(): Promise<void>;
  startWeb(): Promise<void>;
  /** Resolves when a web process serves: at once, but between a death and the next life. */
  webIsUp(): Promise<void>;
  /** How often it was killed. */
  readonly webDeaths: number;
  /** The call records, newest first, as the operator reads them over HTTP. */
  calls(): Promise<readonly CallRecord[]>;
  /** Everything both processes printed, for a failure's message and for the search for personal data. */
  output(): string;
}

const token = "operator-token-of-the-rig";

export async function openPlatform(options: {
  /** The configuration file's content. */
  readonly config: unknown;
  /** SQLite in the test's own folder unless told otherwise. */
  readonly databaseUrl?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** The ports that legs get, first and last. */
  readonly rtpPorts?: string;
}): Promise<Platform> {
  const folder = temporaryFolder("platform");
  writeFileSync(join(folder.path, "tandem.config.json"), JSON.stringify(options.config, null, 2));
  const ports = { http: await freePort(), sip: await freePort() };
  const environment: Record<string, string> = {
    TANDEM_DEVELOPMENT: "true",
    TANDEM_DATA: folder.path,
    TANDEM_CONFIG: join(folder.path, "tandem.config.json"),
    TANDEM_HTTP_PORT: String(ports.http),
    TANDEM_PUBLIC_URL: `http://127.0.0.1:${ports.http}`,
    TANDEM_SIP_PORT: String(ports.sip),
    TANDEM_RTP_PORTS: options.rtpPorts ?? "20000-29999",
    TANDEM_OPERATOR_TOKEN: token,
    ...(options.databaseUrl === undefined ? {} : { TANDEM_DATABASE: options.databaseUrl }),
    ...options.environment,
  };
  return await RunningPlatform.open(folder, environment, ports);
}

class RunningPlatform implements Platform {
  readonly url: string;
  readonly sipPort: number;
  readonly folder: string;
  readonly #folder: TemporaryFolder;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #unit: Peer;
  #web: Peer;
  #up = Promise.withResolvers<void>();
  #earlierOutput = "";
  webDeaths = 0;

  static async open(
    folder: TemporaryFolder,
    environment: Readonly<Record<string, string>>,
    ports: { readonly http: number; readonly sip: number },
  ): Promise<RunningPlatform> {
    const unit = await startProcess("../../src/telecom/process.ts", {
      TANDEM_UNIT_SETTINGS: unitSettings(readSettings(environment)),
    });
    try {
      const web = await startProcess("../../src/main.ts", environment);
      return new RunningPlatform({ folder, environment, ports, unit, web });
    } catch (error) {
      await unit.stop("SIGKILL");
      throw error;
    }
  }

  private constructor(parts: {
    readonly folder: TemporaryFolder;
    readonly environment: Readonly<Record<string, string>>;
    readonly ports: { readonly http: number; readonly sip: number };
    readonly unit: Peer;
    readonly web: Peer;
  }) {
    this.url = `http://127.0.0.1:${parts.ports.http}`;
    this.sipPort = parts.ports.sip;
    this.folder = parts.folder.path;
    this.#folder = parts.folder;
    this.#environment = parts.environment;
    this.#unit = parts.unit;
    this.#web = parts.web;
    this.#up.resolve();
  }

  get unitPid(): number {
    return this.#unit.pid;
  }

  webPid(): number {
    return this.#web.pid;
  }

  async killWeb(): Promise<void> {
    this.#up = Promise.withResolvers<void>();
    this.webDeaths += 1;
    await this.#web.stop("SIGKILL");
    this.#earlierOutput += this.#web.output();
  }

  async startWeb(): Promise<void> {
    this.#web = await startProcess("../../src/main.ts", this.#environment);
    this.#up.resolve();
  }

  webIsUp(): Promise<void> {
    return this.#up.promise;
  }

  async calls(): Promise<readonly CallRecord[]> {
    const answer = await fetch(`${this.url}/api/calls?limit=100`, {
      headers: { authorization: `Bearer ${token}` },
    });
    if (!answer.ok) throw new Error(`The operator's API answered ${answer.status}: ${await answer.text()}`);
    const { calls } = (await answer.json()) as { calls: readonly CallRecord[] };
    return calls;
  }

  output(): string {
    return `${this.#earlierOutput}${this.#web.output()}\n${this.#unit.output()}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#web.stop();
    await this.#unit.stop();
    this.#folder[Symbol.dispose]();
  }
}

async function startProcess(script: string, environment: Readonly<Record<string, string>>): Promise<Peer> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const peer = await startPeer({ program: process.execPath, words: [path], environment });
  try {
    await peer.line(/"ready":true/, 30_000);
  } catch (error) {
    await peer.stop("SIGKILL");
    throw error;
  }
  return peer;
}
