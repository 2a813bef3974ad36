import { until } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import { sessionMark } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import type { Call } from "../call.ts";
import { type InboxCommand, untakenCommands } from "../call-inbox-table.ts";
import type { Noted } from "../call-manager.ts";
import { nextCall, stagePages, stepsOf } from "../call-progress.ts";
import { readCall } from "../call-table.ts";
import { type Passage, writeCheckpoint } from "../checkpoint.ts";
import { wentOn } from "../journal-fact.ts";
import type { BecameTrue, Step, StepEnd, Surroundings } from "../step.ts";
import type { StepName } from "../web-call.ts";
import { CallOver, Scope, StepStopped } from "./scope.ts";

export interface KernelSurroundings extends Surroundings {
  readonly steps: Readonly<Record<StepName, Step>>;
  /** After the commit: new pages stand in this call's session. */
  readonly onPages: (call: Call) => void;
  /** After the commit: what was written down. */
  readonly onNoted: (noted: Noted) => void;
  /** The call is at its end, and nothing of it runs any more. */
  readonly onEnded: (call: Call) => void;
}

const mostBugs = 3;
const pauseAfterBugMs = 1000;

/**
 * Runs one call from wherever its record stands: run its step, write what became true, run the next. After a crash the record is
 * read and the same is done: recovery is the path of every call.
 */
export class CallRunner {
  /** As it stands now: what is stored, and what became true since and is written with the next thing. */
  call: Call;
  inbox: readonly InboxCommand[] = [];
  #stored: Call;
  #unwritten: readonly Passage[] = [];
  readonly #around: KernelSurroundings;
  readonly #log: Log;
  readonly #scopes = new Map<StepName, Scope>();
  readonly #closing = new AbortController();
  #writing: Promise<unknown> = Promise.resolve();

  constructor(call: Call, around: KernelSurroundings) {
    this.call = call;
    this.#stored = call;
    this.#around = around;
    this.#log = around.log.with({ call: call.id, session: sessionMark(call.session) });
  }

  /** With its inbox: a visitor who has cancelled is not called any more. */
  async start(): Promise<void> {
    await this.#read();
    this.#run();
  }

  /** Something happened: a telephone event, a command in the inbox. */
  lookAgain(): void {
    for (const scope of this.#scopes.values()) scope.lookAgain();
  }

  async readInbox(): Promise<void> {
    await this.#inTurn(async () => {
      this.inbox = await untakenCommands(this.#around.database, this.call.id);
    });
    this.lookAgain();
  }

  /** Stops without a word: the call stands in the database, and the next process goes on with it. */
  async close(): Promise<void> {
    this.#closing.abort(new StepStopped());
    for (const scope of this.#scopes.values()) scope.stop();
    await this.#writing;
  }

  /** Writes down what became true: one transaction, and after it what follows from it. */
  checkpoint(step: StepName, became: BecameTrue, end?: StepEnd): Promise<void> {
    return this.#inTurn(async () => {
      this.#closing.signal.throwIfAborted();
      // The other lane ended the call, or another process did this step.
      if (!stepsOf(this.call).includes(step)) throw new StepStopped();
      const { database, clock, unit, onPages, onNoted } = this.#around;
      const passage = { step, became, end, atMs: clock.now() };
      if (this.#mayWait(passage)) return this.#keepForNext(passage);
      const { took, obeyed = [] } = became;
      const passages = [...this.#unwritten, passage];
      const { call, noted } = await writeCheckpoint(database, this.#stored, passages);
      this.#stands(call);
      this.inbox = this.inbox.filter((command) => !obeyed.includes(command));
      if (took !== undefined) unit.send({ type: "take-digits", ...took });
      if (noted.some(({ pages }) => pages.length > 0)) onPages(call);
      for (const each of noted) {
        onNoted(each);
        this.#log.debug(wentOn(each.row), "A call went on.");
      }
      if (call.state === "ended") this.#tellEnd(call);
      // Once it is over, the other lane has nothing more to say.
      if (call.outcome !== undefined)
        for (const [each, scope] of this.#scopes) if (each !== step) scope.stop();
    });
  }

  /** Only where nobody else goes on meanwhile: neither another lane nor a page. */
  #mayWait({ step, became, end, atMs }: Passage): boolean {
    if (end?.withNext !== true || this.#scopes.size > 1) return false;
    const next = nextCall(this.call, step, became, end, atMs);
    return stepsOf(next).length === 1 && stagePages(this.call, next).length === 0;
  }

  #keepForNext(passage: Passage): void {
    this.#unwritten = [...this.#unwritten, passage];
    this.call = nextCall(this.call, passage.step, passage.became, passage.end, passage.atMs);
  }

  #stands(stored: Call): void {
    this.call = stored;
    this.#stored = stored;
    this.#unwritten = [];
  }

  #tellEnd({ reference, outcome, userLegSeconds, centerLegSeconds, bridgedSeconds }: Call): void {
    const facts = { reference, outcome, userLegSeconds, centerLegSeconds, bridgedSeconds };
    this.#log.info(facts, "A call ended.");
  }

  #run(): void {
    if (this.#closing.signal.aborted) return;
    // A call that is over says goodbye when its other lane has fallen silent.
    if (this.call.outcome !== undefined && this.#scopes.size > 0) return;
    if (this.call.state === "ended") return this.#around.onEnded(this.call);
    for (const step of stepsOf(this.call)) if (!this.#scopes.has(step)) void this.#runStep(step);
  }

  async #runStep(step: StepName): Promise<void> {
    const scope = new Scope(step, this, this.#around);
    this.#scopes.set(step, scope);
    try {
      const end = await this.#stepIn(scope, step).catch(overAsEnd);
      await this.checkpoint(step, end, end);
    } catch (thrown) {
      if (!(thrown instanceof StepStopped)) await this.#afterBug(step, thrown);
    }
    this.#scopes.delete(step);
    scope.stop();
    this.#run();
  }

  /** A call that is over begins no step, and says nothing more to telephones that may be gone. */
  async #stepIn(scope: Scope, step: StepName): Promise<StepEnd> {
    scope.throwIfOver();
    return this.#around.steps[step](scope);
  }

  /** What nobody foresaw harms this call alone: it is read again and tries again, and after some times it says goodbye. */
  async #afterBug(step: StepName, error: unknown): Promise<void> {
    const { clock } = this.#around;
    const wasKept = this.#unwritten.length > 0;
    this.#log.error({ step, error }, "A step failed; it will be tried again.");
    try {
      await until(clock, clock.now() + pauseAfterBugMs, this.#closing.signal);
      await this.#read();
      if (error instanceof TandemError && error.code === "CALL_TAKEN") return;
      const bugs = this.call.bugs + 1;
      const giveUp = bugs >= mostBugs && step !== "say-goodbye";
      // What was kept for the next thing to be written is done again: then it is that step that has not come to its end.
      const [earlier = step] = stepsOf(this.call);
      const at = wasKept ? earlier : step;
      if (giveUp) await this.checkpoint(at, failed, { ...failed, over: "platform-failed" });
      else await this.checkpoint(at, { ...failed, call: { bugs } });
    } catch (thrown) {
      if (!(thrown instanceof StepStopped))
        this.#log.error({ step, error: thrown }, "Nor could that be written.");
    }
  }

  #read(): Promise<void> {
    return this.#inTurn(async () => {
      const { database } = this.#around;
      this.#stands((await readCall(database, this.call.id)) ?? this.#stored);
      this.inbox = await untakenCommands(database, this.call.id);
    });
  }

  /** One at a time for each call. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(work);
    this.#writing = done.catch(() => {}); // Whoever asked hears of it.
    return done;
  }
}

const failed: BecameTrue = { fact: "failed" };

function overAsEnd(thrown: unknown): StepEnd {
  if (thrown instanceof CallOver) return { fact: "over", over: thrown.outcome };
  throw thrown;
}
