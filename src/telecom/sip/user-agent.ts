import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import { isIPv6 } from "node:net";
import {
  bodyTypes,
  type CallEvent,
  type CallInput,
  type CallWish,
  methods,
  supportedOptions,
} from "./dialog/call-state.ts";
import { ForkedCall } from "./forked-call.ts";
import { forkName, KeptCalls } from "./kept-calls.ts";
import {
  locate,
  type NextHop,
  Quarantine,
  type Resolver,
  type SipTarget,
  systemResolver,
  type UsualWay,
} from "./locate.ts";
import type { Journal } from "../journal/journal.ts";
import { memoryJournal } from "../journal/memory-journal.ts";
import type { CallStanding, ForkStanding, Told } from "./call-standing.ts";
import { paramValue } from "./message/grammar.ts";
import { callId, to, topVia } from "./message/headers.ts";
import type { Flow, SipRequest, TransportName } from "./message/message.ts";
import { parseUri } from "./message/uri.ts";
import { type CallParts, RunningCall } from "./placed-call.ts";
import type { PhoneHash } from "./registrar/login-check.ts";
import { FlowWatch } from "./flow-watch.ts";
import { Registrar } from "./registrar/registrar.ts";
import { answerToStray } from "./stray.ts";
import type { Timing } from "./transaction/timing.ts";
import type { TlsOptions } from "./transport/doors.ts";
import type { SentBy, WireMessage } from "./transport/transport.ts";
import { isDialled } from "./transport/transports.ts";
import type { WebSocketOptions } from "./transport/web-socket.ts";
import type { ClientHandlers } from "./transaction/client-transaction.ts";
import {
  type FlowChoice,
  type LayerOptions,
  openTransactionLayer,
  type TransactionLayer,
} from "./transaction/transaction-layer.ts";

/** RFC 3261 6: the user agent. It places calls, keeps each one's dialogs going until they are over, and knows where phones are. */
export interface UserAgent {
  /** What our Contact says over UDP and TCP, and over any transport. */
  readonly address: SentBy;
  addressOver(transport: TransportName): SentBy;
  /** RFC 3263: a trunk's addresses in the order to try, those that died lately last. */
  locate(hop: NextHop): Promise<readonly SipTarget[]>;
  /** Sends the INVITE. `heard` is told what becomes of it, with the address that the message behind it came from. */
  place(wish: CallWish, heard: CallListener): PlacedCall;
  /** One call that rings at several places at once: who answers first has it, the others fall silent. One wish at least. */
  placeForked(wishes: readonly CallWish[], heard: CallListener): PlacedCall;
  /**
   * Goes on with a call that another process placed, by its name; undefined when there is none. `told` is what its listener heard
   * last, or should have.
   */
  takeUp(
    name: string,
    heard: CallListener,
  ): { readonly call: PlacedCall; readonly told: Told | undefined } | undefined;
  /** What was placed before and nobody takes up is ended where it may still ring, and waits for its echo. */
  leaveTheRest(): void;
  /** Phones that register here, and where they are. */
  readonly phones: Pick<
    Registrar,
    "admit" | "places" | "placesSoon" | "admitGuest" | "dismissGuest" | "watch" | "registered"
  >;
  /** Calls `ended` once, when the connection to a peer has ended; never for datagrams. Returns the end of the watch. */
  watchFlow(flow: Flow, ended: () => void): () => void;
  /** Calls that are not forgotten yet, and transactions: for tests that look for leftovers. */
  stats(): { readonly calls: number; readonly clients: number; readonly servers: number };
  /** Since the start: requests that belonged to no call of ours, and REGISTERs that were refused. */
  refusals(): { readonly strays: number; readonly registers: number };
  /** Waits at most two seconds for what was said last to be answered, then closes the sockets. */
  close(): Promise<void>;
}

/** `branch` is the place of the wish behind it among those that were placed. */
export type CallListener = (event: CallEvent, from: string | undefined, branch: number) => void;

export interface PlacedCall {
  say(input: WordToCall): void;
}

/** What a call is taken up by, known before it is placed. */
export function callName(wishes: readonly CallWish[]): string {
  const [first] = wishes;
  const own = first === undefined ? "" : nameOf(first);
  return wishes.length > 1 ? forkName(own) : own;
}

export type WordToCall = Extract<
  CallInput,
  { type: "hang-up" | "offer-answered" | "offer-refused" | "offer-made" }
>;

export interface UserAgentOptions {
  readonly address: string;
  readonly port: number;
  readonly advertisedAddress?: string;
  /** Every SIP message as it goes: for whoever looks on. Must not throw. */
  readonly onWire?: (message: WireMessage) => void;
  readonly tls?: TlsOptions;
  readonly webSocket?: WebSocketOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly resolver?: Resolver;
  /** Where calls are written down before anything of them leaves. */
  readonly journal?: Journal;
  readonly timing?: Timing;
  /** The simulator's network in place of sockets. */
  readonly openTransport?: LayerOptions["openTransport"];
  /** RFC 8760: what a phone may prove its password by, in the order of offer; SHA-256, then MD5, unless told. */
  readonly phoneHashes?: readonly PhoneHash[];
  /** 2,000 ms unless told. */
  readonly closeWithinMs?: number;
}

export async function openUserAgent(options: UserAgentOptions): Promise<UserAgent> {
  const { clock, random, log } = options;
  const resolver = options.resolver ?? systemResolver();
  const families: readonly (4 | 6)[] = [isIPv6(options.address) ? 6 : 4];
  const quarantine = new Quarantine();
  const calls = new Map<string, RunningCall>();
  const journal = options.journal ?? memoryJournal("");
  const registrar = new Registrar({
    ...{ clock, random, log, journal, hashes: options.phoneHashes ?? ["SHA-256", "MD5"] },
    request: (request, flow, handlers) => void layer.request(request, flow, handlers, "this-flow"),
    hostOver: (transport) => layer.sentByOver(transport).host,
  });
  const flows = new FlowWatch();
  const refused = { strays: 0, registers: 0 };
  let wakeCloser = (): void => {};

  const layer: TransactionLayer = await openTransactionLayer({
    listen: {
      address: options.address,
      port: options.port,
      ...(options.advertisedAddress === undefined ? {} : { advertisedAddress: options.advertisedAddress }),
      ...(options.onWire === undefined ? {} : { onWire: options.onWire }),
      ...(options.tls === undefined ? {} : { tls: options.tls }),
      ...(options.webSocket === undefined ? {} : { webSocket: options.webSocket }),
    },
    clock,
    random,
    log,
    ...(options.timing === undefined ? {} : { timing: options.timing }),
    ...(options.openTransport === undefined ? {} : { openTransport: options.openTransport }),
    abilities: {
      methods: [...methods, "REGISTER"],
      extensions: [...supportedOptions, ...registrarOptions],
      contentTypes: bodyTypes,
      answerType: "application/sdp",
    },
    answerAtOnce(request, flow) {
      if (request.method === "REGISTER") {
        const refusal = registrar.refusal(request, flow);
        if (refusal !== undefined) refused.registers++;
        return refusal;
      }
      if (calls.has(keyOf(request))) return undefined;
      refused.strays++;
      return answerToStray(request);
    },
    onRequest(transaction) {
      if (transaction.request.method === "REGISTER") return registrar.register(transaction);
      calls.get(keyOf(transaction.request))?.requested(transaction);
    },
    beforeSend: () => void journal.settle(),
    onFlowClosed(flow) {
      registrar.flowClosed(flow);
      flows.closed(flow);
    },
  });

  async function located(hop: NextHop): Promise<readonly SipTarget[]> {
    return quarantine.sorted(await locate(hop, { resolver, random, families }), clock.now());
  }

  async function whereIs(text: string, usual: UsualWay): Promise<SipTarget | undefined> {
    const uri = parseUri(text);
    if (uri?.type !== "sip") return undefined;
    const named = paramValue(uri.params, "transport")?.toLowerCase() ?? usual.transport;
    // What began over TLS goes on over it, whatever a Contact says: nothing of it is sent in the clear.
    const isSecure = uri.scheme === "sips" || usual.transport === "tls";
    const transport = isSecure ? "tls" : isDialled(named) ? named : usual.transport;
    const host = paramValue(uri.params, "maddr") ?? uri.host;
    const [target] = await located({
      host,
      transport,
      serverName: usual.serverName,
      ...(uri.port === undefined ? {} : { port: uri.port }),
    });
    return target;
  }

  function wayTo(target: SipTarget): readonly [Flow, FlowChoice] {
    return target.flow === undefined ? [layer.flowTo(target), "by-size"] : [target.flow, "this-flow"];
  }

  function partsFor(key: string, only: SipTarget | undefined, tell: CallParts["tell"]): CallParts {
    return {
      clock,
      random,
      log,
      request({ request, target, flow: before }, begun, on) {
        const [flow, choice] = before === undefined ? wayTo(target) : ([before, "this-flow"] as const);
        const handlers: ClientHandlers = {
          onResponse: (response, cameOver) => {
            on.response(response, cameOver.remoteAddress);
            wakeCloser();
          },
          onFailure: (status) => {
            on.failed(status);
            wakeCloser();
          },
        };
        const client = layer.request(request, flow, handlers, choice, begun);
        return {
          cancel: () => client.cancel(),
          get flow() {
            return client.flow;
          },
          get branch() {
            return paramValue(topVia(client.request).params, "branch") ?? begun.branch;
          },
        };
      },
      makeBranch: () => layer.makeBranch(),
      sendAck: (request, target) => layer.acknowledge(request, ...wayTo(target)),
      whereIs: only === undefined ? whereIs : () => Promise.resolve(only),
      targetIs({ target, alive, restMs }) {
        if (only !== undefined) return;
        if (alive) quarantine.lift(target);
        else quarantine.ban(target, clock.now(), restMs);
      },
      tell,
      noted() {
        const call = calls.get(key);
        if (call !== undefined) journal.keep({ kind: "call", id: key }, () => call.standing);
      },
      forgotten() {
        calls.delete(key);
        journal.drop({ kind: "call", id: key });
      },
    };
  }

  /** Its Contact may name an address behind a NAT: what is said in the dialog takes the way that the INVITE took. */
  function runningCall(key: string, wish: CallWish, heard: CallParts["tell"]): RunningCall {
    const [first] = wish.targets;
    const only = first?.flow === undefined ? undefined : first;
    const call = new RunningCall(partsFor(key, only, heard), first ?? { transport: "udp" });
    calls.set(key, call);
    return call;
  }

  // Before the next packet is read.
  const kept = new KeptCalls({
    log,
    journal,
    resume(name, standing: CallStanding, heard) {
      const call = runningCall(name, standing.call.wish, heard);
      call.resume(standing);
      return call;
    },
  });

  return {
    address: layer.sentBy,
    addressOver: layer.sentByOver,
    locate: located,
    place: (wish, heard) => place(wish, (event, from) => heard(event, from, 0)),
    placeForked(wishes, heard) {
      const [only, ...others] = wishes;
      if (only !== undefined && others.length === 0)
        return place(only, (event, from) => heard(event, from, 0));
      const row = { kind: "call", id: callName(wishes) } as const;
      const noted = (standing: ForkStanding): void => {
        // Nobody goes on with it once it is over: its branches wait for their echoes by themselves.
        if (standing.phase === "over") journal.drop(row);
        else journal.keep(row, () => standing);
      };
      const fork = new ForkedCall({ heard, noted, branches: wishes.map(nameOf) });
      for (const wish of wishes) fork.add((told) => place(wish, told));
      return fork;
    },
    takeUp: (name, heard) => kept.takeUp(name, heard),
    leaveTheRest: () => kept.leaveTheRest(),
    phones: registrar,
    watchFlow: (flow, ended) => flows.watch(flow, ended),
    stats: () => ({ calls: calls.size, clients: layer.stats().clients, servers: layer.stats().servers }),
    refusals: () => ({ ...refused }),
    async close() {
      await quiet();
      registrar.dispose();
      for (const call of calls.values()) call.dispose();
      calls.clear();
      await layer.close();
    },
  };

  function place(wish: CallWish, heard: CallParts["tell"]): PlacedCall {
    const call = runningCall(nameOf(wish), wish, heard);
    call.begin(wish);
    return { say: (input) => call.input(input) };
  }

  /** Resolves when no request of ours waits for its answer, or the patience is over. */
  function quiet(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.at(clock.now() + (options.closeWithinMs ?? 2_000), () => resolve());
      wakeCloser = () => {
        if ([...calls.values()].some((call) => call.isBusy)) return;
        cancel();
        resolve();
      };
      wakeCloser();
    });
  }
}

/** RFC 3327, RFC 5626: what a REGISTER may require. */
const registrarOptions = ["path", "outbound"];

function nameOf(wish: CallWish): string {
  return `${wish.callId} ${paramValue(wish.from.params, "tag") ?? ""}`;
}

/** RFC 3261 12.2.2: our tag stands in To of what the far end sends. */
function keyOf(request: SipRequest): string {
  return `${callId(request)} ${paramValue(to(request).params, "tag") ?? ""}`;
}
