import type { Clock } from "#base/clock.ts";
import { type PhoneName, readable } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import { RateLimit } from "#base/rate-limit.ts";
import type { PhonesWish, RegisteredPhones } from "#contract/registered-phones.ts";
import type { Command, PhoneDigest } from "#contract/telecom.ts";
import { makeRequest, makeResponse } from "../message/build.ts";
import { to } from "../message/headers.ts";
import type { Flow, SipRequest, TransportName } from "../message/message.ts";
import { parseUri } from "../message/uri.ts";
import type { KeptRows } from "../kept-rows.ts";
import type { ClientHandlers } from "../transaction/client-transaction.ts";
import type { ServerTransaction } from "../transaction/server-transaction.ts";
import { AdmittedPhones, sameDigest } from "./admitted-phones.ts";
import {
  type Binding,
  type Bindings,
  type BindingsEffect,
  type BindingsInput,
  flowKey,
  step,
} from "./bindings.ts";
import { GuestPhones } from "./guest-phones.ts";
import { LoginCheck, type PhoneHash, type Refusal } from "./login-check.ts";
import { isAsked, type ReadinessInput } from "./readiness.ts";
import { ReadinessWatch } from "./readiness-watch.ts";
import { leastAfter, registeredAt } from "./registered-phones.ts";
import { readRegister } from "./register-wish.ts";

/** One place at which a registered phone is to be rung. */
export interface PhonePlace {
  /** Request-URI: the phone's Contact. */
  readonly uri: string;
  /** Route, in the order of travel. */
  readonly routes: readonly string[];
  readonly flow: Flow;
}

export interface RegistrarParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly hashes: readonly PhoneHash[];
  /** Sends a request over this flow and no other. */
  readonly request: (request: SipRequest, flow: Flow, handlers: ClientHandlers) => void;
  /** What our From says over a transport. */
  readonly hostOver: (transport: TransportName) => string;
  /** Where the places of phones over UDP are kept: a connection dies with the process, and its phone registers anew. */
  readonly journal: KeptRows;
}

/** A phone's row in the journal. */
interface PhoneRow {
  readonly bindings: Bindings;
  /** What it had proven. */
  readonly digest: PhoneDigest | undefined;
}

/** Each success keeps a transaction for 32 s: a phone gone wild must not take all of them. */
const registersPerMinute = 60;

/**
 * RFC 3261 10: where the phones are that may be rung here. What a stranger sends is answered without a transaction and leaves nothing
 * behind; only a phone that has proven its password gets as far as its bindings.
 */
export class Registrar {
  readonly #parts: RegistrarParts;
  readonly #admitted = new AdmittedPhones();
  readonly #guests = new GuestPhones();
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #bindings = new Map<string, Bindings>();
  /** The phones that registered over each open connection: its end must not cost a look at all the others. */
  readonly #over = new Map<string, Set<string>>();
  readonly #logins: LoginCheck;
  readonly #registers: RateLimit;
  /** Of phones that registered with another process, until it is known who may. */
  readonly #kept = new Map<string, PhoneDigest | undefined>();
  readonly #readiness: ReadinessWatch;

  constructor(parts: RegistrarParts) {
    this.#parts = parts;
    this.#restore();
    this.#registers = new RateLimit(parts.clock, registersPerMinute);
    this.#readiness = new ReadinessWatch({
      clock: parts.clock,
      log: parts.log,
      ask: (phone, place, heard) => this.#ask(phone, place, heard),
    });
    this.#logins = new LoginCheck({
      clock: parts.clock,
      random: parts.random,
      hashes: parts.hashes,
      digestOf: (name) => this.#admitted.digestOf(name) ?? this.#guests.digestOf(name),
      isAtHome: (name, address) => this.#now(name).some(({ flow }) => flow.remoteAddress === address),
    });
  }

  admit(command: Extract<Command, { type: "admit-phones" }>): void {
    const revoked = this.#admitted.take(command);
    for (const phone of [...revoked, ...this.#keptAndRevoked()]) {
      this.#parts.journal.drop({ kind: "phone", id: phone });
      if (!this.#bindings.delete(phone)) continue;
      this.#readiness.follow(phone, []);
      this.#parts.log.info({ phone }, "A phone may not register any more; it is rung no longer.");
    }
  }

  /** Lets a phone register for as long as a leg wants it. False when that name is somebody else's. */
  admitGuest(phone: PhoneName, digest: PhoneDigest): boolean {
    return this.#admitted.digestOf(phone) === undefined && this.#guests.admit(phone, digest);
  }

  /** A leg wants it no longer; once for each `admitGuest` that was true. */
  dismissGuest(phone: PhoneName): void {
    if (!this.#guests.dismiss(phone) || this.#admitted.digestOf(phone) !== undefined) return;
    this.#bindings.delete(phone);
    this.#readiness.follow(phone, []);
  }

  /**
   * Calls `came` whenever the phone may be rung at a place where it could not: it has registered there, and a page has said that it would
   * ring. Also when a page says that it would not. Returns the end of the watch.
   */
  watch(phone: PhoneName, came: () => void): () => void {
    const watcher = (): void => came();
    this.#watchers.set(phone, (this.#watchers.get(phone) ?? new Set()).add(watcher));
    const endReadinessWatch = this.#readiness.watch(phone, watcher);
    return () => {
      endReadinessWatch();
      const watchers = this.#watchers.get(phone);
      watchers?.delete(watcher);
      if (watchers?.size === 0) this.#watchers.delete(phone);
    };
  }

  /** What a REGISTER is answered at once; undefined for one that is to be taken, by `register`. */
  refusal(request: SipRequest, flow: Flow): Refusal | undefined {
    const judged = this.#judge(request, flow);
    return "status" in judged ? judged : undefined;
  }

  register(transaction: ServerTransaction): void {
    const { request, flow, toTag } = transaction;
    const judged = this.#judge(request, flow);
    const { answer, came } = "status" in judged ? { answer: judged, came: undefined } : this.#take(judged);
    const { status, ...wish } = answer;
    transaction.respond(makeResponse(request, status, { ...wish, toTag }));
    // Now that it knows that it is registered.
    if (came !== undefined && !isAsked(flow.transport))
      for (const watcher of this.#watchers.get(came) ?? []) watcher();
  }

  /** RFC 5626 5.3: nothing reaches a phone over a flow that has ended. */
  flowClosed(flow: Flow): void {
    const phones = this.#over.get(flowKey(flow));
    if (phones === undefined) return;
    this.#over.delete(flowKey(flow));
    for (const phone of phones) this.#step(phone, { type: "flow-closed", flow });
  }

  /**
   * Where the phone is now and would ring, the place that was registered last first. RFC 5626 5.3: each phone once, however many flows
   * it has.
   */
  places(phone: PhoneName): readonly PhonePlace[] {
    const instances = new Set<string>();
    return this.#now(phone)
      .toReversed()
      .filter((binding) => this.#readiness.isReady(phone, binding))
      .filter(({ instance, regId }) => {
        if (instance === undefined || regId === undefined) return true;
        const isFirst = !instances.has(instance);
        instances.add(instance);
        return isFirst;
      })
      .map(({ uri, path, flow }) => ({ uri, routes: path, flow }));
  }

  /**
   * The places; when there are none but a page has registered a moment ago, those that there are when it has answered its first OPTIONS,
   * or has not within four seconds. So a page that was just opened is reached, and a frozen one is never rung.
   */
  async placesSoon(phone: PhoneName): Promise<readonly PhonePlace[]> {
    while (this.places(phone).length === 0 && this.#readiness.isAwaited(phone)) {
      await new Promise<void>((resolve) => {
        const unwatch = this.#readiness.watch(phone, () => {
          unwatch();
          resolve();
        });
      });
    }
    return this.places(phone);
  }

  /** Who is registered now, by name, as many as are wished for from a name on. */
  registered({
    limit,
    after,
  }: Pick<PhonesWish, "limit" | "after">): Pick<RegisteredPhones, "phones" | "next"> {
    const { names, more } = leastAfter(this.#bindings.keys(), after, limit);
    const phones = names.map((name) => ({
      phone: name as PhoneName,
      guest: this.#admitted.digestOf(name) === undefined,
      places: this.#now(name)
        .toReversed()
        .map((binding) => registeredAt(binding, this.#readiness.readinessOf(name, binding))),
    }));
    const last = phones.at(-1);
    return {
      phones: phones.filter(({ places }) => places.length > 0),
      ...(more && last !== undefined ? { next: last.phone } : {}),
    };
  }

  /** Asks no phone any more. */
  dispose(): void {
    this.#bindings.clear();
    this.#readiness.dispose();
  }

  #judge(request: SipRequest, flow: Flow): Refusal | Taken {
    if (!this.#admitted.areKnown) {
      // The web process, which knows the phones, has not come yet: nobody's password is wrong for that.
      return { status: 503, headers: [{ name: "Retry-After", value: "5" }] };
    }
    const login = this.#logins.check(request, flow);
    if (login.type === "unproven") return login.answer;
    const { phone, use } = login;
    // RFC 3261 10.3, 4 and 5: a phone speaks for itself alone. The host is not looked at: we are called by several names.
    const uri = parseUri(to(request).uri);
    if (uri?.type !== "sip" || uri.user !== phone) return { status: 403, reason: "Not Your Address" };
    const wish = readRegister(request, flow);
    if ("status" in wish) return wish;
    const seconds = this.#registers.wait(`phone ${phone}`);
    if (seconds > 0) return { status: 503, headers: [{ name: "Retry-After", value: String(seconds) }] };
    return { phone, use, wish };
  }

  #take({ phone, use, wish }: Taken): { answer: Refusal; came: PhoneName | undefined } {
    this.#logins.spend(use);
    this.#registers.take(`phone ${phone}`);
    this.#noteConnection(wish.flow, phone);
    const effects = this.#step(phone, { type: "register", wish });
    return {
      answer: effects.find((effect) => effect.type === "answer") ?? { status: 500 },
      came: effects.some((effect) => effect.type === "bound") ? phone : undefined,
    };
  }

  /** A flow of datagrams has no end that anybody would tell us. */
  #noteConnection(flow: Flow, phone: PhoneName): void {
    if (flow.transport === "udp") return;
    const phones = this.#over.get(flowKey(flow)) ?? new Set();
    this.#over.set(flowKey(flow), phones.add(phone));
  }

  #now(name: string): Bindings {
    if (!this.#bindings.has(name)) return [];
    this.#step(name, { type: "look" });
    return this.#bindings.get(name) ?? [];
  }

  #restore(): void {
    const { journal, clock } = this.#parts;
    for (const { id, content } of journal.found("phone")) {
      const { bindings, digest } = content as PhoneRow;
      const left = bindings.filter(({ untilMs }) => untilMs > clock.now());
      if (left.length === 0) journal.drop({ kind: "phone", id });
      else {
        this.#bindings.set(id, left);
        this.#kept.set(id, digest);
      }
    }
  }

  /** Once, when the first whole set has come. */
  #keptAndRevoked(): readonly string[] {
    if (!this.#admitted.areKnown) return [];
    const revoked = [...this.#kept].filter(
      ([phone, digest]) => digest === undefined || !sameDigest(digest, this.#admitted.digestOf(phone)),
    );
    this.#kept.clear();
    return revoked.map(([phone]) => phone);
  }

  #note(phone: string, bindings: Bindings): void {
    const { journal } = this.#parts;
    const row = { kind: "phone", id: phone } as const;
    const overUdp = bindings.filter(({ flow }) => flow.transport === "udp");
    if (overUdp.length === 0) return journal.drop(row);
    journal.keep(row, (): PhoneRow => ({ bindings: overUdp, digest: this.#admitted.digestOf(phone) }));
  }

  #step(phone: string, input: BindingsInput): readonly BindingsEffect[] {
    const [after, effects] = step(this.#bindings.get(phone) ?? [], input, this.#parts.clock.now());
    if (after.length === 0) this.#bindings.delete(phone);
    else this.#bindings.set(phone, after);
    if (input.type !== "look" || effects.length > 0) this.#note(phone, after);
    this.#readiness.follow(phone, after);
    for (const effect of effects) {
      if (effect.type === "answer") continue;
      const { transport } = effect.binding.flow;
      const news = effect.type === "bound" ? "A phone registered." : "A phone is registered no longer.";
      this.#parts.log.info({ phone, transport, places: after.length }, news);
    }
    return effects;
  }

  /** RFC 3261 11: would this phone ring at this place? */
  #ask(phone: string, { uri, path, flow }: Binding, heard: (input: ReadinessInput) => void): void {
    const { random, hostOver, request } = this.#parts;
    // One whose registration has run out is asked no more.
    if (!this.#now(phone).some((binding) => binding.uri === uri)) return;
    const host = hostOver(flow.transport);
    const us = host.includes(":") ? `[${host}]` : host;
    const options = makeRequest({
      method: "OPTIONS",
      uri,
      from: {
        display: undefined,
        uri: `sip:tandem@${us}`,
        params: [{ name: "tag", value: readable(random, 16) }],
      },
      to: { display: undefined, uri: `sip:${phone}@${us}`, params: [] },
      callId: readable(random, 24),
      cseq: 1,
      routes: path,
      headers: [{ name: "Accept", value: "application/sdp" }],
    });
    request(options, flow, {
      onResponse: ({ status }) => (status < 200 ? undefined : heard({ type: "answered", status })),
      onFailure: () => heard({ type: "failed" }),
    });
  }
}

interface Taken {
  readonly phone: PhoneName;
  readonly use: Parameters<LoginCheck["spend"]>[0];
  readonly wish: Exclude<ReturnType<typeof readRegister>, Refusal>;
}
