import { callId, headerValue, headerValues, to } from "#telecom/sip/message/headers.ts";
import { makeResponse } from "#telecom/sip/message/build.ts";
import { paramValue } from "#telecom/sip/message/grammar.ts";
import type { SipMessage, SipRequest } from "#telecom/sip/message/message.ts";
import { parse } from "#telecom/sip/message/parse.ts";
import { serialize } from "#telecom/sip/message/serialize.ts";
import type { Datagrams, Packet, Place } from "./datagrams.ts";
import type { Ether } from "./ether.ts";
import { FarCall, type Holder } from "./far-call.ts";
import type { History } from "./history.ts";
import type { FarFacts, Traits } from "./telephone.ts";
import { branchOf, inShort } from "./virtual-transport.ts";
import type { WorldClock } from "./world-clock.ts";

export interface TrunkParts {
  readonly clock: WorldClock;
  readonly history: History;
  readonly ether: Ether;
  readonly network: Datagrams;
  readonly unit: Place;
  /** Whose telephone that number is, and what it will do. */
  readonly whoHas: (user: string) => { readonly holder: Holder; readonly traits: Traits };
}

/** A carrier's end: every telephone behind it, and what each call there came to. */
export class TrunkEnd {
  readonly #parts: TrunkParts;
  readonly #place: Place;
  readonly #challenges: boolean;
  readonly #calls = new Map<string, FarCall>();
  readonly facts: FarFacts[] = [];
  #names = 0;

  constructor(parts: TrunkParts, of: { readonly address: string; readonly challenges: boolean }) {
    this.#parts = parts;
    this.#place = { address: of.address, port: 5060 };
    this.#challenges = of.challenges;
    parts.network.attach(of.address, { settles: false, receive: (packet) => this.#receive(packet) });
  }

  /** Calls that are not over, or were a moment ago. */
  get calls(): readonly FarCall[] {
    return [...this.#calls.values()];
  }

  #receive({ octets, transport }: Packet): void {
    const read = parse(octets, "datagram");
    if (read.type !== "message") {
      this.#parts.history.broken("wire", [], `what a trunk was sent cannot be read: ${JSON.stringify(read)}`);
      return;
    }
    const { message } = read;
    const known = this.#calls.get(callId(message));
    if (known !== undefined) return known.receive(message);
    if (message.type === "response" || message.method === "ACK") return;
    const isNew = message.method === "INVITE" && paramValue(to(message).params, "tag") === undefined;
    if (!isNew) return this.#send(makeResponse(message, 481, { toTag: "gone" }), transport);
    this.#invited(message, transport);
  }

  #invited(invite: SipRequest, transport: Packet["transport"]): void {
    const { clock, history, ether } = this.#parts;
    const user = /^sip:([^@]*)@/.exec(invite.uri)?.[1] ?? "";
    const { holder, traits } = this.#parts.whoHas(user);
    const facts: FarFacts = {
      callId: callId(invite),
      user,
      trunk: this.#place.address,
      says: ["X-Tandem-Context", "User-to-User", "From", "P-Asserted-Identity"]
        .flatMap((name) => headerValues(invite, name))
        .join(" "),
      reference: /\br=([0-9]{6})/.exec(headerValue(invite, "X-Tandem-Context") ?? "")?.[1],
      traits,
      invitedAtMs: clock.now(),
      invites: 0,
      unacknowledged: 0,
      unanswered: 0,
      glare: 0,
      heard: [],
      heardDigits: [],
      pressed: [],
      answers: [],
    };
    this.facts.push(facts);
    const call = new FarCall(
      {
        clock,
        history,
        ether,
        newName: () => `${this.#place.address.replaceAll(".", "")}x${++this.#names}`,
        send: (message) => this.#send(message, transport),
        lost: (call) => this.#parts.network.harm(call, this.#place.address),
        contact: `sip:${user}@${this.#place.address}:5060`,
        challenges: this.#challenges,
      },
      holder,
      { invite, facts, traits, forgotten: () => void this.#calls.delete(facts.callId) },
    );
    this.#calls.set(facts.callId, call);
    call.receive(invite);
  }

  #send(message: SipMessage, transport: Packet["transport"]): void {
    this.#parts.network.send({
      from: this.#place,
      to: this.#parts.unit,
      transport,
      octets: serialize(message),
      callId: callId(message),
      branch: branchOf(message),
      says: inShort(message),
    });
  }
}
