import assert from "node:assert/strict";
import { makeRequest, makeResponse } from "#telecom/sip/message/build.ts";
import { paramValue } from "#telecom/sip/message/grammar.ts";
import {
  callId,
  contacts,
  contentType,
  cseq,
  date,
  from,
  headerValue,
  headerValues,
  maxForwards,
  routes,
  to,
  tokens,
  vias,
} from "#telecom/sip/message/headers.ts";
import type { SipMessage, SipRequest } from "#telecom/sip/message/message.ts";
import { parse, type ParseResult } from "#telecom/sip/message/parse.ts";
import { serialize } from "#telecom/sip/message/serialize.ts";
import { parseUri, type SipUri } from "#telecom/sip/message/uri.ts";
import { type Abilities, type Verdict, validate } from "#telecom/sip/message/validate.ts";
import { isUnicast } from "#telecom/sip/transport/addresses.ts";

/**
 * What RFC 4475 says each of its messages means, beyond being taken or refused: the last column of `verdicts.tsv`, message
 * by message. Each check throws when our reading differs.
 */
export const meanings: Readonly<Record<string, (subject: Subject) => void>> = {
  wsinv({ message, request }) {
    assert.equal(
      vias(message)
        ?.map(({ transport, host }) => `${transport} ${host}`)
        .join(),
      "UDP 192.0.2.2,TCP spindle.example.com,UDP 192.168.255.111",
    );
    assert.equal(paramValue(to(message).params, "tag"), "1918181833n");
    assert.equal(from(message).display, 'J Rosenberg \\"');
    assert.equal(maxForwards(message), 68);
    assert.deepEqual(cseq(message), { number: 9, method: "INVITE" });
    const [route] = routes(message) ?? [];
    assert.notEqual(paramValue(uriOf(route?.uri).params, "lr"), undefined);
    assert.equal(headerValue(message, "NewFangledHeader"), "newfangled value continued newfangled value");
    assert.equal(paramValue(firstContact(message).params, "q"), "0.33");
    assert.equal(firstContact(message).display, 'Quoted string ""');
    assert.equal(request.body.length, 150);
  },
  intmeth({ message, request, octets }) {
    assert.equal(request.method, "!interesting-Method0123456789_*+`.%indeed'~");
    assert.equal(to(message).display, "BEL:\u0007 NUL:\0 DEL:\u007f");
    assert.equal(callId(message), "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{");
    assert.equal(headerValue(message, "extensionHeader-!.%*+_`'~"), "\ufeff大停電");
    assert.equal(paramValue(from(message).params, "fromParam''~+*_!.-%"), "работающий");
    assert.equal(uriOf(request.uri).password, "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)");
    // The answer echoes To and Call-ID octet for octet, the quoted NUL too.
    const answer = Buffer.from(serialize(makeResponse(request, 501)));
    for (const name of ["To", "Call-ID"]) {
      const start = octets.indexOf(`${name}: `);
      assert.ok(answer.includes(octets.subarray(start, octets.indexOf("\r\n", start) + 2)), name);
    }
  },
  esc01({ message, request }) {
    assert.equal(uriOf(request.uri).user, "sips:user@example.com");
    assert.equal(uriOf(to(message).uri).user, "user");
    const contact = uriOf(firstContact(message).uri);
    assert.equal(contact.user, "caller");
    assert.notEqual(paramValue(contact.params, "lr"), undefined);
    assert.equal(paramValue(contact.params, "name"), "value%41");
  },
  escnull({ message }) {
    const users = contactList(message).map(({ uri }) => uriOf(uri).user);
    assert.deepEqual(users, ["\0", "\0\0"]);
    assert.equal(uriOf(to(message).uri).user, "null-\0-null");
  },
  esc02({ message, request }) {
    assert.notEqual(request.method, "REGISTER");
    assert.equal(cseq(message).method, request.method);
    assert.equal(contactList(message).length, 2);
    assert.equal(to(message).display, "%Z%45");
  },
  lwsdisp({ message }) {
    assert.equal(from(message).display, "caller");
    assert.equal(from(message).uri, "sip:caller@example.com");
  },
  longreq({ message, octets }) {
    assert.equal(vias(message)?.length, 34);
    assert.ok(octets.includes(paramValue(from(message).params, "tag") ?? "-"));
    assert.ok((paramValue(from(message).params, "tag") ?? "").length > 100);
    assert.match(to(message).display ?? "", /^I have a user name of (?:extreme){10} proportion$/);
    // Nothing was cut: what we write has every value that we read.
    const again = parsed(parse(serialize(message), "datagram"));
    assert.deepEqual(again.headers, message.headers);
  },
  dblreq({ message, request }) {
    assert.equal(request.method, "REGISTER");
    assert.equal(request.body.length, 0);
    assert.equal(headerValues(message, "Via").length, 1);
  },
  semiuri({ request }) {
    assert.equal(uriOf(request.uri).user, "user;par=u@example.net");
    assert.deepEqual(uriOf(request.uri).params, []);
  },
  transports({ message }) {
    assert.deepEqual(
      vias(message)?.map(({ transport }) => transport),
      ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"],
    );
  },
  mpart01({ message, octets }) {
    const type = contentType(message);
    assert.equal(`${type?.type}/${type?.subtype}`, "multipart/mixed");
    assert.equal(paramValue(type?.params ?? [], "boundary"), "7a9cbec02ceef655");
    assert.equal(message.body.length, 553);
    // Binary octets stay what they were.
    assert.ok(octets.subarray(octets.length - 553).equals(message.body));
  },
  unreason({ message }) {
    assert.ok(message.type === "response");
    assert.equal(message.reason, "= 2**3 * 5**2 но сто девяносто девять - простое");
  },
  noreason({ message }) {
    assert.ok(message.type === "response" && message.status === 100);
    assert.equal(message.reason, "");
  },
  badinv01({ message }) {
    assert.equal(vias(message), undefined);
    assert.equal(contacts(message), undefined);
  },
  clerr: refusedByParser,
  ncl(subject) {
    refusedByParser(subject);
    // Never used as a count: no octet of the body was taken.
    assert.equal(subject.message.body.length, 0);
  },
  scalar02: rejected(/CSeq/),
  scalarlg: dropped,
  quotbal: rejected(/To/),
  ltgtruri: rejected(/Request-URI/),
  lwsruri: refusedByParser,
  lwsstart: refusedByParser,
  trws: refusedByParser,
  escruri({ request, ...subject }) {
    rejected(/Request-URI/)({ request, ...subject });
    assert.deepEqual(uriOf(request.uri).headers, [{ name: "Route", value: "<sip:example.com>" }]);
    const ours = makeRequest({
      method: "BYE",
      uri: request.uri,
      from: from(request),
      to: to(request),
      callId: "x",
      cseq: 1,
    });
    assert.deepEqual(headerValues(ours, "Route"), []);
  },
  baddate({ message }) {
    assert.equal(date(message), undefined);
    assert.notEqual(headerValue(message, "Date"), undefined);
  },
  regbadct: rejected(/Contact/),
  badaspec: rejected(/To/),
  baddn(subject) {
    refusedByParser(subject);
    // With the final empty line that the archive's file lacks, the comma alone must be enough.
    const mended = parse(Buffer.concat([subject.octets, Buffer.from("\r\n")]), "datagram");
    const verdict = validate(parsed(mended), provenAbilities);
    assert.ok(verdict.type === "reject" && verdict.status === 400 && /From|To/.test(verdict.reason));
  },
  badvers: refusedByParser,
  mismatch01({ message, request }) {
    assert.notEqual(cseq(message).method, request.method);
  },
  mismatch02({ message, request }) {
    assert.notEqual(cseq(message).method, request.method);
  },
  bigcode: dropped,
  badbranch({ message }) {
    assert.equal(paramValue(vias(message)?.[0]?.params ?? [], "branch"), "z9hG4bK");
  },
  insuf({ message }) {
    for (const name of ["Call-ID", "From", "To"]) assert.equal(headerValue(message, name), undefined);
  },
  unkscm({ request }) {
    assert.equal(parseUri(request.uri)?.type, "other");
  },
  novelsc({ request }) {
    const uri = parseUri(request.uri);
    assert.ok(uri?.type === "other" && uri.scheme === "soap.beep");
  },
  unksm2({ message }) {
    const uri = parseUri(to(message).uri);
    assert.ok(uri?.type === "other" && uri.scheme === "isbn");
  },
  bext01({ message, verdict }) {
    const wanted = ["nothingSupportsThis", "nothingSupportsThisEither"];
    assert.deepEqual(tokens(message, "Require"), wanted);
    assert.ok(verdict?.type === "reject");
    assert.deepEqual(verdict.headers, [{ name: "Unsupported", value: wanted.join(", ") }]);
  },
  invut({ message, verdict }) {
    assert.equal(contentType(message)?.subtype, "unknownformat");
    assert.ok(verdict?.type === "reject" && verdict.headers.some(({ name }) => name === "Accept"));
  },
  regaut01({ message }) {
    assert.equal(headerValue(message, "Authorization"), "NoOneKnowsThisScheme opaque-data=here");
  },
  multi01({ message }) {
    for (const name of ["Call-ID", "To", "From", "Max-Forwards", "CSeq"]) {
      assert.equal(headerValues(message, name).length, 2, name);
    }
  },
  mcl01: refusedByParser,
  bcast(subject) {
    dropped(subject);
    assert.equal(vias(subject.message)?.[1]?.host, "255.255.255.255");
    assert.equal(isUnicast("255.255.255.255"), false);
  },
  zeromf({ message }) {
    assert.equal(maxForwards(message), 0);
  },
  cparam01({ message }) {
    assert.notEqual(paramValue(firstContact(message).params, "unknownparam"), undefined);
    assert.deepEqual(uriOf(firstContact(message).uri).params, []);
  },
  cparam02({ message }) {
    assert.deepEqual(firstContact(message).params, []);
    assert.notEqual(paramValue(uriOf(firstContact(message).uri).params, "unknownparam"), undefined);
  },
  regescrt({ message }) {
    assert.deepEqual(uriOf(firstContact(message).uri).headers, [
      { name: "Route", value: "<sip:sip.example.com>" },
    ]);
    assert.deepEqual(routes(message), []);
  },
  sdp01({ message }) {
    assert.equal(headerValue(message, "Accept"), "text/nobodyKnowsThis");
  },
  inv2543({ message, request }) {
    assert.equal(paramValue(vias(message)?.[0]?.params ?? [], "branch"), undefined);
    assert.equal(paramValue(from(message).params, "tag"), undefined);
    for (const name of ["Content-Length", "Max-Forwards"])
      assert.equal(headerValue(message, name), undefined);
    assert.match(Buffer.from(request.body).toString(), /^v=0\r\n[^]*RTP\/AVP 0\r\n/);
  },
};

/** A message of the corpus as we read it. */
export interface Subject {
  readonly octets: Buffer;
  readonly result: ParseResult;
  /** What was read, also of a message that was refused; an empty response where nothing was. */
  readonly message: SipMessage;
  /** The same when it is a request; an empty one when not. */
  readonly request: SipRequest;
  readonly verdict: Verdict | undefined;
}

export const provenAbilities: Abilities = {
  methods: ["INVITE", "ACK", "CANCEL", "BYE", "OPTIONS"],
  extensions: [],
  contentTypes: ["application/sdp"],
  answerType: "application/sdp",
};

/** Reads the octets as they come in one datagram. */
export function readSubject(octets: Buffer): Subject {
  const result = parse(octets, "datagram");
  const body = new Uint8Array(0);
  const nothing: SipMessage = { type: "response", status: 100, reason: "", headers: [], body };
  const noRequest: SipRequest = { type: "request", method: "", uri: "", headers: [], body };
  const message =
    result.type === "message" ? result.message : result.type === "refuse" ? result.request : nothing;
  const request = message.type === "request" ? message : noRequest;
  const verdict = result.type === "message" ? validate(message, provenAbilities) : undefined;
  return { octets, result, message, request, verdict };
}

function refusedByParser({ result }: Subject): void {
  assert.equal(result.type, "refuse");
}

function rejected(reason: RegExp): (subject: Subject) => void {
  return ({ verdict }) => {
    assert.ok(verdict?.type === "reject");
    assert.match(verdict.reason, reason);
  };
}

function dropped({ result, verdict }: Subject): void {
  assert.ok(result.type === "drop" || verdict?.type === "drop");
}

function parsed(result: ParseResult): SipMessage {
  assert.ok(result.type === "message");
  return result.message;
}

function contactList(message: SipMessage) {
  const list = contacts(message);
  assert.ok(list !== undefined && list !== "*");
  return list;
}

function firstContact(message: SipMessage) {
  const [first] = contactList(message);
  assert.ok(first !== undefined);
  return first;
}

function uriOf(text: string | undefined): SipUri {
  const uri = parseUri(text ?? "");
  assert.ok(uri?.type === "sip");
  return uri;
}
