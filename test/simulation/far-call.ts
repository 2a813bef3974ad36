import type { Digit } from "#contract/telecom.ts";
import { type Body, makeResponse } from "#telecom/sip/message/build.ts";
import { cseq, headerValue, sessionExpires, tokens } from "#telecom/sip/message/headers.ts";
import type { HeaderLine, SipMessage, SipRequest, SipResponse } from "#telecom/sip/message/message.ts";
import { description, type Ear, type Ether, portIn } from "./ether.ts";
import type { History } from "./history.ts";
import { FarClient } from "./far-client.ts";
import { givenUpMs, Repeated } from "./repeated.ts";
import { branchOf } from "./virtual-transport.ts";
import type { FarFacts, OverBy, Traits } from "./telephone.ts";
import type { WorldClock } from "./world-clock.ts";

/** Who has the telephone in hand. */
export interface Holder {
  answered(call: FarCall): void;
  hears(call: FarCall, words: string): void;
  over(call: FarCall): void;
}

export interface FarParts {
  readonly clock: WorldClock;
  readonly history: History;
  readonly ether: Ether;
  /** Unlike any other of this world. */
  readonly newName: () => string;
  readonly send: (message: SipMessage) => void;
  /** A key of that call was heard by nobody. */
  readonly lost: (callId: string) => void;
  readonly contact: string;
  readonly challenges: boolean;
}

const keyMs = 150;
/** In which a BYE that was sent has arrived, or was lost. */
const promptlyMs = 1_500;
const patienceMs = 30_000;
const absorbMs = 64_000;
const longestRingMs = 180_000;

/**
 * One call at a trunk's end, as RFC 3261 has a far end do it: strict in what it takes, so that what the unit does wrong shows. It
 * keeps what happened to it (`facts`) for the checker.
 */
export class FarCall implements Ear {
  readonly callId: string;
  readonly facts: FarFacts;
  readonly #parts: FarParts;
  readonly #holder: Holder;
  readonly #traits: Traits;
  readonly #tag: string;
  readonly #earPort: number;
  readonly #forgotten: () => void;
  #invite: SipRequest;
  #inviteBranch: string;
  #theirPort: number | undefined;
  #theirCSeq = 0;
  #direction: "sendrecv" | "sendonly" = "sendrecv";
  /** What was answered, by branch and method: for repetitions. */
  readonly #answers = new Map<string, SipResponse>();
  /** Final answers to INVITEs that no ACK has come for, by CSeq. */
  readonly #unacknowledged = new Map<
    number,
    { readonly repeated: Repeated; readonly branch: string | undefined }
  >();
  readonly #client: FarClient;
  #isFinal = false;
  #isProven = false;

  constructor(
    parts: FarParts,
    holder: Holder,
    of: { invite: SipRequest; facts: FarFacts; traits: Traits; forgotten: () => void },
  ) {
    const { invite, facts, traits, forgotten } = of;
    this.#parts = parts;
    this.#holder = holder;
    this.#traits = traits;
    this.#forgotten = forgotten;
    this.facts = facts;
    this.callId = facts.callId;
    this.#invite = invite;
    this.#inviteBranch = branchOf(invite);
    this.#tag = parts.newName();
    this.#earPort = parts.ether.listen(this);
    this.#client = new FarClient({
      ...parts,
      tag: this.#tag,
      neverAcknowledges: traits.neverAcknowledges,
      answered: (request, response) => this.#heardAnswer(request, response),
      unanswered: () => {
        this.facts.unanswered += 1;
        this.#over("unanswered");
      },
    });
    this.#theirPort = portIn(Buffer.from(invite.body).toString());
  }

  get isUp(): boolean {
    return this.facts.answeredAtMs !== undefined && this.facts.over === undefined;
  }

  // Ear.

  get isThere(): boolean {
    return this.isUp;
  }

  hears(words: string): void {
    if (!this.isUp) return;
    this.facts.heard.push(words);
    this.#note(`hears ${JSON.stringify(words)}`);
    this.#holder.hears(this, words);
  }

  hearsDigit(digit: Digit): void {
    this.facts.heardDigits.push(digit);
  }

  // What its holder does.

  presses(digits: string): void {
    const { clock, ether } = this.#parts;
    // The unit hears it: what follows has promises.
    for (const [at, digit] of [...digits].entries())
      clock.at(clock.now() + at * keyMs, () => {
        if (!this.isUp) return;
        this.facts.pressed.push({ atMs: clock.now(), digit: digit as Digit });
        this.#note(`presses ${digit}`);
        if (this.#traits.tellsKeysByInfo) this.#info(digit);
        if (this.#traits.tellsKeysByInfo && !this.#traits.tellsKeysTwice) return;
        if (!ether.isOpen(this.#theirPort)) return this.#parts.lost(this.callId);
        ether.press(this.#theirPort, digit as Digit);
      });
  }

  /** The unit died a moment after it had heard them. */
  losesLastKeys(): void {
    const fromMs = this.#parts.clock.now() - promptlyMs;
    if (this.facts.pressed.some(({ atMs }) => atMs >= fromMs)) this.#parts.lost(this.callId);
  }

  hangsUp(why: "hung up" | "heard nothing" = "hung up"): void {
    if (!this.isUp) return;
    this.#over(why);
    this.#ask("BYE");
  }

  /** A new description: held, or taken up again; or a question whether the line still stands. */
  reinvites(direction: "sendrecv" | "sendonly"): void {
    if (!this.isUp || this.#client.isInviting) return;
    this.#direction = direction;
    this.#ask("INVITE", { contentType: "application/sdp", content: description(this.#earPort, direction) });
  }

  /** The network behind it has lost the unit: nothing is heard. */
  losesPatience(): void {
    if (this.facts.over !== undefined) return;
    if (this.isUp) return this.hangsUp("heard nothing");
    this.#finally(480);
    this.#over("gave up");
  }

  receive(message: SipMessage): void {
    if (message.type === "response") return this.#client.heard(this.#invite, message);
    if (message.method === "ACK") return this.#acknowledged(message);
    const key = `${branchOf(message)} ${message.method}`;
    const before = this.#answers.get(key);
    if (before !== undefined) return this.#parts.send(before);
    if (message.method === "CANCEL") return this.#cancelled(message, key);
    const { number } = cseq(message);
    // RFC 3261 12.2.2
    if (number <= this.#theirCSeq) return this.#answer(message, 500);
    this.#theirCSeq = number;
    if (message.method !== "INVITE") return this.#requested(message);
    if (this.facts.answeredAtMs === undefined) return this.#invited(message, key);
    this.#reinvited(message);
  }

  #invited(invite: SipRequest, key: string): void {
    const { clock, challenges } = this.#parts;
    this.#invite = invite;
    this.#inviteBranch = branchOf(invite);
    this.#theirPort = portIn(Buffer.from(invite.body).toString());
    this.facts.invites += 1;
    if (challenges && headerValue(invite, "Proxy-Authorization") === undefined) {
      const nonce = this.#parts.newName();
      clock.outside(clock.now() + givenUpMs, () => (this.#isProven ? undefined : this.#over("never proven")));
      return this.#finally(407, [
        {
          name: "Proxy-Authenticate",
          value: `Digest realm="trunk", nonce="${nonce}", algorithm=MD5, qop="auth"`,
        },
      ]);
    }
    if (this.#isProven) return;
    this.#isProven = true;
    this.#answers.set(key, makeResponse(invite, 100));
    this.#parts.send(makeResponse(invite, 100));
    const { reaction } = this.#traits;
    clock.outside(clock.now() + this.#traits.ringsAfterMs, () => {
      if (this.#isFinal) return;
      if (reaction.type === "rejects") return this.#rejects(reaction.status);
      this.facts.ringingAtMs = clock.now();
      this.#provisional(180);
      if (reaction.type === "answers") clock.outside(clock.now() + reaction.afterMs, () => this.#picksUp());
      if (reaction.type === "declines")
        clock.outside(clock.now() + reaction.afterMs, () => this.#rejects(603));
      clock.outside(clock.now() + longestRingMs, () => (this.#isFinal ? undefined : this.losesPatience()));
    });
  }

  #rejects(status: number): void {
    if (this.#isFinal) return;
    this.#finally(status);
    this.#over("rejected");
  }

  #provisional(status: number): void {
    const response = this.#response(this.#invite, status);
    this.#answers.set(`${this.#inviteBranch} INVITE`, response);
    this.#parts.send(response);
  }

  #picksUp(): void {
    if (this.#isFinal) return;
    const { clock } = this.#parts;
    this.facts.answeredAtMs = clock.now();
    this.#note("picks up");
    const { sessionSeconds } = this.#traits;
    const refreshes = sessionSeconds !== undefined && tokens(this.#invite, "Supported").includes("timer");
    const more = refreshes
      ? [
          { name: "Session-Expires", value: `${sessionSeconds};refresher=uac` },
          { name: "Require", value: "timer" },
        ]
      : [];
    this.#isFinal = true;
    this.#accept(this.#invite, more);
    this.#holder.answered(this);
    this.#listens();
  }

  /** Nobody stays on a line that has fallen silent. */
  #listens(): void {
    const { clock, ether } = this.#parts;
    clock.outside(clock.now() + patienceMs, () => {
      if (!this.isUp) return;
      if (ether.isOpen(this.#theirPort)) this.#listens();
      else this.hangsUp("heard nothing");
    });
  }

  /** A 2xx to an INVITE, said again until its ACK comes (13.3.1.4). */
  #accept(invite: SipRequest, more: readonly HeaderLine[]): void {
    const { clock, send } = this.#parts;
    const response = this.#response(invite, 200, more);
    this.#answers.set(`${branchOf(invite)} INVITE`, response);
    const repeated = new Repeated(clock, {
      say: () => send(response),
      inVain: () => {
        this.facts.unacknowledged += 1;
        this.#note("was never acknowledged");
        if (!this.isUp) return;
        this.#over("not acknowledged");
        this.#ask("BYE");
      },
    });
    this.#unacknowledged.set(cseq(invite).number, { repeated, branch: undefined });
  }

  #finally(status: number, headers: readonly HeaderLine[] = []): void {
    if (status !== 407) this.#isFinal = true;
    this.#refuse(this.#invite, status, headers);
  }

  /** RFC 3261 17.1.1.3: the ACK of a refusal has its INVITE's branch; that of a 2xx its number alone (13.2.2.4). */
  #acknowledged(ack: SipRequest): void {
    const { number } = cseq(ack);
    const found = this.#unacknowledged.get(number);
    if (found === undefined || (found.branch !== undefined && found.branch !== branchOf(ack))) return;
    found.repeated.stop();
    this.#unacknowledged.delete(number);
  }

  #cancelled(cancel: SipRequest, key: string): void {
    // RFC 3261 9.2: matched by its INVITE's branch.
    if (branchOf(cancel) !== this.#inviteBranch) return this.#answer(cancel, 481);
    const response = makeResponse(cancel, 200, { toTag: this.#tag });
    this.#answers.set(key, response);
    this.#parts.send(response);
    this.facts.cancelledAtMs ??= this.#parts.clock.now();
    if (this.#isFinal) return;
    this.#finally(487);
    this.#over("cancelled");
  }

  #reinvited(invite: SipRequest): void {
    if (!this.isUp) return this.#refuse(invite, 481);
    // RFC 3261 14.2
    if (this.#client.isInviting) return this.#refuse(invite, 491);
    const expires = sessionExpires(invite);
    const more =
      expires === undefined ? [] : [{ name: "Session-Expires", value: `${expires.seconds};refresher=uac` }];
    this.#accept(invite, more);
  }

  /** A refusal of an INVITE, said again until its ACK comes (17.2.1). */
  #refuse(invite: SipRequest, status: number, headers: readonly HeaderLine[] = []): void {
    const { clock, send } = this.#parts;
    const branch = branchOf(invite);
    const response = makeResponse(invite, status, { toTag: this.#tag, headers });
    this.#answers.set(`${branch} INVITE`, response);
    const repeated = new Repeated(clock, {
      say: () => send(response),
      inVain: () => void (this.facts.unacknowledged += 1),
    });
    this.#unacknowledged.set(cseq(invite).number, { repeated, branch });
  }

  #requested(request: SipRequest): void {
    switch (request.method) {
      case "BYE":
        this.#answer(request, 200);
        if (this.isUp) this.#over("BYE came");
        return;
      case "UPDATE": {
        if (!this.isUp) return this.#answer(request, 481);
        const expires = sessionExpires(request);
        const more =
          expires === undefined
            ? []
            : [{ name: "Session-Expires", value: `${expires.seconds};refresher=uac` }];
        return this.#answer(request, 200, more, request.body.length > 0);
      }
      default:
        return this.#answer(request, 200);
    }
  }

  #answer(request: SipRequest, status: number, more: readonly HeaderLine[] = [], withSdp = false): void {
    const response = withSdp
      ? this.#response(request, status, more)
      : makeResponse(request, status, { toTag: this.#tag, headers: more });
    this.#answers.set(`${branchOf(request)} ${request.method}`, response);
    this.#parts.send(response);
  }

  #response(request: SipRequest, status: number, headers: readonly HeaderLine[] = []): SipResponse {
    const usual = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO";
    const allow = { name: "Allow", value: this.#traits.takesUpdates ? `${usual}, UPDATE` : usual };
    const body = { contentType: "application/sdp", content: description(this.#earPort, this.#direction) };
    return makeResponse(request, status, {
      toTag: this.#tag,
      contact: this.#parts.contact,
      headers: [allow, ...headers],
      ...(status >= 200 ? { body } : {}),
    });
  }

  #info(digit: string): void {
    this.#ask("INFO", {
      contentType: "application/dtmf-relay",
      content: `Signal=${digit}\r\nDuration=100\r\n`,
    });
  }

  /** A request of this end's in the dialog. */
  #ask(method: string, body?: Body): void {
    this.#client.ask(this.#invite, method, body);
  }

  #heardAnswer({ method }: SipRequest, { status }: SipResponse): void {
    const { clock } = this.#parts;
    this.facts.answers.push({ method, status });
    // A BYE of the unit's may be on its way: then there was no call any more when this was asked.
    if (status === 481 || status === 408) clock.outside(clock.now() + promptlyMs, () => this.#over("gone"));
    if (status !== 491) return;
    // Glare: the same again a little later (14.1).
    this.facts.glare += 1;
    clock.outside(clock.now() + 700, () => this.reinvites(this.#direction));
  }

  #over(by: OverBy): void {
    const { clock, ether } = this.#parts;
    if (this.facts.over !== undefined) return;
    this.facts.over = { by, atMs: clock.now() };
    this.#note(`is over: ${by}`);
    ether.close(this.#earPort);
    this.#holder.over(this);
    clock.outside(clock.now() + absorbMs, () => this.#forgotten());
  }

  #note(what: string): void {
    this.#parts.history.note(this.callId, `${this.facts.user} ${what}`);
  }
}
