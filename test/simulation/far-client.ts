import { type Body, makeRequest } from "#telecom/sip/message/build.ts";
import { contacts, cseq, from, to } from "#telecom/sip/message/headers.ts";
import type { SipRequest, SipResponse } from "#telecom/sip/message/message.ts";
import { givenUpMs, Repeated } from "./repeated.ts";
import { branchOf } from "./virtual-transport.ts";
import type { WorldClock } from "./world-clock.ts";

interface ClientParts {
  readonly clock: WorldClock;
  readonly newName: () => string;
  readonly send: (request: SipRequest) => void;
  readonly contact: string;
  readonly tag: string;
  readonly neverAcknowledges: boolean;
  readonly answered: (request: SipRequest, response: SipResponse) => void;
  readonly unanswered: () => void;
}

interface Asked {
  readonly repeated: Repeated;
  readonly request: SipRequest;
  ack?: SipRequest;
}

/** What a far end asks in a dialog: each request in a transaction of its own (RFC 3261 17.1), with the ACK of an INVITE's answer. */
export class FarClient {
  readonly #parts: ClientParts;
  readonly #asked = new Map<string, Asked>();
  #number = 0;

  constructor(parts: ClientParts) {
    this.#parts = parts;
  }

  /** An INVITE of this end's is under way. */
  get isInviting(): boolean {
    return [...this.#asked.values()].some(
      ({ request, ack }) => request.method === "INVITE" && ack === undefined,
    );
  }

  /** In the dialog that `invite` made. */
  ask(invite: SipRequest, method: string, body?: Body): void {
    const { clock, send, newName, unanswered } = this.#parts;
    this.#number += 1;
    const branch = `z9hG4bK${newName()}`;
    const request = this.#request(invite, { method, number: this.#number, branch, body });
    const repeated = new Repeated(clock, {
      growsOn: method === "INVITE",
      say: () => send(request),
      inVain: () => {
        this.#asked.delete(branch);
        unanswered();
      },
    });
    this.#asked.set(branch, { repeated, request });
  }

  heard(invite: SipRequest, response: SipResponse): void {
    const branch = branchOf(response);
    const asked = this.#asked.get(branch);
    if (asked === undefined) return;
    const { request, repeated } = asked;
    if (asked.ack !== undefined) return this.#acknowledge(asked.ack);
    if (response.status < 200) return request.method === "INVITE" ? repeated.stop() : undefined;
    repeated.stop();
    if (request.method === "INVITE") {
      // A refusal's ACK is its transaction's (17.1.1.3), that of a 2xx a new one (13.2.2.4).
      const ofAck = response.status < 300 ? `z9hG4bK${this.#parts.newName()}` : branch;
      const { number } = cseq(request);
      asked.ack = this.#request(invite, { method: "ACK", number, branch: ofAck, body: undefined });
      this.#acknowledge(asked.ack);
      const { clock } = this.#parts;
      clock.outside(clock.now() + givenUpMs, () => void this.#asked.delete(branch));
    } else this.#asked.delete(branch);
    this.#parts.answered(request, response);
  }

  #acknowledge(ack: SipRequest): void {
    if (!this.#parts.neverAcknowledges) this.#parts.send(ack);
  }

  #request(
    invite: SipRequest,
    wish: { method: string; number: number; branch: string; body: Body | undefined },
  ): SipRequest {
    const { contact, tag } = this.#parts;
    const theirs = contacts(invite)?.[0];
    const request = makeRequest({
      method: wish.method,
      uri: typeof theirs === "object" ? theirs.uri : invite.uri,
      from: { ...to(invite), params: [{ name: "tag", value: tag }] },
      to: from(invite),
      callId: invite.headers.find(({ name }) => name === "Call-ID")?.value ?? "",
      cseq: wish.number,
      contact,
      ...(wish.body === undefined ? {} : { body: wish.body }),
    });
    const sentBy = contact.replace(/^.*@/, "");
    const via = { name: "Via", value: `SIP/2.0/UDP ${sentBy};branch=${wish.branch};rport` };
    return { ...request, headers: [via, ...request.headers] };
  }
}
