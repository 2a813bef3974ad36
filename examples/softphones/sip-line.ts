import { randomBytes } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { systemClock } from "#base/clock.ts";
import { paramValue } from "#telecom/sip/message/grammar.ts";
import { makeRequest, makeResponse, type ResponseWish, withTopHeader } from "#telecom/sip/message/build.ts";
import { callId, contacts, cseq, from, headerValues, to, topVia } from "#telecom/sip/message/headers.ts";
import type { SipRequest, SipResponse } from "#telecom/sip/message/message.ts";
import { parse } from "#telecom/sip/message/parse.ts";
import { serialize } from "#telecom/sip/message/serialize.ts";
import { type Abilities, validate } from "#telecom/sip/message/validate.ts";
import { parseUri } from "#telecom/sip/message/uri.ts";

interface Peer {
  readonly address: string;
  readonly port: number;
}

/** One incoming call's dialog, as the called side keeps it (RFC 3261 12.1.1). */
export interface Dialog {
  readonly invite: SipRequest;
  readonly localTag: string;
  readonly peer: Peer;
  remoteCSeq: number;
  localCSeq: number;
  /** The last final answer to an INVITE, sent again until its ACK comes. */
  unacknowledged: (() => void) | undefined;
  confirmed: boolean;
}

export interface SipListener {
  /** A new call. Ring, or answer it with a status. */
  invited(dialog: Dialog): void;
  /** Another INVITE or an UPDATE in the dialog: our description for the answer, or undefined for 488. */
  reinvited(dialog: Dialog, offer: Uint8Array): string | undefined;
  acknowledged(dialog: Dialog, body: Uint8Array): void;
  ended(dialog: Dialog, why: "cancelled" | "hung up by the far end" | "no ACK came"): void;
  note(text: string): void;
}

interface LineWish {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly listener: SipListener;
  /** A line of hundreds of calls at once needs more: an INVITE that comes again after its answer was forgotten is taken for another's. */
  readonly keptAnswers?: number;
}

const methods = ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "UPDATE"];
const abilities: Abilities = {
  methods,
  extensions: [],
  contentTypes: ["application/sdp", "application/dtmf-relay", "application/dtmf"],
  answerType: "application/sdp",
};
const t1Ms = 500;
const t2Ms = 4000;
const usuallyKeptAnswers = 200;

/** A called phone's SIP over UDP: enough of RFC 3261 to be rung, answered, cancelled, changed and ended, with packets lost. */
export class SipLine {
  readonly address: string;
  readonly port: number;
  readonly #socket: Socket;
  readonly #name: string;
  readonly #listener: SipListener;
  readonly #keptAnswers: number;
  readonly #dialogs = new Map<string, Dialog>();
  /** The last answer to each request, by transaction: a repeated request gets it again (RFC 3261 17.2.2). */
  readonly #answers = new Map<string, { readonly bytes: Uint8Array; readonly peer: Peer } | "working">();
  /** Our own requests that wait for an answer, by branch. */
  readonly #asked = new Map<string, () => void>();

  private constructor(socket: Socket, { name, listener, keptAnswers = usuallyKeptAnswers }: LineWish) {
    this.#socket = socket;
    this.#name = name;
    this.#listener = listener;
    this.#keptAnswers = keptAnswers;
    this.address = socket.address().address;
    this.port = socket.address().port;
    socket.on("message", (bytes, { address, port }) => this.#receive(bytes, { address, port }));
  }

  static async open(wish: LineWish): Promise<SipLine> {
    const socket = createSocket(wish.address.includes(":") ? "udp6" : "udp4");
    await new Promise<void>((bound, failed) => {
      socket.once("error", failed);
      socket.bind(wish.port, wish.address, bound);
    });
    socket.on("error", (error) => wish.listener.note(`socket: ${error.message}`));
    return new SipLine(socket, wish);
  }

  ring(dialog: Dialog): void {
    this.#answer(dialog.invite, 180, dialog.peer, { toTag: dialog.localTag, contact: this.#contact });
  }

  accept(dialog: Dialog, description: string): void {
    dialog.confirmed = true;
    this.#answerUntilAck(dialog, dialog.invite, 200, {
      toTag: dialog.localTag,
      contact: this.#contact,
      headers: [{ name: "Allow", value: methods.join(", ") }],
      body: { contentType: "application/sdp", content: description },
    });
  }

  refuse(dialog: Dialog, status: number): void {
    this.#answerUntilAck(dialog, dialog.invite, status, { toTag: dialog.localTag });
  }

  /** RFC 3261 15.1.1: BYE along the route set, to the far end's Contact. */
  hangUp(dialog: Dialog): void {
    dialog.unacknowledged?.();
    this.#dialogs.delete(keyOf(dialog.invite));
    const [contact] = listOf(contacts(dialog.invite));
    const address = (side: "From" | "To") => (side === "From" ? to(dialog.invite) : from(dialog.invite));
    dialog.localCSeq += 1;
    const bye = makeRequest({
      method: "BYE",
      uri: contact?.uri ?? from(dialog.invite).uri,
      from: { ...address("From"), params: [{ name: "tag", value: dialog.localTag }] },
      to: address("To"),
      callId: callId(dialog.invite),
      cseq: dialog.localCSeq,
      // RFC 3261 12.1.1: the called side keeps Record-Route in its order.
      routes: headerValues(dialog.invite, "Record-Route"),
    });
    this.#ask(bye, this.#nextHop(dialog, contact?.uri));
  }

  close(): void {
    for (const dialog of this.#dialogs.values()) dialog.unacknowledged?.();
    for (const stop of this.#asked.values()) stop();
    this.#socket.close();
  }

  get #contact(): string {
    const host = this.address.includes(":") ? `[${this.address}]` : this.address;
    return `sip:${this.#name.toLowerCase().replace(/[^a-z0-9]+/g, "-")}@${host}:${this.port}`;
  }

  #receive(bytes: Uint8Array, peer: Peer): void {
    try {
      const parsed = parse(bytes, "datagram");
      if (parsed.type !== "message") return;
      const { message } = parsed;
      const verdict = validate(message, abilities);
      if (message.type === "response") return verdict.type === "ok" ? this.#response(message) : undefined;
      if (verdict.type === "drop") return;
      if (verdict.type === "reject") {
        const wish = { reason: verdict.reason, headers: verdict.headers, toTag: newTag() };
        return void this.#answer(message, verdict.status, this.#backTo(message, peer), wish);
      }
      this.#request(message, this.#backTo(message, peer));
    } catch (error) {
      this.#listener.note(`a packet was dropped: ${String(error)}`);
    }
  }

  /** RFC 3261 18.2.2, RFC 3581 4: back to where it came from, at the port it came from when asked so. */
  #backTo(request: SipRequest, peer: Peer): Peer {
    const via = topVia(request);
    const wantsSourcePort = via.params.some((param) => param.name.toLowerCase() === "rport");
    return { address: peer.address, port: wantsSourcePort ? peer.port : (via.port ?? 5060) };
  }

  #request(request: SipRequest, peer: Peer): void {
    const known = this.#answers.get(transactionOf(request));
    if (known !== undefined && request.method !== "ACK") {
      if (known !== "working") this.#socket.send(known.bytes, known.peer.port, known.peer.address);
      return;
    }
    const dialog = this.#dialogs.get(keyOf(request));
    const tagged = paramValue(to(request).params, "tag") !== undefined;
    switch (request.method) {
      case "INVITE":
        return tagged ? this.#reinvite(request, dialog, peer) : this.#invite(request, peer);
      case "ACK":
        return this.#ack(request, dialog);
      case "CANCEL":
        return this.#cancel(request, dialog, peer);
      case "BYE":
        return this.#bye(request, dialog, peer);
      case "UPDATE":
        return this.#update(request, dialog, peer);
      case "OPTIONS":
        return void this.#answer(request, 200, peer, {
          toTag: newTag(),
          headers: [
            { name: "Allow", value: methods.join(", ") },
            { name: "Accept", value: "application/sdp" },
          ],
        });
      default:
        return void this.#answer(request, dialog === undefined ? 481 : 200, peer, { toTag: newTag() });
    }
  }

  #invite(request: SipRequest, peer: Peer): void {
    // The same call once more by another way is a fork that merged (RFC 3261 8.2.2.2).
    if (this.#dialogs.has(keyOf(request))) return void this.#answer(request, 482, peer, { toTag: newTag() });
    const dialog: Dialog = {
      invite: request,
      localTag: newTag(),
      peer,
      remoteCSeq: cseq(request).number,
      localCSeq: 0,
      unacknowledged: undefined,
      confirmed: false,
    };
    this.#dialogs.set(keyOf(request), dialog);
    this.#answer(request, 100, peer, {});
    this.#listener.invited(dialog);
  }

  #reinvite(request: SipRequest, dialog: Dialog | undefined, peer: Peer): void {
    if (dialog === undefined || !dialog.confirmed)
      return void this.#answer(request, 481, peer, { toTag: newTag() });
    // RFC 3261 12.2.2: an older request than the last one.
    if (cseq(request).number <= dialog.remoteCSeq) return void this.#answer(request, 500, peer, {});
    dialog.remoteCSeq = cseq(request).number;
    const description = this.#listener.reinvited(dialog, request.body);
    if (description === undefined) return this.#answerUntilAck(dialog, request, 488, {});
    this.#answerUntilAck(dialog, request, 200, {
      contact: this.#contact,
      body: { contentType: "application/sdp", content: description },
    });
  }

  #update(request: SipRequest, dialog: Dialog | undefined, peer: Peer): void {
    if (dialog === undefined) return void this.#answer(request, 481, peer, { toTag: newTag() });
    dialog.remoteCSeq = Math.max(dialog.remoteCSeq, cseq(request).number);
    if (request.body.length === 0) return void this.#answer(request, 200, peer, { contact: this.#contact });
    const content = this.#listener.reinvited(dialog, request.body);
    if (content === undefined) return void this.#answer(request, 488, peer, {});
    this.#answer(request, 200, peer, {
      contact: this.#contact,
      body: { contentType: "application/sdp", content },
    });
  }

  #ack(request: SipRequest, dialog: Dialog | undefined): void {
    if (dialog?.unacknowledged === undefined) return;
    dialog.unacknowledged();
    dialog.unacknowledged = undefined;
    if (dialog.confirmed) this.#listener.acknowledged(dialog, request.body);
    else this.#dialogs.delete(keyOf(request));
  }

  #cancel(request: SipRequest, dialog: Dialog | undefined, peer: Peer): void {
    if (dialog === undefined) return void this.#answer(request, 481, peer, { toTag: newTag() });
    this.#answer(request, 200, peer, { toTag: dialog.localTag });
    // RFC 3261 9.2: too late for a call that has its final answer.
    if (dialog.confirmed || dialog.unacknowledged !== undefined) return;
    this.refuse(dialog, 487);
    this.#listener.ended(dialog, "cancelled");
  }

  #bye(request: SipRequest, dialog: Dialog | undefined, peer: Peer): void {
    if (dialog === undefined) return void this.#answer(request, 481, peer, { toTag: newTag() });
    dialog.unacknowledged?.();
    this.#dialogs.delete(keyOf(request));
    this.#answer(request, 200, peer, {});
    this.#listener.ended(dialog, "hung up by the far end");
  }

  /** RFC 3261 13.3.1.4, 17.2.1: over UDP a final answer to INVITE is sent again until the ACK, for 32 s at most. */
  #answerUntilAck(dialog: Dialog, request: SipRequest, status: number, wish: ResponseWish): void {
    dialog.unacknowledged?.();
    const bytes = this.#answer(request, status, dialog.peer, wish);
    dialog.unacknowledged = again(
      () => this.#socket.send(bytes, dialog.peer.port, dialog.peer.address),
      () => {
        dialog.unacknowledged = undefined;
        if (!dialog.confirmed) this.#dialogs.delete(keyOf(request));
        else {
          this.hangUp(dialog);
          this.#listener.ended(dialog, "no ACK came");
        }
      },
    );
  }

  #answer(request: SipRequest, status: number, peer: Peer, wish: ResponseWish): Uint8Array {
    const bytes = serialize(received(makeResponse(request, status, wish), peer));
    this.#answers.delete(transactionOf(request));
    this.#answers.set(transactionOf(request), { bytes, peer });
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= this.#keptAnswers) break;
      this.#answers.delete(oldest);
    }
    this.#socket.send(bytes, peer.port, peer.address);
    return bytes;
  }

  #nextHop(dialog: Dialog, contact: string | undefined): Peer {
    const route = headerValues(dialog.invite, "Record-Route")[0];
    const uri = parseUri(route === undefined ? (contact ?? "") : route.replace(/^[^<]*<|>.*$/g, ""));
    // A name would need a resolver: a phone on loopback answers to where the call came from.
    if (uri?.type !== "sip" || !/^[0-9.]+$|:/.test(uri.host)) return dialog.peer;
    return { address: uri.host, port: uri.port ?? 5060 };
  }

  #ask(request: SipRequest, peer: Peer): void {
    const branch = `z9hG4bK${randomBytes(12).toString("hex")}`;
    const host = this.address.includes(":") ? `[${this.address}]` : this.address;
    const via = `SIP/2.0/UDP ${host}:${this.port};branch=${branch};rport`;
    const bytes = serialize(withTopHeader(request, "Via", via));
    const send = (): void => this.#socket.send(bytes, peer.port, peer.address);
    send();
    this.#asked.set(
      branch,
      again(send, () => this.#asked.delete(branch)),
    );
  }

  #response(response: SipResponse): void {
    if (response.status < 200) return;
    const branch = paramValue(topVia(response).params, "branch") ?? "";
    this.#asked.get(branch)?.();
    this.#asked.delete(branch);
  }
}

/** Does `what` after 0.5 s, 1 s, 2 s, 4 s, 4 s ... and `giveUp` after 32 s. Returns the end of it. */
function again(what: () => void, giveUp: () => void): () => void {
  let cancel = (): void => {};
  const wait = (ms: number, spentMs: number): void => {
    cancel = systemClock.at(systemClock.now() + ms, () => {
      if (spentMs + ms >= 64 * t1Ms) return giveUp();
      what();
      wait(Math.min(2 * ms, t2Ms), spentMs + ms);
    });
  };
  wait(t1Ms, 0);
  return () => cancel();
}

/** The caller's side of the dialog; our own tag need not be told apart, since a Call-ID and a From tag name one call. */
function keyOf(request: SipRequest): string {
  return `${callId(request)} ${paramValue(from(request).params, "tag") ?? ""}`;
}

function transactionOf(request: SipRequest): string {
  const via = topVia(request);
  return `${paramValue(via.params, "branch") ?? callId(request)} ${via.host}:${via.port ?? ""} ${request.method} ${cseq(request).number}`;
}

function received(response: SipResponse, peer: Peer): SipResponse {
  let top = true;
  const headers = response.headers.map((line) => {
    if (line.name !== "Via" || !top) return line;
    top = false;
    const [first = "", ...others] = line.value.split(",");
    const told = `${first.replace(/;rport(?=;|$)/i, `;rport=${peer.port}`)};received=${peer.address}`;
    return { name: line.name, value: [told, ...others].join(",") };
  });
  return { ...response, headers };
}

function listOf<T>(values: readonly T[] | "*" | undefined): readonly T[] {
  return values === undefined || values === "*" ? [] : values;
}

function newTag(): string {
  return randomBytes(9).toString("hex");
}
