import type { ConfigShape } from "#network/config-schema.ts";
import { bankConfig } from "#rig/bank.ts";
import { PlainBrowser } from "#rig/plain-browser.ts";
import { asks, farEnd, hears, hearsResponse, pause, says, saysInDialog } from "#rig/sipp/far-end.ts";
import { type Sipp, startSipp } from "#rig/sipp.ts";
import { signedToken } from "#rig/story.ts";

/** Telephones that listen and say nothing: of a call that is there for its pages, audio would be the dear part. */
const listens = (act: string): string => act.replace("a=sendrecv", "a=recvonly");
const isAnswered = [
  hears("INVITE"),
  says(180),
  listens(says(200, { sdp: true, retransmitted: true })),
  hears("ACK"),
];
const afterwardsMs = 9_000;

/** The visitors' telephones. */
export function startListeners(calls: number): Promise<Sipp> {
  return startSipp({
    scenario: farEnd(...isAnswered, hears("BYE"), saysInDialog(200)),
    calls,
    words: ["-deadcall_wait", "0"],
  });
}

/** Agents who sign on, key this code again and again, wait until it is known what became of the last page, and hang up. */
export function startKeyingAgents(of: {
  readonly calls: number;
  readonly code: string;
  readonly times: number;
  readonly everyMs: number;
}): Promise<Sipp> {
  return startSipp({
    scenario: farEnd(
      ...isAnswered,
      pause(200),
      ...keys("#"),
      pause(1_500),
      `<nop><action><assign assign_to="pushes" value="0" /></action></nop><label id="again" />`,
      pause(of.everyMs),
      ...keys(of.code),
      `<nop><action><add assign_to="pushes" value="1" />
        <test assign_to="more" variable="pushes" compare="less_than" value="${of.times}" /></action></nop>
      <nop next="again" test="more" />`,
      pause(afterwardsMs),
      asks("BYE"),
      hearsResponse(200),
    ),
    calls: of.calls,
    words: ["-deadcall_wait", "0"],
  });
}

/** In a loop sipp's own branch would be the same each time: a request that comes again, for whoever hears it. */
const inLoop = (act: string): string => act.replace("[branch]", "z9hG4bK-[pid]-[call_number]-[cseq]");

function keys(code: string): readonly string[] {
  return [...code].flatMap((key) => [
    inLoop(
      asks("INFO", {
        content: { type: "application/dtmf-relay", text: `Signal=${key}\nDuration=100\n` },
      }),
    ),
    hearsResponse(200),
  ]);
}

/** When the agent ended each code, by the call's reference: the first entry is the first page. Ms since 1970. */
export function keyedAtMs(agents: Sipp): ReadonlyMap<string, readonly number[]> {
  const references = new Map<string, string>();
  const ends = new Map<string, Map<string, number>>();
  for (const entry of agents.trace().split(/^-{20,} (?=\d{4}-)/m)) {
    const callId = /^Call-ID: *(\S+)/im.exec(entry)?.[1] ?? "";
    const reference = /^X-Tandem-Context: r=(\d{6})/m.exec(entry)?.[1];
    if (reference !== undefined) references.set(callId, reference);
    const cseq = /^CSeq: *(\d+) INFO/m.exec(entry)?.[1];
    if (cseq === undefined || !/^UDP message sent/m.test(entry) || !entry.includes("Signal=#")) continue;
    const ofCall = ends.get(callId) ?? new Map<string, number>();
    // What is said again was keyed when it was said first.
    if (!ofCall.has(cseq)) ofCall.set(cseq, momentOf(entry));
    ends.set(callId, ofCall);
  }
  // The first of each is the sign-on.
  return new Map(
    [...ends].map(([callId, ofCall]) => [references.get(callId) ?? "", [...ofCall.values()].slice(1)]),
  );
}

/** "2026-11-26 11:16:12.123456", in local time. */
function momentOf(entry: string): number {
  return new Date(entry.slice(0, 23).replace(" ", "T")).getTime();
}

/** A bank with pages that are text, and a second center for those who key fast. */
export function pushingBank(ports: {
  readonly users: number;
  readonly center: number;
  readonly fast?: number;
}): ConfigShape {
  const config = bankConfig({ user: ports.users, center: ports.center });
  const { bank } = config.subscribers;
  const { mortgages } = bank?.subjects ?? {};
  if (bank === undefined || mortgages === undefined) throw new Error("the bank has no mortgages");
  const route = { center: "support", trunk: "fast", number: "+12025550143", dnis: "7002" };
  return {
    ...config,
    trunks: { ...config.trunks, fast: { host: "127.0.0.1", port: ports.fast ?? ports.center } },
    subscribers: {
      bank: {
        ...bank,
        subjects: { mortgages, savings: { ...mortgages, routes: [route] } },
        digits: { "12": "rates", "5": "rates" },
      },
    },
  };
}

let visitors = 0;

/** Clicks, and confirms the number that the bank knows: the browser stands on its call's page then. */
export async function clicks(url: string, subject: string): Promise<PlainBrowser> {
  const browser = new PlainBrowser(url);
  await browser.opens(await linkTo(subject));
  for (;;) {
    await browser.submits("/talk/");
    if (browser.page.url.startsWith("/call/")) return browser;
    // Beyond its limits the platform takes no new call for a moment: the visitor presses again.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

/** Asked again where the answer was lost with the process that would have given it. */
export async function again<T>(asks: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await asks();
    } catch (error) {
      if (tries === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

export async function linkTo(subject: string): Promise<string> {
  visitors += 1;
  const token = await signedToken({ subject, context: { phone: `+1415${2_000_000 + visitors}` } });
  return `/talk/bank/${subject}?token=${token}`;
}

/** An address of a visitor's own: limits by address are not what is tried here. */
export function addressOf(visitor: number): string {
  return `10.${(visitor >> 16) & 255}.${(visitor >> 8) & 255}.${visitor & 255}`;
}

export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return Math.round(
    sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN,
  );
}
