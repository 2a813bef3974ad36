import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "./ports.ts";
import { startPeer, temporaryFolder } from "./processes.ts";

export interface SippOptions {
  /** A scenario of sipp's own by name (`uac`, `uas`), or the XML of one. Write ones that check CSeq: the stock `uac` takes a late 200 for its BYE's. */
  readonly scenario: { readonly builtIn: string } | { readonly xml: string };
  /** `address:port` of the far end; a scenario that only answers needs none. */
  readonly target?: string;
  readonly calls?: number;
  readonly callsPerSecond?: number;
  readonly atOnce?: number;
  readonly transport?: "udp" | "tcp";
  /** Fills `[service]`: the number called. */
  readonly service?: string;
  readonly port?: number;
  /** Further words for the command line, such as `-rtp_echo`. */
  readonly words?: readonly string[];
}

/** What sipp says of its calls when it ends. */
export interface SippResult {
  readonly exitCode: number | string;
  readonly successful: number;
  readonly failed: number;
  /** The messages that no step of the scenario expected. */
  readonly unexpected: string;
}

/** sipp: many calls, and odd ones. */
export interface Sipp extends AsyncDisposable {
  readonly port: number;
  /** `sip:<service>@127.0.0.1:<port>` */
  readonly address: string;
  readonly mediaPort: number;
  /** Resolves when sipp has ended by itself, after `calls` calls. */
  result(withinMs?: number): Promise<SippResult>;
  /** Ends a sipp that answers for ever, and tells what it counted. */
  stop(): Promise<SippResult>;
  /** Every message sent and received so far, as sipp logged them. */
  trace(): string;
}

export async function startSipp(options: SippOptions): Promise<Sipp> {
  const folder = temporaryFolder("sipp");
  const port = options.port ?? (await freePort());
  const controlPort = await freePort();
  const mediaPort = await freePort();
  const file = (name: string): string => join(folder.path, name);
  if ("xml" in options.scenario) writeFileSync(file("scenario.xml"), options.scenario.xml);
  const peer = await startPeer({
    program: "sipp",
    folder: folder.path,
    // Without a terminal it draws nothing; it ends on a terminal's size of zero without this.
    environment: { TERM: "xterm", COLUMNS: "120", LINES: "40" },
    words: [
      ...("xml" in options.scenario ? ["-sf", file("scenario.xml")] : ["-sn", options.scenario.builtIn]),
      ...["-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", String(port), "-cp", String(controlPort)],
      ...["-mp", String(mediaPort), "-t", options.transport === "tcp" ? "t1" : "u1"],
      ...["-nostdin", "-trace_stat", "-stf", file("stat.csv"), "-fd", "1"],
      ...["-trace_msg", "-message_file", file("messages.log")],
      ...["-trace_err", "-error_file", file("errors.log")],
      ...["-s", options.service ?? "service"],
      ...(options.calls === undefined ? [] : ["-m", String(options.calls)]),
      ...(options.callsPerSecond === undefined ? [] : ["-r", String(options.callsPerSecond)]),
      ...(options.atOnce === undefined ? [] : ["-l", String(options.atOnce)]),
      ...(options.words ?? []),
      ...(options.target === undefined ? [] : [options.target]),
    ],
  });
  // A sipp that cannot open its port ends at once, and says so.
  const readyOrOver = await Promise.race([ready(port, options.transport ?? "udp"), peer.ended]);
  if (readyOrOver !== "ready" && options.target === undefined) {
    const output = peer.output();
    folder[Symbol.dispose]();
    throw new Error(`sipp ended with ${readyOrOver}:\n${output}`);
  }

  const told = async (): Promise<SippResult> => {
    const exitCode = await peer.ended;
    return { exitCode, ...counted(text(file("stat.csv"))), unexpected: text(file("errors.log")) };
  };
  return {
    port,
    mediaPort,
    address: `sip:${options.service ?? "service"}@127.0.0.1:${port}`,
    async result(withinMs = 60_000) {
      const timer = setTimeout(() => void peer.stop("SIGKILL"), withinMs);
      try {
        return await told();
      } finally {
        clearTimeout(timer);
      }
    },
    async stop() {
      // SIGUSR1: no new calls, let those that are up end (sipp waits 4 s after each), write the figures, quit.
      await peer.stop("SIGUSR1", 10_000);
      return told();
    },
    trace: () => text(file("messages.log")),
    async [Symbol.asyncDispose]() {
      await peer.stop();
      folder[Symbol.dispose]();
    },
  };
}

/** The last line of sipp's statistics, by the names in its first. */
function counted(csv: string): { successful: number; failed: number } {
  const lines = csv.trimEnd().split("\n");
  const names = lines[0]?.split(";") ?? [];
  const values = lines.at(-1)?.split(";") ?? [];
  const value = (name: string): number => Number(values[names.indexOf(name)] ?? Number.NaN);
  return { successful: value("SuccessfulCall(C)"), failed: value("FailedCall(C)") };
}

function text(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // sipp writes a log when there is something to write.
    return "";
  }
}

/** Resolves when somebody has taken the port: sipp says nothing when it is ready. Read from the kernel's table, not by trying. */
async function ready(port: number, transport: "udp" | "tcp"): Promise<"ready"> {
  const entry = `:${port.toString(16).toUpperCase().padStart(4, "0")} `;
  for (let attempt = 0; attempt < 500; attempt++) {
    const taken = readFileSync(`/proc/net/${transport}`, "utf8")
      .split("\n")
      .some((line) => line.slice(0, 24).includes(entry));
    if (taken) return "ready";
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`nobody took ${transport} port ${port} within 10 s`);
}
