import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import { makeResponse } from "#telecom/sip/message/build.ts";
import { headerValue, tokens } from "#telecom/sip/message/headers.ts";
import type { SipResponse } from "#telecom/sip/message/message.ts";
import { openTransactionLayer } from "#telecom/sip/transaction/transaction-layer.ts";
import { meanings, provenAbilities, readSubject } from "./rfc4475-meanings.ts";
import { type Exchange, sendOverTcp, sendOverUdp, type Target } from "./rfc4475-peer.ts";

export interface Rfc4475Options {
  /** A running unit to prove. Without one, our own layers are started with a responder of a few lines. */
  readonly target?: Target;
}

/**
 * Proves the 49 messages of RFC 4475 in `dir` (`<id>.dat`, `verdicts.tsv`), one result a message: what it means to our
 * parser, and what is answered to its very octets over UDP and over TCP.
 */
export async function* proveRfc4475(
  dir: string,
  options: Rfc4475Options = {},
): AsyncGenerator<{ name: string; passed: boolean; detail: string }> {
  await using unit = options.target === undefined ? await openResponder() : undefined;
  const target = options.target ?? unit?.target ?? { host: "127.0.0.1", port: 5060 };
  for (const { id, section, verdict } of readVerdicts(dir)) {
    const octets = readFileSync(join(dir, `${id}.dat`));
    const problems: string[] = [];
    const seen: string[] = [];
    try {
      const check = meanings[id];
      if (check === undefined) problems.push("no meaning is known");
      else check(readSubject(octets));
    } catch (error) {
      problems.push(`meaning: ${error instanceof Error ? error.message : String(error)}`);
    }
    for (const [transport, send] of [
      ["udp", sendOverUdp],
      ["tcp", sendOverTcp],
    ] as const) {
      const expected = expectation({ id, verdict }, transport, unit === undefined ? 503 : 405);
      const exchange = await send({ target, octets, silent: expected.type === "silence" });
      const problem = judge(expected, exchange, id);
      seen.push(`${transport} ${describe(exchange)}`);
      if (problem !== undefined) problems.push(`${transport}: expected ${problem}`);
    }
    const detail = [`verdict ${verdict}`, ...seen, ...problems].join("; ");
    yield { name: `${id} (${section})`, passed: problems.length === 0, detail };
  }
}

/** id, section and strict verdict: the first of the alternatives of `verdicts.tsv`. */
export function readVerdicts(dir: string): readonly { id: string; section: string; verdict: string }[] {
  return readFileSync(join(dir, "verdicts.tsv"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [id = "", section = "", , verdict = ""] = line.split("\t");
      return { id, section, verdict };
    });
}

type Expectation =
  | { readonly type: "status"; readonly status: number; readonly closes: boolean }
  /** Any final answer but 400: what the unit thinks of the request itself is not this proof's business. */
  | { readonly type: "taken" }
  | { readonly type: "silence" }
  /** Over a stream: more octets are waited for, then the connection is closed. */
  | { readonly type: "cut" };

// Where the message ends cannot be known, so nothing after it can be read: answered, then closed.
const closing = new Set(["ncl", "mcl01", "inv2543", "lwsruri", "lwsstart", "trws", "badvers"]);
// The stream has not brought all of it, and never will.
const waiting = new Set(["clerr", "baddn"]);
// We are no message store: the row's other alternative.
const notServed = new Set(["mpart01"]);
/** REGISTER. The layers alone serve none (405); a unit that nobody has told who may register says so (503). */
const registers = new Set(["unksm2", "regaut01", "cparam01", "cparam02", "regescrt", "escnull", "dblreq"]);

function expectation(
  { id, verdict }: { readonly id: string; readonly verdict: string },
  transport: "udp" | "tcp",
  register: 405 | 503,
): Expectation {
  const responses = ["unreason", "noreason"];
  if (verdict === "drop" || responses.includes(id)) return { type: "silence" };
  const closes = transport === "tcp" && closing.has(id);
  if (transport === "tcp" && waiting.has(id)) return { type: "cut" };
  // RFC 3261 18.3: over a stream Content-Length is mandatory, which RFC 2543 did not know.
  if (transport === "tcp" && id === "inv2543") return { type: "status", status: 400, closes };
  if (notServed.has(id)) return { type: "status", status: 405, closes };
  if (registers.has(id)) return { type: "status", status: register, closes };
  const status = /\b[4-6][0-9]{2}\b/.exec(verdict.split("|", 1)[0] ?? "")?.[0];
  return status === undefined ? { type: "taken" } : { type: "status", status: Number(status), closes };
}

/** What was expected instead, or undefined. */
function judge(expected: Expectation, exchange: Exchange, id: string): string | undefined {
  const { response, closed, probed } = exchange;
  switch (expected.type) {
    case "silence":
      return response === undefined && probed ? undefined : "silence, and an answer to the OPTIONS behind it";
    case "cut":
      return response === undefined && closed ? undefined : "the connection closed without an answer";
    case "taken":
      return response !== undefined && response.status !== 400 ? undefined : "a final answer other than 400";
    case "status":
      if (response?.status !== expected.status) return String(expected.status);
      if (expected.closes && !closed) return "the connection closed after the answer";
      return lacking(id, response);
  }
}

/** The header that an answer must bring, when it does not. */
function lacking(id: string, response: SipResponse): string | undefined {
  if ([405, 501].includes(response.status) && tokens(response, "Allow").length === 0)
    return "an Allow header";
  if (response.status === 415 && headerValue(response, "Accept") === undefined) return "an Accept header";
  if (id === "bext01" && tokens(response, "Unsupported").length !== 2) return "both tags in Unsupported";
  return undefined;
}

function describe({ response, closed }: Exchange): string {
  const answer = response === undefined ? "silence" : String(response.status);
  return closed ? `${answer}, closed` : answer;
}

/** The layers under proof, and a user that accepts OPTIONS and is not there for anybody. */
async function openResponder() {
  const layer = await openTransactionLayer({
    // A slow sender is cut early, so that the proof does not wait for it.
    listen: { address: "127.0.0.1", port: 0, connectionLimits: { messageMs: 500 } },
    clock: systemClock,
    random: secureRandom,
    log: silentLog,
    abilities: provenAbilities,
    onRequest(transaction) {
      const { request, toTag } = transaction;
      const status = { OPTIONS: 200, INVITE: 480 }[request.method] ?? 481;
      transaction.respond(makeResponse(request, status, { toTag }));
    },
  });
  return {
    target: { host: "127.0.0.1", port: layer.sentBy.port },
    [Symbol.asyncDispose]: () => layer.close(),
  };
}
