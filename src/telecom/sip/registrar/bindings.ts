import { unreachable } from "#base/errors.ts";
import { formatParams, type Param, quote } from "../message/grammar.ts";
import type { Flow, HeaderLine } from "../message/message.ts";
import { parseUri, sameUri } from "../message/uri.ts";
import type { Refusal } from "./login-check.ts";
import { type ContactWish, type RegisterWish, registration } from "./register-wish.ts";

/** One address at which a phone can be rung until a moment. RFC 3261 10.3, RFC 5626 6. */
export interface Binding {
  readonly uri: string;
  readonly instance: string | undefined;
  readonly regId: number | undefined;
  readonly callId: string;
  readonly cseq: number;
  readonly path: readonly string[];
  /** What the REGISTER came over: requests go down it, whatever the Contact's own address says (RFC 5626 5.3, NAT). */
  readonly flow: Flow;
  readonly userAgent: string | undefined;
  /** When it was bound; refreshing it changes nothing. */
  readonly sinceMs: number;
  readonly untilMs: number;
}

/**
 * The bindings of one phone, the one registered or refreshed last at the end. `step` is the only way on:
 *
 *   nothing ──> bound ──> bound (refreshed)
 *                 └──> gone: removed, expired, its flow closed, crowded out by newer ones
 */
export type Bindings = readonly Binding[];

export type BindingsInput =
  | { readonly type: "register"; readonly wish: RegisterWish }
  | { readonly type: "flow-closed"; readonly flow: Flow }
  | { readonly type: "look" };

export type BindingsEffect =
  | ({ readonly type: "answer" } & Refusal)
  | { readonly type: "bound" | "gone"; readonly binding: Binding };

export type BindingsStep = readonly [Bindings, readonly BindingsEffect[]];

export function step(before: Bindings, input: BindingsInput, nowMs: number): BindingsStep {
  const bindings = before.filter(({ untilMs }) => untilMs > nowMs);
  switch (input.type) {
    case "register":
      return withNews(before, registered(bindings, input.wish, nowMs));
    case "flow-closed":
      return withNews(before, [bindings.filter(({ flow }) => flowKey(flow) !== flowKey(input.flow)), []]);
    case "look":
      return withNews(before, [bindings, []]);
    default:
      return unreachable(input);
  }
}

/** The same for two flows that are the same way to a peer. */
export function flowKey({ transport, remoteAddress, remotePort }: Flow): string {
  return `${transport} ${remoteAddress} ${remotePort}`;
}

function registered(bindings: Bindings, wish: RegisterWish, nowMs: number): BindingsStep {
  // RFC 3261 10.3, 6 and 7: a request that is older than what it would change changes nothing at all.
  const changed = bindings.filter((binding) => isNamed(binding, wish));
  if (changed.some(({ callId, cseq }) => callId === wish.callId && cseq >= wish.cseq)) {
    return [bindings, [{ type: "answer", status: 500, reason: "CSeq Out Of Order" }]];
  }
  const kept = bindings.filter((binding) => !changed.includes(binding));
  const made = wish.contacts === "remove-all" ? [] : wish.contacts.filter(({ seconds }) => seconds > 0);
  const { callId, cseq, path, flow, userAgent } = wish;
  const added = made.map(
    ({ uri, instance, regId, seconds }): Binding => ({
      ...{ uri, instance, regId, callId, cseq, path, flow, userAgent },
      sinceMs: changed.find((binding) => binding.uri === uri)?.sinceMs ?? nowMs,
      untilMs: nowMs + seconds * 1_000,
    }),
  );
  // A telephone that starts anew with another Contact each time must not fill the memory, nor be kept out.
  const after = [...kept, ...added].slice(-registration.mostContacts);
  return [after, [{ type: "answer", status: 200, headers: answerHeaders(after, wish, nowMs) }]];
}

function isNamed(binding: Binding, { contacts }: RegisterWish): boolean {
  return contacts === "remove-all" || contacts.some((contact) => isSame(binding, contact));
}

/** RFC 5626 6: by phone and flow where both name them; else RFC 3261 10.3, by the address. */
function isSame(binding: Binding, contact: ContactWish): boolean {
  if (binding.regId !== undefined && contact.regId !== undefined)
    return binding.instance === contact.instance && binding.regId === contact.regId;
  const [bound, named] = [parseUri(binding.uri), parseUri(contact.uri)];
  return bound !== undefined && named !== undefined && sameUri(bound, named);
}

/** RFC 3261 10.3, 8: all that is bound now. RFC 3327 5.3: the Path as it came. RFC 5626 6: that the flow counts. */
function answerHeaders(bindings: Bindings, wish: RegisterWish, nowMs: number): readonly HeaderLine[] {
  const lines = bindings.map(({ uri, instance, regId, untilMs }): HeaderLine => {
    const params: Param[] = [{ name: "expires", value: String(Math.ceil((untilMs - nowMs) / 1_000)) }];
    if (regId !== undefined) params.push({ name: "reg-id", value: String(regId) });
    // RFC 5626 4.1: a quoted string, always.
    const named = instance === undefined ? "" : `;+sip.instance=${quote(instance)}`;
    return { name: "Contact", value: `<${uri}>${formatParams(params)}${named}` };
  });
  const isOutbound = wish.contacts !== "remove-all" && wish.contacts.some(({ regId }) => regId !== undefined);
  return [
    ...lines,
    ...wish.path.map((value) => ({ name: "Path", value })),
    ...(isOutbound ? [{ name: "Require", value: "outbound" }] : []),
    { name: "Date", value: new Date(nowMs).toUTCString() },
  ];
}

/** What has come and what has gone, beside the answer. */
function withNews(before: Bindings, [after, effects]: BindingsStep): BindingsStep {
  const isIn = (all: Bindings, { uri }: Binding): boolean => all.some((other) => other.uri === uri);
  const gone = before.filter((binding) => !isIn(after, binding));
  const bound = after.filter((binding) => !isIn(before, binding));
  return [
    after,
    [
      ...effects,
      ...gone.map((binding) => ({ type: "gone" as const, binding })),
      ...bound.map((binding) => ({ type: "bound" as const, binding })),
    ],
  ];
}
