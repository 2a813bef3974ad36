import type { Cancel, Clock } from "#base/clock.ts";
import { unreachable } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import { begin } from "./dialog/calling.ts";
import type {
  CallEffect,
  CallEvent,
  CallInput,
  CallWish,
  OutgoingCall,
  Step,
  TargetNews,
} from "./dialog/call-state.ts";
import { bodyAsOctets, bodyAsText, type CallStanding, type OpenRequest, type Told } from "./call-standing.ts";
import { lingerMs } from "./dialog/call-state.ts";
import { nextHop } from "./dialog/dialog.ts";
import { dueAtMs } from "./dialog/refresh.ts";
import { resumed } from "./dialog/resumed.ts";
import { step } from "./dialog/step.ts";
import type { SipTarget, UsualWay } from "./locate.ts";
import type { Flow, SipRequest, SipResponse } from "./message/message.ts";
import type { ClientBeginning } from "./transaction/client-transaction.ts";
import type { BegunRequest } from "./transaction/transaction-layer.ts";
import type { ServerTransaction } from "./transaction/server-transaction.ts";

/** What a call needs of the layers below it. */
export interface CallParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /**
   * A client transaction. What comes of it is told until it has ended. `flow` is the one that it went out on in another process.
   */
  readonly request: (
    wish: { readonly request: SipRequest; readonly target: SipTarget; readonly flow: Flow | undefined },
    begun: BegunRequest,
    on: RequestListener,
  ) => SentRequest;
  readonly makeBranch: () => string;
  /** Without a transaction: the ACK of a 2xx. */
  readonly sendAck: (request: SipRequest, target: SipTarget) => void;
  /** Where a URI of the far end leads now; undefined when it leads nowhere. */
  readonly whereIs: (uri: string, usual: UsualWay) => Promise<SipTarget | undefined>;
  readonly targetIs: (news: TargetNews) => void;
  /** `from` is the address that the message behind the event came from. */
  readonly tell: (event: CallEvent, from: string | undefined) => void;
  /** `standing` has changed. Said before anything of it leaves. */
  readonly noted: () => void;
  /** Nothing of this call can come any more. */
  readonly forgotten: () => void;
}

export interface RequestListener {
  readonly response: (response: SipResponse, from: string) => void;
  readonly failed: (status: 408 | 503) => void;
}

export interface SentRequest {
  /** RFC 3261 9.1; for an INVITE alone. */
  cancel(): void;
  /** As it goes now: a request that was too large for UDP, and found nobody at TCP, has others. */
  readonly flow: Flow;
  readonly branch: string;
}

// The transactions that may still be answered: theirs of now, and a few that wait with it.
const mostAnswerable = 8;

/** Runs the machine of one call: inputs in turn, effects in their order, one timer. */
export class RunningCall {
  readonly #parts: CallParts;
  readonly #usual: UsualWay;
  readonly #inputs: { readonly input: CallInput; readonly from: string | undefined }[] = [];
  readonly #sent = new Map<string, SentRequest>();
  readonly #open = new Map<string, OpenRequest>();
  #told: Told | undefined;
  readonly #answerable = new Map<string, ServerTransaction>();
  #call: OutgoingCall | undefined;
  #keys = 0;
  #busy = false;
  /** Resolves when what was said in a dialog so far has left: a BYE never overtakes the ACK before it. */
  #left: Promise<void> = Promise.resolve();
  #cancelTimer: Cancel = () => {};

  constructor(parts: CallParts, usual: UsualWay) {
    this.#parts = parts;
    this.#usual = usual;
  }

  begin(wish: CallWish): void {
    this.#busy = true;
    this.#guarded(() => this.#take(begin(wish, this.#moment()), undefined));
    this.#busy = false;
  }

  /** Goes on with a call that another process has left. */
  resume({ call, keys, open, told }: CallStanding): void {
    this.#busy = true;
    this.#guarded(() => {
      this.#call = resumed(call);
      this.#keys = keys;
      this.#told = told;
      for (const request of open) this.#sendAgain(request);
      if (call.giveUp?.cancelSent === true) this.#sent.get(call.attempt.tx)?.cancel();
      this.#arm();
    });
    this.#busy = false;
    // A connection that the phone made died with the process: what was to be answered over it never will be.
    const way = call.attempt.target?.flow;
    const isCut = way !== undefined && way.transport !== "udp" && call.phase === "calling";
    if (isCut) this.input({ type: "no-response", tx: call.attempt.tx, status: 503 });
  }

  /** Undefined when nothing of it is left. */
  get standing(): CallStanding | undefined {
    if (this.#call === undefined) return undefined;
    this.#letGoOfAnswered();
    const open = [...this.#open.values()].map((request): OpenRequest => {
      const sent = this.#sent.get(request.tx);
      return sent === undefined ? request : { ...request, flow: sent.flow, branch: sent.branch };
    });
    return { call: this.#call, keys: this.#keys, open, told: this.#told };
  }

  /** The last that was told of how it stands. */
  get told(): Told | undefined {
    return this.#told;
  }

  /** True once the call is over and has only late messages to wait for. */
  get isOver(): boolean {
    return this.#call === undefined || this.#call.phase === "over";
  }

  /** True while a request of ours (a BYE, say) waits for its answer. */
  get isBusy(): boolean {
    const call = this.#call;
    if (call === undefined) return false;
    return Object.keys(call.pending).length > 0 || call.phase !== "over";
  }

  input(input: CallInput, from?: string): void {
    this.#inputs.push({ input, from });
    if (this.#busy) return;
    // An input that comes out of an effect waits until that step's effects are done.
    this.#busy = true;
    this.#guarded(() => {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
        if (this.#call === undefined) return;
        this.#take(step(this.#call, next.input, this.#moment()), next.from);
      }
    });
    this.#busy = false;
  }

  requested(transaction: ServerTransaction): void {
    const key = String(++this.#keys);
    const from = transaction.flow.remoteAddress;
    this.#answerable.set(key, transaction);
    const [oldest] = this.#answerable.keys();
    if (this.#answerable.size > mostAnswerable && oldest !== undefined) this.#answerable.delete(oldest);
    transaction.handle({
      onAck: (ack, flow) => this.input({ type: "acknowledged", key, ack }, flow.remoteAddress),
      onNoAck: () => this.input({ type: "unacknowledged", key }),
      onCancel: () => this.input({ type: "withdrawn", key }),
    });
    this.input({ type: "request", key, request: transaction.request }, from);
  }

  /** Ends it here and now. An INVITE that the far end never answered for good would wait for ever: it is cancelled. */
  dispose(): void {
    this.#cancelTimer();
    this.#call = undefined;
    this.#inputs.length = 0;
    for (const sent of this.#sent.values()) sent.cancel();
    this.#sent.clear();
    this.#open.clear();
  }

  /** A bug ends this one call, not the process. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#parts.log.error({ error: String(error) }, "A SIP call failed.");
      this.#parts.tell({ type: "over", end: { type: "protocol-broken", why: "a bug of ours" } }, undefined);
      this.dispose();
      this.#parts.forgotten();
    }
  }

  #take([call, effects]: Step, from: string | undefined): void {
    this.#call = call;
    // All of this step is written before the first of its messages leaves: what it sends, and what it tells.
    for (const effect of effects) this.#noteFirst(effect, from);
    this.#parts.noted();
    for (const effect of effects) this.#carryOut(effect, from);
    this.#arm();
  }

  #noteFirst(effect: CallEffect, from: string | undefined): void {
    if (effect.type === "tell") {
      const { event } = effect;
      if (event.type === "answered" || event.type === "over") this.#told = { event, from, branch: 0 };
    } else if (effect.type === "send-invite" || effect.type === "send") {
      this.#open.set(effect.tx, {
        tx: effect.tx,
        request: bodyAsText(effect.request),
        branch: this.#parts.makeBranch(),
        target: effect.type === "send-invite" ? effect.target : undefined,
        flow: undefined,
        answered: undefined,
      });
    }
  }

  #carryOut(effect: CallEffect, from: string | undefined): void {
    switch (effect.type) {
      case "send-invite":
        return this.#send(effect.tx, effect.request, effect.target);
      case "send":
        return this.#sendOnward(effect.tx, effect.request);
      case "ack":
        return this.#sendOn(effect.request, (target) => {
          if (target !== undefined) this.#parts.sendAck(effect.request, target);
        });
      case "cancel":
        return this.#sent.get(effect.tx)?.cancel();
      case "respond":
        this.#answerable.get(effect.key)?.respond(effect.response);
        return void this.#answerable.delete(effect.key);
      case "target":
        return this.#parts.targetIs(effect);
      case "tell":
        return this.#parts.tell(effect.event, from);
      default:
        return unreachable(effect);
    }
  }

  #sendOnward(tx: string, request: SipRequest, as: ClientBeginning = "new"): void {
    this.#sendOn(request, (target) => {
      if (target !== undefined) return this.#send(tx, request, target, as);
      this.#open.delete(tx);
      this.input({ type: "no-response", tx, status: 503 });
    });
  }

  #send(tx: string, request: SipRequest, target: SipTarget, as: ClientBeginning = "new"): void {
    const known = this.#open.get(tx);
    const begun = { branch: known?.branch ?? this.#parts.makeBranch(), as };
    const sent = this.#parts.request({ request, target, flow: known?.flow }, begun, {
      response: (response, from) => {
        this.#close(tx, response);
        this.input({ type: "response", tx, response }, from);
      },
      failed: (status) => {
        this.#sent.delete(tx);
        this.#open.delete(tx);
        this.input({ type: "no-response", tx, status });
      },
    });
    // One that had its final response is done, whoever repeats that.
    if ((as === "new" || as === "proceeding") && this.#open.has(tx)) this.#sent.set(tx, sent);
  }

  /** A final response is the last of a request, but for an INVITE's: each that comes is to be acknowledged. */
  #close(tx: string, { status }: SipResponse): void {
    if (status < 200) return;
    const known = this.#open.get(tx);
    const sent = this.#sent.get(tx);
    this.#sent.delete(tx);
    if (known === undefined) return;
    const way = sent?.flow ?? known.flow;
    // RFC 3261 17.1.1.2: over a connection a refusal comes once (timer D is zero).
    const mayEcho = known.request.method === "INVITE" && (status < 300 || way?.transport === "udp");
    if (!mayEcho) return void this.#open.delete(tx);
    const as = status < 300 ? "accepted" : "refused";
    this.#open.set(tx, {
      ...known,
      flow: way,
      branch: sent?.branch ?? known.branch,
      // Nobody is sent it again: what acknowledges it has no body.
      request: { ...known.request, body: "" },
      answered: known.answered ?? { as, atMs: this.#parts.clock.now() },
    });
  }

  #letGoOfAnswered(): void {
    const nowMs = this.#parts.clock.now();
    for (const { tx, answered } of this.#open.values())
      if (answered !== undefined && answered.atMs + lingerMs <= nowMs) this.#open.delete(tx);
  }

  /** Under the same branch: what had arrived is a repetition there, and answered again. */
  #sendAgain(open: OpenRequest): void {
    const { tx, target, answered } = open;
    const request = bodyAsOctets(open.request);
    this.#open.set(tx, open);
    const as = answered?.as ?? (this.#hasSignOfLife(tx) ? "proceeding" : "new");
    if (target === undefined) this.#sendOnward(tx, request, as);
    else this.#send(tx, request, target, as);
  }

  /** Of an INVITE that is to begin the call. */
  #hasSignOfLife(tx: string): boolean {
    const call = this.#call;
    const attempt = call?.attempt.tx === tx ? call.attempt : call?.left[tx];
    return attempt?.provisional === true;
  }

  #sendOn(request: SipRequest, send: (target: SipTarget | undefined) => void): void {
    const found = this.#parts.whereIs(nextHop(request), this.#usual).catch((error: unknown) => {
      this.#parts.log.error({ error: String(error) }, "A far end's address could not be looked up.");
      return undefined;
    });
    this.#left = this.#left.then(async () => {
      const target = await found;
      // The call may have been disposed of while the name was looked up.
      if (this.#call !== undefined) this.#guarded(() => send(target));
    });
  }

  #moment() {
    return { nowMs: this.#parts.clock.now(), random: this.#parts.random };
  }

  #arm(): void {
    this.#cancelTimer();
    const call = this.#call;
    const atMs = call === undefined ? undefined : dueAtMs(call);
    if (atMs === undefined) return;
    const { clock } = this.#parts;
    this.#cancelTimer = clock.at(atMs, () => {
      if (this.#call?.forgetAtMs !== undefined && this.#call.forgetAtMs <= clock.now()) {
        this.dispose();
        return this.#parts.forgotten();
      }
      this.input({ type: "due" });
    });
  }
}
