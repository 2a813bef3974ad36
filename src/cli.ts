import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { systemClock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import type { CallId, SubscriberId } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import type { CallRecord } from "#call-manager/call-record.ts";
import { readCallRecord, readCallRecords } from "#call-manager/call-records.ts";
import { readConfigFile } from "#network/config-file.ts";
import { allowCallsAgain, callsAreStopped, resumeCalls, stopCalls } from "#network/dial-permit.ts";
import { writtenNumber } from "#network/number.ts";
import { openNetwork } from "#network/open-network.ts";
import { type Database, openDatabase } from "#store/database.ts";
import { backupCommand, restoreCommand } from "./backup-commands.ts";
import { columns, momentCell } from "./columns.ts";
import { examine, examineCenter, examineMicrophone, told } from "./doctor/doctor.ts";
import type { Finding } from "./doctor/finding.ts";
import type { OpenTelephone } from "./doctor/test-call.ts";
import { phonesCommand } from "./phones-command.ts";
import { readDatabaseUrl } from "./settings.ts";
import { startCommand } from "./start-command.ts";
import { shutdownCommand, upgradeCommand } from "./upgrade-command.ts";

const usage = `tandem: ties a web session to a live conversation with a call center

  tandem demo [--ports-from N]          an example bank and three telephones, all on this machine; data in var/demo
  tandem start                          the telecommunications unit and the web process, kept running
  tandem upgrade [FOLDER]               the platform that runs goes on as the version in FOLDER, or as the one whose \`tandem\`
                                        this is, with its calls; back to what ran before where that does not serve
  tandem shutdown                       hangs up every call, and ends the platform that runs
  tandem doctor [--json] [--stun HOST[:PORT]]
                                        what is wrong with this machine, its settings and its trunks, and what to do
  tandem doctor --center WHERE [--json] a test call to a center: who answers there says by key what has arrived.
                                        WHERE is SUBSCRIBER/SUBJECT or sip:NUMBER@HOST[:PORT][;transport=tcp]
  tandem doctor --microphone [--json]   a page on this machine that tries the microphone of the browser which opens it
  tandem calls [--json] [--limit N] [--subscriber NAME] [--before CALL]
                                        the call records, newest first
  tandem call CALL                      one call record, every step of it, as JSON
  tandem phones [--json] [--limit N] [--after PHONE]
                                        who is registered now, where, and whether a browser would ring, by name
  tandem config check FILE              what is wrong with a configuration file, line by line
  tandem stop [--subscriber NAME]       dial no more telephones, within a second; who talks goes on
  tandem resume [--subscriber NAME]     place calls again
  tandem allow NUMBER [--subscriber NAME]
                                        a number that refused all calls (9) may be called again
  tandem backup FILE [--force]          a copy of the SQLite database, also while the platform runs; --force overwrites FILE
  tandem restore FILE [--force]         puts a copy in the database's place, which is kept aside; the platform must be stopped

Settings come from the environment: docs/operating.md lists them. All but \`start\`, \`doctor\`, \`config check\` and
\`phones\` need the database's alone, TANDEM_DATA or TANDEM_DATABASE; \`phones\` needs TANDEM_OPERATOR_TOKEN and where HTTP is
served; \`demo\` needs none.
`;

const options = {
  json: { type: "boolean", default: false },
  limit: { type: "string" },
  subscriber: { type: "string" },
  before: { type: "string" },
  after: { type: "string" },
  "ports-from": { type: "string" },
  stun: { type: "string" },
  center: { type: "string" },
  microphone: { type: "boolean", default: false },
  force: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** How many words may follow a command. One more is a slip: `tandem stop bank` must not stop everybody. */
const mostWords: ReadonlyMap<string, number> = new Map([
  ["demo", 0],
  ["start", 0],
  ["upgrade", 1],
  ["shutdown", 0],
  ["doctor", 0],
  ["calls", 0],
  ["call", 1],
  ["phones", 0],
  ["config", 2],
  ["stop", 0],
  ["resume", 0],
  ["allow", 1],
  ["backup", 1],
  ["restore", 1],
]);

async function main(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true });
  const [verb, object, ...more] = positionals;
  if (values.help || verb === undefined) return say(usage, values.help ? 0 : 2);
  const odd = positionals.slice(1 + (mostWords.get(verb) ?? 2));
  if (odd.length > 0) return say(`tandem ${verb}: "${odd.join(" ")}" does not belong here.\n\n${usage}`, 2);
  switch (verb) {
    case "demo":
      return await demo(values["ports-from"]);
    case "start":
      return await startCommand(process.env);
    case "doctor":
      if (values.microphone && (values.center ?? values.stun) !== undefined)
        return say(`tandem doctor: --microphone goes alone.\n\n${usage}`, 2);
      if (values.microphone) return await doctorOfMicrophone(values.json);
      return await doctor({ json: values.json, stunServer: values.stun, center: values.center });
    case "calls":
      return await withDatabase(async (database) => {
        const records = await readCallRecords(database, {
          limit: wholeNumber(values.limit ?? "20"),
          ...(values.subscriber === undefined ? {} : { subscriber: values.subscriber }),
          ...(values.before === undefined ? {} : { before: values.before as CallId }),
        });
        return say(values.json ? `${JSON.stringify(records, null, 2)}\n` : table(records), 0);
      });
    case "call":
      if (object === undefined) return say(usage, 2);
      return await withDatabase(async (database, where) => {
        const record = await readCallRecord(database, object as CallId);
        if (record === undefined) return say(`There is no call ${object} in ${where}.\n`, 1);
        return say(`${JSON.stringify(record, null, 2)}\n`, 0);
      });
    case "phones": {
      const { json, after } = values;
      const limit = wholeNumber(values.limit ?? "200");
      const { code, text } = await phonesCommand({ limit, after, json, environment: process.env });
      return say(text, code);
    }
    case "config": {
      const [file] = more;
      if (object !== "check" || file === undefined) return say(usage, 2);
      return await checkConfig(file);
    }
    case "stop":
    case "resume":
      return await withDatabase((database, where) =>
        stopOrResume(verb, { database, where, subscriber: values.subscriber }),
      );
    case "allow":
      if (object === undefined) return say(usage, 2);
      return await allow(object, values.subscriber);
    case "upgrade":
    case "shutdown": {
      const { code, text } =
        verb === "upgrade" ? await upgradeCommand(object, process.env) : await shutdownCommand(process.env);
      return say(text, code);
    }
    case "backup":
    case "restore": {
      if (object === undefined) return say(usage, 2);
      const run = verb === "backup" ? backupCommand : restoreCommand;
      const { code, text } = await run({ file: object, force: values.force, environment: process.env });
      return say(text, code);
    }
    default:
      return say(`tandem: there is no command "${verb}".\n\n${usage}`, 2);
  }
}

/** What a person types before a verb: a package carries built files, and a clone its sources. */
const typed = import.meta.filename.endsWith(".ts") ? "bin/tandem" : "npx tandem";

/** What `bin/start` runs, with its data below the current folder: the package's own belongs to npm. */
async function demo(portsFrom: string | undefined): Promise<number> {
  const { demonstrate } = await import("../examples/demo.ts");
  return await demonstrate({ folder: process.cwd(), portsFrom, command: `${typed} demo`, tandem: typed });
}

/** 0 when nothing is wrong; warnings alone are no reason to fail. */
async function doctor(wish: {
  readonly json: boolean;
  readonly stunServer: string | undefined;
  readonly center: string | undefined;
}): Promise<number> {
  const { json, stunServer, center } = wish;
  const means = { environment: process.env, clock: systemClock, random: secureRandom };
  const tell = (finding: Finding): void => void (json || process.stdout.write(told(finding)));
  const { openSoftphone } = await import("../examples/softphones/softphone.ts");
  const openTelephone: OpenTelephone = () =>
    openSoftphone({ name: "The doctor", sipPort: 0, answerAfterMs: 0 });
  const findings =
    center === undefined
      ? await examine({ ...means, stunServer, openTelephone }, tell)
      : await examineCenter({ ...means, center }, tell);
  return verdict(findings, json);
}

/** Its page's address is no finding: with `--json` it stands on standard error. */
async function doctorOfMicrophone(json: boolean): Promise<number> {
  const invite = (url: string): void =>
    void (json ? process.stderr : process.stdout).write(
      `Open this page in the browser that is to be tried, within two minutes:\n${url}\n`,
    );
  const tell = (finding: Finding): void => void (json || process.stdout.write(told(finding)));
  return verdict(await examineMicrophone({ clock: systemClock, random: secureRandom, invite }, tell), json);
}

function verdict(findings: readonly Finding[], json: boolean): number {
  const healthy = !findings.some(({ verdict }) => verdict === "wrong");
  if (json) process.stdout.write(`${JSON.stringify({ healthy, findings })}\n`);
  return healthy ? 0 : 1;
}

async function checkConfig(file: string): Promise<number> {
  try {
    await readConfigFile({ path: file, promptFolder: process.env["TANDEM_PROMPTS"] });
    return say(`${file} is in order.\n`, 0);
  } catch (error) {
    if (!(error instanceof TandemError) || error.code !== "CONFIG_INVALID") throw error;
    return say(`${[error.details["errors"]].flat().join("\n")}\n`, 1);
  }
}

/** A person's number is allowed to all subscribers, as it was refused to all; a private one to the subscriber whose it is. */
async function allow(typed: string, name: string | undefined): Promise<number> {
  return await withDatabase(async (database) => {
    const subscriber =
      name === undefined
        ? undefined
        : await openNetwork({ database, clock: systemClock }).subscriber(name as SubscriberId);
    if (name !== undefined && subscriber === undefined) return say(`There is no subscriber ${name}.\n`, 1);
    const number = writtenNumber(typed, subscriber);
    if (number === undefined) return say(`${typed} is no ${numberOf(name)}.\n`, 1);
    const had = await database.transaction((tx) => allowCallsAgain(tx, number, subscriber?.id));
    return had ? say(`${number} may be called again.\n`, 0) : say(`${number} has not refused calls.\n`, 1);
  });
}

function numberOf(subscriber: string | undefined): string {
  return subscriber === undefined
    ? "international number such as +14155550100; with --subscriber NAME it is read as that subscriber's"
    : `number as ${subscriber} would read it`;
}

/** The operator's brake. Its answer names whose calls and which database, for both are easily mistaken. */
async function stopOrResume(
  verb: "stop" | "resume",
  wish: {
    readonly database: Database;
    readonly where: string;
    readonly subscriber: string | undefined;
  },
): Promise<number> {
  const { database, where, subscriber } = wish;
  if (subscriber !== undefined) {
    const known = await openNetwork({ database, clock: systemClock }).subscriber(subscriber as SubscriberId);
    if (known === undefined) return say(`There is no subscriber ${subscriber} in ${where}.\n`, 1);
  }
  const scope = subscriber === undefined ? "platform" : (subscriber as SubscriberId);
  const [whose, again] =
    subscriber === undefined
      ? ["for any subscriber", "tandem resume"]
      : [`for ${subscriber}`, `tandem resume --subscriber ${subscriber}`];
  if (verb === "stop") {
    const stop = { atMs: systemClock.now(), why: "tandem stop" };
    await database.transaction((tx) => stopCalls(tx, scope, stop));
    return say(`No more calls are placed ${whose} (${where}). \`${again}\` allows them again.\n`, 0);
  }
  await database.transaction((tx) => resumeCalls(tx, scope));
  if (subscriber === undefined)
    return say(`Calls are placed again (${where}). Whoever was stopped by name stays so.\n`, 0);
  const still = await callsAreStopped(database, subscriber as SubscriberId);
  const told = still
    ? `Calls for ${subscriber} are placed again as soon as \`tandem resume\` allows everybody's`
    : `Calls for ${subscriber} are placed again`;
  return say(`${told} (${where}).\n`, 0);
}

/** `where` is the database's name in a sentence. None is made: nothing true could be said of an empty one. */
async function withDatabase(work: (database: Database, where: string) => Promise<number>): Promise<number> {
  const url = readDatabaseUrl(process.env);
  const file = /^sqlite:(.+)$/.exec(url)?.[1];
  if (file !== undefined && !existsSync(file)) {
    return say(`There is no database ${file}. TANDEM_DATA or TANDEM_DATABASE says where it is.\n`, 1);
  }
  const database = await openDatabase({ url, clock: systemClock, log: silentLog });
  try {
    return await work(database, `database ${file ?? nameOfServed(url)}`);
  } finally {
    await database.close();
  }
}

/** Without its user and password. */
function nameOfServed(url: string): string {
  if (!URL.canParse(url)) return "of TANDEM_DATABASE";
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

function table(records: readonly CallRecord[]): string {
  const rows = records.map((record) => [
    momentCell(record.beganAtMs),
    record.reference,
    `${record.subscriber}/${record.subject}`,
    record.visitorNumber,
    record.outcome ?? record.step,
    `${record.bridgedSeconds} s`,
    String(record.pagesPushed.length),
    record.call,
  ]);
  return columns([
    ["began (UTC)", "ref", "subject", "visitor", "outcome", "talked", "pages", "call"],
    ...rows,
  ]);
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 10_000) {
    throw new TandemError("SETTINGS_INVALID", { "--limit": "must be a whole number from 1 to 10000" });
  }
  return number;
}

function say(text: string, code: number): number {
  (code === 0 ? process.stdout : process.stderr).write(text);
  return code;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const details = error instanceof TandemError ? `\n${JSON.stringify(error.details, null, 2)}` : "";
    process.stderr.write(`tandem: ${error instanceof Error ? error.message : String(error)}${details}\n`);
    process.exitCode = 1;
  },
);
