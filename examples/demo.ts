import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readable } from "#base/ids.ts";
import { makeLog } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import { readSettings, unitSettings } from "../src/settings.ts";
import { supervise } from "../src/supervise.ts";
import { type DemoPorts, portsFrom, takenPorts, usualPorts, withPorts } from "./demo-ports.ts";
import { openFirstRun } from "./first-run/server.ts";

/** How a demonstration was asked for. */
export interface DemoWish {
  /** Its data goes to `var/demo` in here. */
  readonly folder: string;
  readonly portsFrom: string | undefined;
  /** What a person types to start it, and to ask Tandem something. */
  readonly command: string;
  readonly tandem: string;
}

const address = (port: number): string => `http://127.0.0.1:${port}`;

/**
 * The demonstration that `bin/start` and `tandem demo` run: the platform with development keys, the example bank, and Ann's
 * and Bob's telephones, each a process of its own on loopback. Ctrl-C ends them all; the database stays in var/demo. With
 * `--ports-from N` it takes the nine ports from N on, and another folder, so that it runs beside the usual one.
 * Gives 0 when it was told to end, 1 when a port is taken or something of it ended by itself, 2 for a port that is none.
 */
export async function demonstrate(wish: DemoWish): Promise<number> {
  const { portsFrom: chosen, command } = wish;
  const first = chosen === undefined ? undefined : Number(chosen);
  if (first !== undefined && !(Number.isInteger(first) && first >= 1024 && first <= 65_527)) {
    console.error("--ports-from wants a whole number from 1024 to 65527.");
    return 2;
  }
  const ports = first === undefined ? usualPorts : portsFrom(first);
  const taken = await takenPorts(ports);
  if (taken.length > 0) {
    console.error(`Something has ${taken.join(", ")} already. Does the demonstration run in another window?`);
    console.error(`At other ports: ${command} --ports-from 9000 takes 9000 to 9008.`);
    return 1;
  }
  return await runDemo(ports, first === undefined ? "var/demo" : `var/demo-${first}`, wish);
}

async function runDemo(ports: DemoPorts, folder: string, wish: DemoWish): Promise<number> {
  const dataFolder = join(wish.folder, folder);
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const configFile = join(dataFolder, "tandem.config.jsonc");
  const example = readFileSync(join(import.meta.dirname, "tandem.config.jsonc"), "utf8");
  writeFileSync(configFile, withPorts(example, ports));
  // Of this run alone: the first run's page looks at the wire with it.
  const operatorToken = readable(secureRandom, 32);
  const environment = {
    TANDEM_DEVELOPMENT: "true",
    TANDEM_DATA: dataFolder,
    TANDEM_CONFIG: configFile,
    TANDEM_HTTP_PORT: String(ports.tandem),
    TANDEM_PUBLIC_URL: address(ports.tandem),
    TANDEM_FRAMED_BY: address(ports.firstRun),
    TANDEM_OPERATOR_TOKEN: operatorToken,
    TANDEM_SIP_PORT: String(ports.sip),
    TANDEM_SIP_WEBSOCKET_PORT: String(ports.webSocket),
    TANDEM_LOG: "warn",
  };
  const settings = readSettings(environment);

  const starts = new Starts([
    "telecommunications unit",
    "web process",
    "The example bank",
    "Ann's telephone",
    "Bob's telephone",
  ]);
  const log = makeLog({ process: "demo", level: "warn" });
  const supervisor = supervise(
    [
      {
        name: "unit",
        script: join(import.meta.dirname, "../src/telecom/process.ts"),
        environment: { TANDEM_UNIT_SETTINGS: unitSettings(settings) },
        onLine: () => starts.started("telecommunications unit"),
      },
      {
        name: "web",
        script: join(import.meta.dirname, "../src/main.ts"),
        environment,
        onLine: () => starts.started("web process"),
      },
    ],
    log,
  );
  const children = [
    run("The example bank", "bank-site/server.ts", {
      "--port": ports.bank,
      "--tandem": address(ports.tandem),
      "--framed-by": address(ports.firstRun),
    }),
    ...(["Ann", "Bob"] as const).map((name) =>
      run(`${name}'s telephone`, "softphones/phone.ts", {
        "--name": name,
        "--sip-port": name === "Ann" ? ports.annSip : ports.bobSip,
        "--framed-by": address(ports.firstRun),
        "--http-port": name === "Ann" ? ports.annPage : ports.bobPage,
      }),
    ),
  ];
  for (const { name, child } of children) child.stdout?.once("data", () => starts.started(name));
  const firstRun = await openFirstRun({
    port: ports.firstRun,
    tandem: address(ports.tandem),
    bank: address(ports.bank),
    annsPhone: address(ports.annPage),
    bobsPhone: address(ports.bobPage),
    operatorToken,
    killWeb() {
      const { web } = supervisor.pids();
      if (web !== undefined) process.kill(web, "SIGKILL");
    },
  });
  const stop = stopped();
  const ends = children.map(ended);
  let why = await Promise.race([starts.all.then(() => "runs" as const), stop, ...ends]);
  if (why === "runs") {
    console.log(welcome(ports, folder, wish));
    why = await Promise.race([stop, ...ends]);
  }
  if (why !== "stopped") console.error(`${why} The demonstration ends.`);
  for (const { child } of children) child.kill("SIGTERM");
  await Promise.all([firstRun.close(), supervisor.close("SIGINT"), ...ends]);
  return why === "stopped" ? 0 : 1;
}

const bold = (text: string): string => (process.stdout.isTTY ? `\u001b[1m${text}\u001b[0m` : text);
const red = (text: string): string => (process.stdout.isTTY ? `\u001b[1;31m${text}\u001b[0m` : text);

const welcome = (ports: DemoPorts, folder: string, { tandem }: DemoWish): string => `
${red("Development keys are in use: this is a demonstration, on this machine alone.")}

  ${bold("The first run")}        ${address(ports.firstRun)}/      all of it on one page, with scenarios to try

  ${bold("The bank's site")}      ${address(ports.bank)}/      (in Spanish: ${address(ports.bank)}/es)
  ${bold("Ann's telephone")}      ${address(ports.annPage)}/
  ${bold("Bob's telephone")}      ${address(ports.bobPage)}/

  1. Open the first run, or the other three. At the bank, press "Speak to an agent" about mortgages and type any number, such as (202) 555-0123.
  2. Ann's telephone rings. Answer, listen for a moment, press 1.
  3. Bob's telephone rings. Answer, press #. Bob hears what Ann was looking at, then the two are joined.
  4. On Bob's telephone press 1 2 #. Look at Ann's browser.
  5. Hang up on either telephone.

  Carol's telephone is a page, ${address(ports.tandem)}/phone: sign in as carol.bank with the password demonstration-only. Pensions ring there.

  The records: TANDEM_DEVELOPMENT=true TANDEM_DATA=${folder} ${tandem} calls
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

interface Child {
  readonly name: string;
  readonly child: ChildProcess;
}

function run(name: string, file: string, words: Readonly<Record<string, string | number>>): Child {
  const script = join(import.meta.dirname, file);
  const child = spawn(process.execPath, [script, ...Object.entries(words).flat().map(String)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return { name, child };
}

/** Resolves with a sentence that says so. */
function ended({ name, child }: Child): Promise<string> {
  return new Promise((resolve) => {
    child.once("close", (code, signal) => resolve(`${name} ended by itself (${signal ?? `code ${code}`}).`));
  });
}

function stopped(): Promise<"stopped"> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve("stopped"));
  });
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { "ports-from": { type: "string" } } });
  process.exitCode = await demonstrate({
    folder: join(import.meta.dirname, ".."),
    portsFrom: values["ports-from"],
    command: "bin/start",
    tandem: "bin/tandem",
  });
}
