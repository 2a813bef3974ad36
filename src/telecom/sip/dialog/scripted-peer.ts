import { seededRandom } from "#base/random.ts";
import { makeRequest, makeResponse, taggedAddress } from "../message/build.ts";
import { callId, from, headerValue } from "../message/headers.ts";
import type { HeaderLine, SipRequest, SipResponse } from "../message/message.ts";
import { begin } from "./calling.ts";
import type { CallEffect, CallEvent, CallInput, CallWish, OutgoingCall } from "./call-state.ts";
import { dueAtMs } from "./refresh.ts";
import { step } from "./step.ts";

/** For tests: a call's machine with a far end that says what the script says. Time stands still unless it is moved. */
export class ScriptedPeer {
  call: OutgoingCall;
  nowMs = 1_000_000;
  readonly random = seededRandom("scripted peer");
  readonly effects: CallEffect[] = [];
  #keys = 0;
  /** The far end's next CSeq. */
  cseq = 101;

  constructor(wish: Partial<CallWish> = {}) {
    const [call, effects] = begin({ ...usualWish, ...wish }, this);
    this.call = call;
    this.#note(effects);
  }

  /** Requests of ours so far, ACKs among them, oldest first. */
  get sent(): readonly SipRequest[] {
    return this.effects.flatMap((effect) =>
      effect.type === "send-invite" || effect.type === "send" || effect.type === "ack"
        ? [effect.request]
        : [],
    );
  }

  get told(): readonly CallEvent[] {
    return this.effects.flatMap((effect) => (effect.type === "tell" ? [effect.event] : []));
  }

  /** Statuses of our answers so far. */
  get answers(): readonly number[] {
    return this.effects.flatMap((effect) => (effect.type === "respond" ? [effect.response.status] : []));
  }

  methods(): string {
    return this.sent.map((request) => request.method).join(" ");
  }

  /** The latest request of ours, or of that method. */
  last(method?: string): SipRequest {
    const found = this.sent.findLast((request) => method === undefined || request.method === method);
    if (found === undefined) throw new Error(`no ${method} was sent`);
    return found;
  }

  lastAnswer(): SipResponse {
    const found = this.effects.findLast((effect) => effect.type === "respond");
    if (found?.type !== "respond") throw new Error("nothing was answered");
    return found.response;
  }

  input(input: CallInput): void {
    const [call, effects] = step(this.call, input, this);
    // What is stored survives JSON: every state that a test reaches is put to it.
    this.call = JSON.parse(JSON.stringify(call)) as OutgoingCall;
    this.#note(effects);
  }

  /** Answers our latest INVITE, or `request`. */
  responds(status: number, wish: PeerAnswer = {}): void {
    const request = wish.request ?? this.last("INVITE");
    const { tag = "far", sdp } = wish;
    const response = makeResponse(request, status, {
      ...(status === 100 ? {} : { toTag: tag }),
      ...(wish.contact === undefined ? {} : { contact: wish.contact }),
      headers: wish.headers ?? [],
      ...(sdp === undefined ? {} : { body: { contentType: "application/sdp", content: sdp } }),
    });
    const effect = this.effects.find(
      (candidate) =>
        (candidate.type === "send-invite" || candidate.type === "send") && candidate.request === request,
    );
    if (effect?.type !== "send-invite" && effect?.type !== "send") throw new Error("not a request of ours");
    this.input({ type: "response", tx: effect.tx, response });
  }

  picksUp(wish: PeerAnswer = {}): void {
    this.responds(200, { contact: "sip:far@192.0.2.1:5060", sdp: theirSdp, ...wish });
  }

  /** A request of the far end in the dialog; gives its transaction's key. */
  asks(
    method: string,
    wish: {
      sdp?: string;
      headers?: HeaderLine[];
      body?: { contentType: string; content: string };
      tag?: string;
      cseq?: number;
      contact?: string;
    } = {},
  ): string {
    const invite = this.last("INVITE");
    const key = `theirs ${++this.#keys}`;
    const body = wish.sdp === undefined ? wish.body : { contentType: "application/sdp", content: wish.sdp };
    const request = makeRequest({
      method,
      uri: "sip:tandem@192.0.2.9:5060",
      from: taggedAddress({ display: undefined, uri: "sip:100@192.0.2.1", params: [] }, wish.tag ?? "far"),
      to: from(invite),
      callId: callId(invite),
      cseq: wish.cseq ?? this.cseq++,
      ...(wish.contact === undefined ? {} : { contact: wish.contact }),
      headers: wish.headers ?? [],
      ...(body === undefined ? {} : { body }),
    });
    this.input({ type: "request", key, request });
    return key;
  }

  /** Moves time on, doing what falls due. */
  waits(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const atMs = dueAtMs(this.call);
      if (atMs === undefined || atMs > untilMs || this.call.phase === "over") break;
      this.nowMs = Math.max(this.nowMs, atMs);
      this.input({ type: "due" });
    }
    this.nowMs = untilMs;
  }

  #note(effects: readonly CallEffect[]): void {
    this.effects.push(...effects);
  }
}

export interface PeerAnswer {
  readonly tag?: string;
  readonly sdp?: string;
  readonly contact?: string;
  readonly headers?: HeaderLine[];
  readonly request?: SipRequest;
}

export const ourSdp = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\n";
export const theirSdp = "v=0\r\no=- 7 1 IN IP4 192.0.2.1\r\ns=-\r\n";

export const usualWish: CallWish = {
  callId: "call-1@192.0.2.9",
  uri: "sip:100@trunk.example",
  from: { display: undefined, uri: "sip:+14155550100@192.0.2.9", params: [{ name: "tag", value: "ours" }] },
  to: { display: undefined, uri: "sip:100@trunk.example", params: [] },
  contact: "sip:tandem@192.0.2.9:5060",
  headers: [{ name: "X-Tandem-Context", value: "ref=1" }],
  sdp: ourSdp,
  hosts: ["trunk.example", "192.0.2.1"],
  targets: [
    { transport: "udp", address: "192.0.2.1", port: 5060 },
    { transport: "udp", address: "192.0.2.2", port: 5060 },
  ],
};

export function header(request: SipRequest | SipResponse, name: string): string | undefined {
  return headerValue(request, name);
}
