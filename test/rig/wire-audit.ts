import type { WireMessage } from "./capture.ts";

/** RFC 3261 17.1.1.2, 17.1.2.2: with T1 and T2 as they are, no request leaves more often than this. */
const mostSends = 11;

/**
 * What is wrong with one call as it was on the wire, in sentences; nothing, when all is well. `caller` is where its first INVITE
 * came from. A call that the caller made needs one INVITE transaction, or one more for each challenge and redirection.
 */
export function complaintsOf(messages: readonly WireMessage[], wish: { readonly invites: number }): string[] {
  const caller = messages[0]?.from;
  const first = messages.filter((message) => isRequest(message, "INVITE") && !inDialog(message));
  const branches = new Set(first.map(branchOf));
  return [
    ...(branches.size === wish.invites ? [] : [`${branches.size} INVITE transactions, not ${wish.invites}`]),
    ...messages.filter((message) => isRequest(message)).flatMap((each) => unanswered(each, messages)),
    ...endOf(messages),
    ...[...new Set(messages.map(({ from }) => from))].flatMap((from) =>
      cseqGoesUp(
        messages.filter((message) => message.from === from),
        from === caller ? "the caller" : "the called",
      ),
    ),
    ...tooOften(messages),
  ];
}

/** Every request but ACK gets a final response, and that response is its own by Via and CSeq. */
function unanswered(request: WireMessage, messages: readonly WireMessage[]): string[] {
  if (request.kind === "ACK") return [];
  const finals = messages.filter((message) => isFinal(message) && isAnswerTo(message, request));
  if (finals.length > 0) {
    const acks = messages.filter((message) => isRequest(message, "ACK") && isAckOf(message, request, finals));
    return request.kind === "INVITE" && acks.length === 0 ? [`no ACK for ${told(request)}`] : [];
  }
  return [`no final response to ${told(request)}`];
}

/** RFC 3261 13.2.2.4, 17.1.1.3: the ACK of a 2xx is of the dialog, any other's of the transaction. */
function isAckOf(ack: WireMessage, invite: WireMessage, finals: readonly WireMessage[]): boolean {
  if (numberOf(ack) !== numberOf(invite) || ack.from !== invite.from) return false;
  return finals.some(({ kind }) => kind.startsWith("2")) || branchOf(ack) === branchOf(invite);
}

/** Each leg that was answered is ended by one BYE, and no other is. */
function endOf(messages: readonly WireMessage[]): string[] {
  const answers = messages.filter(
    (message) => message.kind.startsWith("2") && methodOf(message) === "INVITE",
  );
  const legs = new Set(answers.map((answer) => tagOf(answer.header("to"))));
  // A re-INVITE by the called is answered with the tags changed over; it is the same leg.
  const begun = messages.filter((message) => isRequest(message, "INVITE") && !inDialog(message));
  for (const invite of begun) legs.delete(tagOf(invite.header("from")));
  const byes = new Set(messages.filter((message) => isRequest(message, "BYE")).map(branchOf));
  return byes.size === legs.size ? [] : [`${legs.size} answered legs, ${byes.size} BYEs`];
}

/** RFC 3261 12.2.1.1; ACK and CANCEL bear their INVITE's. */
function cseqGoesUp(sent: readonly WireMessage[], who: string): string[] {
  const seen = new Set<string>();
  let last = 0;
  return sent.flatMap((message) => {
    if (!isRequest(message) || seen.has(branchOf(message))) return [];
    seen.add(branchOf(message));
    const number = numberOf(message);
    if (message.kind === "ACK" || message.kind === "CANCEL")
      return number <= last ? [] : [`${who} sent ${told(message)} without an INVITE of that number`];
    const wrong = number <= last ? [`${who} sent ${told(message)} after CSeq ${last}`] : [];
    last = Math.max(last, number);
    return wrong;
  });
}

function tooOften(messages: readonly WireMessage[]): string[] {
  const sends = new Map<string, number>();
  for (const message of messages) {
    const key = `${message.from} ${message.kind} ${branchOf(message)} ${tagOf(message.header("to")) ?? ""}`;
    sends.set(key, (sends.get(key) ?? 0) + 1);
  }
  return [...sends]
    .filter(([, times]) => times > mostSends)
    .map(([what, times]) => `${times} times: ${what}`);
}

export function isRequest(message: WireMessage, method?: string): boolean {
  return method === undefined ? !/^\d/.test(message.kind) : message.kind === method;
}

function isFinal(message: WireMessage): boolean {
  return /^[2-6]/.test(message.kind);
}

function isAnswerTo(response: WireMessage, request: WireMessage): boolean {
  return (
    response.from === request.to &&
    branchOf(response) === branchOf(request) &&
    response.header("cseq") === request.header("cseq")
  );
}

function inDialog(message: WireMessage): boolean {
  return tagOf(message.header("to")) !== undefined;
}

function branchOf(message: WireMessage): string {
  return /branch=([^;,\s]+)/.exec(message.header("via") ?? "")?.[1] ?? "";
}

function tagOf(address: string | undefined): string | undefined {
  return /;tag=([^;\s]+)/.exec(address ?? "")?.[1];
}

function numberOf(message: WireMessage): number {
  return Number.parseInt(message.header("cseq") ?? "", 10);
}

function methodOf(message: WireMessage): string | undefined {
  return message.header("cseq")?.split(/\s+/)[1];
}

function told(message: WireMessage): string {
  return `${message.startLine} (CSeq ${message.header("cseq")})`;
}
