import type { LegId } from "#base/ids.ts";
import { answerToPushes, settlePushes, takenBackAtMs } from "../awaited-pushes.ts";
import type { InboxCommand } from "../call-inbox-table.ts";
import { keyedCode } from "../keyed-code.ts";
import type { Scope } from "../kernel/scope.ts";
import { inLanguage, tone } from "../prompts.ts";
import { lastPage } from "../session-page-table.ts";
import type { PagePushed } from "../call-record.ts";
import { isSignOn } from "../sign-on-keys.ts";
import type { StepEnd } from "../step.ts";
import { digitsOf, play, stopPlaying } from "../telephone.ts";
import { legsOf } from "./bridge.ts";

/**
 * 216-218. They talk. The agent keys digits and the visitor's browser shows a page, as often as they like; the visitor may go back
 * from it. A tone tells the agent whether the page is shown. It goes on until the scope ends it: one of them hangs up, the visitor ends
 * the call on the page, or time is up.
 */
export async function converse(scope: Scope): Promise<StepEnd> {
  const { agent } = legsOf(scope.call);
  endRingback(scope);
  const sinceMs = scope.around.clock.now();
  for (;;) {
    // After a crash it is said again, and heard once.
    const { answer } = scope.call;
    if (answer !== undefined) play(scope, agent, answer.play, tone(answer.tone));
    const next = await nextToDo(scope, agent, sinceMs);
    if (next.type === "close-page") await goBack(scope, next.command);
    else if (next.type === "pushes") await tellPushes(scope, next.shown, sinceMs);
    else await pushPage(scope, agent, next);
  }
}

/** A play goes before the bridge's audio, to its leg alone. */
function endRingback(scope: Scope): void {
  const { user, agent } = legsOf(scope.call);
  for (const leg of [user, agent]) stopPlaying(scope, leg, scope.call.answer?.play);
}

type ToDo =
  | { readonly type: "code"; readonly digits: string; readonly throughSeq: number }
  | { readonly type: "close-page"; readonly command: ClosePage }
  /** Pages are shown, or were not shown in time. */
  | { readonly type: "pushes"; readonly shown: readonly InboxCommand[] };

type ClosePage = Extract<InboxCommand, { type: "close-page" }>;

async function nextToDo(scope: Scope, agent: LegId, sinceMs: number): Promise<ToDo> {
  const { clock } = scope.around;
  const pauseMs = scope.call.policy.digitPauseSeconds * 1000;
  const code = () => keyedCode(digitsOf(scope, agent), { endKey: "#", pauseMs, nowMs: clock.now() });
  const lateAtMs = takenBackAtMs(scope.call, sinceMs);
  for (;;) {
    const before = code();
    const seen = await scope.wait(
      (): ToDo | "more" | undefined => {
        const shown = scope.inbox.filter((each) => each.type === "page-shown");
        if (shown.length > 0 || clock.now() >= lateAtMs) return { type: "pushes", shown };
        const command = scope.inbox.find((each) => each.type === "close-page");
        if (command !== undefined) return { type: "close-page", command };
        const keyed = code();
        if (keyed.type === "code") return keyed;
        // Each further digit moves the end of the pause.
        const moved =
          keyed.type === "unfinished" && (before.type !== "unfinished" || before.untilMs !== keyed.untilMs);
        return moved ? "more" : undefined;
      },
      Math.min(before.type === "unfinished" ? before.untilMs : Infinity, lateAtMs),
    );
    if (typeof seen === "object") return seen;
  }
}

/** 217. Taking the digits and showing the page are one act: the page is pushed once, whatever happens in between. */
async function pushPage(
  scope: Scope,
  agent: LegId,
  keyed: { readonly digits: string; readonly throughSeq: number },
): Promise<void> {
  const { call, around } = scope;
  const took = { leg: agent, throughSeq: keyed.throughSeq };
  const name = `code.${keyed.throughSeq}`;
  const page = await around.network.pageForDigits(call.subscriber, keyed.digits);
  // Nothing is meant by a sign-on keyed twice, and a PIN is nothing for the journal.
  if (page === undefined && isSignOn(keyed.digits, call.policy.signOn))
    return scope.note({ fact: "no-code", took });
  if (page === undefined) {
    const answer = { play: name, tone: "refuse" } as const;
    return scope.note({ fact: "unknown-code", details: { digits: keyed.digits }, took, call: { answer } });
  }
  const url = page.content.type === "url" ? page.content.url : "";
  const title = inLanguage(page.title, call.language);
  const pushed: PagePushed = {
    page: page.id,
    digits: keyed.digits,
    atMs: around.clock.now(),
    result: "awaited",
  };
  await scope.note({
    fact: "pushed",
    took,
    call: { pushed: [...call.pushed, pushed] },
    pages: [{ type: "pushed", page: page.id, title, url, push: call.pushed.length + 1 }],
  });
}

/** What a browser said and what time says are settled in the page log: whoever was first there is right. */
async function tellPushes(scope: Scope, shown: readonly InboxCommand[], sinceMs: number): Promise<void> {
  const { call, around } = scope;
  const atMs = around.clock.now();
  await scope.note({
    fact: "pushes-settled",
    obeyed: shown,
    alongside: async (tx) => {
      const pushed = await settlePushes(tx, call, { atMs, sinceMs });
      const answer = answerToPushes(call.pushed, pushed);
      return { pushed, ...(answer === undefined ? {} : { answer }) };
    },
  });
}

/** Only from the page that the visitor closed: another one may have come since, and stays. */
async function goBack(scope: Scope, command: ClosePage): Promise<void> {
  const shown = await lastPage(scope.around.database, scope.call.session);
  const pages = shown?.seq === command.seq ? [{ type: "connect", stage: "connected" } as const] : [];
  await scope.note({ fact: pages.length > 0 ? "page-closed" : "page-gone", obeyed: [command], pages });
}
