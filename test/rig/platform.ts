import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CallRecord } from "#call-manager/call-record.ts";
import { type PlatformProcesses, startByThemselves, startUnderSupervisor } from "./platform-processes.ts";
import { freePort } from "./ports.ts";
import { type TemporaryFolder, temporaryFolder } from "./processes.ts";

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
  killUnit(): Promise<void>;
  /** Resolves when the next unit serves. Under the supervisor it comes by itself. */
  startUnit(): Promise<void>;
  killWeb(): Promise<void>;
  startWeb(): Promise<void>;
  /** As a service manager restarts it. */
  restart(): Promise<void>;
  /** Resolves when a web process serves: at once, but between a death and the next life. */
  webIsUp(): Promise<void>;
  /** How often it was killed. */
  readonly webDeaths: number;
  /** The call records, newest first, as the operator reads them over HTTP. */
  calls(): Promise<readonly CallRecord[]>;
  /** Prometheus' text, as the operator reads it. */
  metrics(): Promise<string>;
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
  /** Both processes are children of `tandem start`: after `killWeb` the supervisor starts the next one, and `startWeb` waits for it. */
  readonly supervised?: boolean;
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
  const start = options.supervised === true ? startUnderSupervisor : startByThemselves;
  return new RunningPlatform({ folder, ports, processes: await start(environment) });
}

class RunningPlatform implements Platform {
  readonly url: string;
  readonly sipPort: number;
  readonly folder: string;
  readonly #folder: TemporaryFolder;
  readonly #processes: PlatformProcesses;
  #up = Promise.withResolvers<void>();
  webDeaths = 0;

  constructor(parts: {
    readonly folder: TemporaryFolder;
    readonly ports: { readonly http: number; readonly sip: number };
    readonly processes: PlatformProcesses;
  }) {
    this.url = `http://127.0.0.1:${parts.ports.http}`;
    this.sipPort = parts.ports.sip;
    this.folder = parts.folder.path;
    this.#folder = parts.folder;
    this.#processes = parts.processes;
    this.#up.resolve();
  }

  get unitPid(): number {
    return this.#processes.unitPid();
  }

  webPid(): number {
    return this.#processes.webPid();
  }

  async killUnit(): Promise<void> {
    await this.#processes.killUnit();
  }

  async startUnit(): Promise<void> {
    await this.#processes.startUnit();
  }

  async killWeb(): Promise<void> {
    this.#up = Promise.withResolvers<void>();
    this.webDeaths += 1;
    await this.#processes.killWeb();
  }

  async startWeb(): Promise<void> {
    await this.#processes.startWeb();
    this.#up.resolve();
  }

  async restart(): Promise<void> {
    await this.#processes.restart();
  }

  webIsUp(): Promise<void> {
    return this.#up.promise;
  }

  async calls(): Promise<readonly CallRecord[]> {
    const { calls } = JSON.parse(await this.#asOperator("/api/calls?limit=100")) as {
      calls: readonly CallRecord[];
    };
    return calls;
  }

  metrics(): Promise<string> {
    return this.#asOperator("/metrics");
  }

  async #asOperator(path: string): Promise<string> {
    const answer = await fetch(new URL(path, this.url), { headers: { authorization: `Bearer ${token}` } });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`The operator's API answered ${answer.status}: ${text}`);
    return text;
  }

  output(): string {
    return this.#processes.output();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#processes.stop();
    this.#folder[Symbol.dispose]();
  }
}
