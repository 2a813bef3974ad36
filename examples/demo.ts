import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { makeLog } from "#base/log.ts";
import { readSettings, unitSettings } from "../src/settings.ts";
import { script, supervise } from "../src/supervise.ts";

/**
 * The demonstration that `bin/start` runs: the platform with development keys, the example bank, and Ann's and Bob's
 * telephones, each a process of its own on loopback. Ctrl-C ends them all; the database stays in var/demo.
 */
const root = join(import.meta.dirname, "..");
const ports = {
  tandem: 8080,
  bank: 8090,
  annPage: 8070,
  bobPage: 8071,
  sip: 5060,
  annSip: 5070,
  bobSip: 5080,
};
const address = (port: number): string => `http://127.0.0.1:${port}`;

async function main(): Promise<number> {
  const taken = await takenPorts([ports.tandem, ports.bank, ports.annPage, ports.bobPage]);
  if (taken.length > 0) {
    console.error(
      `Something listens on ${taken.map(address).join(", ")} already. Does the demonstration run in another window?`,
    );
    return 1;
  }
  const dataFolder = join(root, "var", "demo");
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const environment = {
    TANDEM_DEVELOPMENT: "true",
    TANDEM_DATA: dataFolder,
    TANDEM_CONFIG: join(import.meta.dirname, "tandem.config.jsonc"),
    TANDEM_HTTP_PORT: String(ports.tandem),
    TANDEM_PUBLIC_URL: address(ports.tandem),
    TANDEM_SIP_PORT: String(ports.sip),
    TANDEM_LOG: "warn",
  };
  const settings = readSettings(environment);

  const starts = new Starts([
    "telecommunications unit",
    "web process",
    "example bank",
    "Ann's telephone",
    "Bob's telephone",
  ]);
  const log = makeLog({ process: "demo", level: "warn" });
  const supervisor = supervise(
    [
      {
        name: "unit",
        script: script("./telecom/process.ts"),
        environment: { TANDEM_UNIT_SETTINGS: unitSettings(settings) },
        onLine: () => starts.started("telecommunications unit"),
      },
      { name: "web", script: script("./main.ts"), environment, onLine: () => starts.started("web process") },
    ],
    log,
  );
  const children = [
    run("bank-site/server.ts", { "--port": ports.bank, "--tandem": address(ports.tandem) }, () =>
      starts.started("example bank"),
    ),
    run(
      "softphones/phone.ts",
      { "--name": "Ann", "--sip-port": ports.annSip, "--http-port": ports.annPage },
      () => starts.started("Ann's telephone"),
    ),
    run(
      "softphones/phone.ts",
      { "--name": "Bob", "--sip-port": ports.bobSip, "--http-port": ports.bobPage },
      () => starts.started("Bob's telephone"),
    ),
  ];
  const stop = stopped();
  const outcome = await Promise.race([starts.all.then(() => "runs" as const), stop, ...children.map(ended)]);
  if (outcome === "runs") {
    console.log(welcome);
    await Promise.race([stop, ...children.map(ended)]);
  }
  for (const child of children) child.kill("SIGTERM");
  await Promise.all([supervisor.close(), ...children.map(ended)]);
  return 0;
}

const bold = (text: string): string => (process.stdout.isTTY ? `\u001b[1m${text}\u001b[0m` : text);
const red = (text: string): string => (process.stdout.isTTY ? `\u001b[1;31m${text}\u001b[0m` : text);

const welcome = `
${red("Development keys are in use: this is a demonstration, on this machine alone.")}

  ${bold("The bank's site")}      ${address(ports.bank)}/      (in Spanish: ${address(ports.bank)}/es)
  ${bold("Ann's telephone")}      ${address(ports.annPage)}/
  ${bold("Bob's telephone")}      ${address(ports.bobPage)}/

  1. Open all three. At the bank, press "Speak to an agent" about mortgages and type any number, such as (202) 555-0123.
  2. Ann's telephone rings. Answer, listen for a moment, press 1.
  3. Bob's telephone rings. Answer, press #. Bob hears what Ann was looking at, then the two are joined.
  4. On Bob's telephone press 1 2 #. Look at Ann's browser.
  5. Hang up on either telephone.

  The records: TANDEM_DEVELOPMENT=true TANDEM_DATA=var/demo bin/tandem calls
  Ctrl-C ends the demonstration.
`;

/** Which of the processes have said that they serve. */
class Starts {
  readonly all: Promise<void>;
  readonly #waiting: Set<string>;
  #done: () => void = () => {};

  constructor(names: readonly string[]) {
    this.#waiting = new Set(names);
    this.all = new Promise((resolve) => {
      this.#done = resolve;
    });
  }

  started(name: string): void {
    this.#waiting.delete(name);
    if (this.#waiting.size === 0) this.#done();
  }
}

function run(
  file: string,
  words: Readonly<Record<string, string | number>>,
  onLine: () => void,
): ChildProcess {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, file), ...Object.entries(words).flat().map(String)],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  child.stdout?.once("data", onLine);
  return child;
}

function ended(child: ChildProcess): Promise<"ended"> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve("ended");
    else child.once("close", () => resolve("ended"));
  });
}

function stopped(): Promise<"stopped"> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve("stopped"));
  });
}

async function takenPorts(wanted: readonly number[]): Promise<readonly number[]> {
  const answers = await Promise.all(
    wanted.map(
      (port) =>
        new Promise<boolean>((resolve) => {
          const socket = connect(port, "127.0.0.1");
          socket.once("connect", () => {
            socket.destroy();
            resolve(true);
          });
          socket.once("error", () => resolve(false));
        }),
    ),
  );
  return wanted.filter((_, index) => answers[index]);
}

process.exitCode = await main();
