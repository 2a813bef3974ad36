import type { Packet } from "./datagrams.ts";
import type { History } from "./history.ts";
import { givenUpMs } from "./repeated.ts";
import type { WorldClock } from "./world-clock.ts";

/** The unit answers at once; its promises take no time here. */
const promptlyMs = 200;

/**
 * I9 and I13, on the wire itself, so that they hold in any weather: CSeq never goes back, and what has arrived at the unit is
 * acknowledged or answered, the same request always in the same way.
 */
export class WireWatch {
  readonly #clock: WorldClock;
  readonly #history: History;
  /** Calls that the unit began, and when. */
  readonly #ours = new Map<string, number>();
  /** Refused for good; and those of them that the unit knows nothing of any more, since it died. */
  readonly #refused = new Set<string>();
  readonly #forgotten = new Set<string>();
  /** Hung up by the unit; and those of them whose process has died since: another one knows that they are over, and no more. */
  readonly #hungUp = new Set<string>();
  readonly #over = new Set<string>();
  readonly #due = new Map<string, { readonly what: string; readonly callId: string }>();
  readonly #answered = new Map<string, string>();
  /** Since when nothing was heard of the INVITE, or of its CANCEL. */
  readonly #waitsSince = new Map<string, number>();
  readonly #cancelled = new Set<string>();
  readonly #branches = new Set<string>();
  readonly #numbers = new Map<string, number>();

  constructor(clock: WorldClock, history: History) {
    this.#clock = clock;
    this.#history = history;
  }

  /**
   * What has arrived is lost with it, and comes again, as the far end's timers have it. A call that was refused is over, and not
   * written down: where its ACK was lost too, the far end repeats its refusal in vain, and gives up by itself (RFC 3261 17.2.1, timer H).
   */
  unitDied(): void {
    this.#due.clear();
    for (const callId of this.#refused) this.#forgotten.add(callId);
    for (const callId of this.#hungUp) this.#over.add(callId);
  }

  /** When the first INVITE of that call left, whether it arrived or not. */
  beganAtMs(callId: string): number {
    return this.#ours.get(callId) ?? Infinity;
  }

  arrived({ callId, says }: Packet): void {
    if (!this.#ours.has(callId) || this.#forgotten.has(callId) || this.#isGivenUp(callId)) return;
    if (/ to INVITE /.test(says) && !this.#cancelled.has(callId)) this.#waitsSince.set(callId, Infinity);
    const final = /^([2-6]\d\d) to INVITE \((\d+)\)$/.exec(says);
    const request = /^(INVITE|BYE|INFO|UPDATE|OPTIONS) .*\((\d+)\)$/.exec(says);
    if (final !== null && isForGood(Number(final[1]))) this.#refused.add(callId);
    if (final !== null) this.#expect(callId, `ACK ${final[2]}`, `${says} was not acknowledged`);
    // RFC 6026 8.7: an INVITE that comes again after its 2xx is absorbed; the 2xx is said again by itself.
    else if (request !== null && !this.#answered.has(`${callId} INVITE ${request[2]}`))
      this.#expect(callId, `answer to ${request[1]} ${request[2]}`, `${says} was not answered`);
  }

  left({ callId, branch, says }: Packet): void {
    if (says.startsWith("INVITE ") && !this.#ours.has(callId)) this.#ours.set(callId, this.#clock.now());
    if (says.startsWith("BYE ")) this.#hungUp.add(callId);
    this.#numbered(callId, branch, says);
    const begins = says.startsWith("INVITE ") && !this.#waitsSince.has(callId);
    if (begins || says.startsWith("CANCEL ")) this.#waits(callId, says);
    const ack = /^ACK .*\((\d+)\)$/.exec(says);
    if (ack !== null) this.#due.delete(`${callId} ACK ${ack[1]}`);
    const answer = /^([1-6]..) to ([A-Z]+) \((\d+)\)$/.exec(says);
    if (answer === null) return;
    const [, status = "", method, number] = answer;
    this.#due.delete(`${callId} answer to ${method} ${number}`);
    if (status.startsWith("1")) return;
    const request = `${callId} ${method} ${number}`;
    const before = this.#answered.get(request);
    this.#answered.set(request, before ?? status);
    // RFC 3261 15.1.2, 12.2.2: no dialog is left that the request could belong to.
    if (status === "481" && this.#over.has(callId)) return;
    if (before !== undefined && before !== status)
      this.#history.broken("I13", [callId], `${method} was answered ${before} and then ${status}`);
  }

  #waits(callId: string, says: string): void {
    const isCancel = says.startsWith("CANCEL ");
    if (isCancel && this.#cancelled.has(callId)) return;
    if (isCancel) this.#cancelled.add(callId);
    this.#waitsSince.set(callId, this.#clock.now());
  }

  /** RFC 3261 9.1, 17.1.1.2: who heard nothing of a CANCEL, or of an INVITE, for so long need not listen any more. */
  #isGivenUp(callId: string): boolean {
    const atMs = this.#waitsSince.get(callId);
    return atMs !== undefined && this.#clock.now() >= atMs + givenUpMs;
  }

  /** I9: each new request has a higher number; ACK and CANCEL have that of what they are about. */
  #numbered(callId: string, branch: string, says: string): void {
    const [, method = "", text] = /^([A-Z]+) .*\((\d+)\)$/.exec(says) ?? [];
    if (text === undefined || method === "ACK" || method === "CANCEL" || this.#branches.has(branch)) return;
    this.#branches.add(branch);
    const number = Number(text);
    const before = this.#numbers.get(callId) ?? 0;
    if (number <= before)
      this.#history.broken("I9", [callId], `${method} has CSeq ${number} after ${before}`);
    this.#numbers.set(callId, number);
  }

  #expect(callId: string, which: string, what: string): void {
    const key = `${callId} ${which}`;
    const due = { what, callId };
    this.#due.set(key, due);
    this.#clock.outside(this.#clock.now() + promptlyMs, () => {
      if (this.#due.get(key) !== due) return;
      this.#due.delete(key);
      this.#history.broken("I13", [callId], what);
    });
  }
}

/** After a challenge, a session interval that is too short, or glare, the INVITE is sent anew. */
function isForGood(status: number): boolean {
  return status >= 300 && ![401, 407, 422, 491].includes(status);
}
