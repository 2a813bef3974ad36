import { lookup, Resolver as DnsResolver } from "node:dns/promises";
import { isIP, isIPv6 } from "node:net";
import type { Random } from "#base/random.ts";
import type { Flow, TransportName } from "./message/message.ts";
import { usualPort } from "./transport/transports.ts";

/** Where a request can be sent: an address, not a name. */
export interface SipTarget {
  readonly transport: TransportName;
  readonly address: string;
  readonly port: number;
  /** Over TLS to a trunk, and always there: the name that the far end must prove (RFC 5922 7). */
  readonly serverName?: string;
  /** Set for a registered phone: all that is asked of it goes down this flow, and nowhere else. */
  readonly flow?: Flow;
}

/** RFC 5626 5.3: the one way to a phone that registered over this flow. */
export function targetOver(flow: Flow): SipTarget {
  return { transport: flow.transport, address: flow.remoteAddress, port: flow.remotePort, flow };
}

/** How a call's trunk is reached: what its far end names without a transport, or by its address alone, is reached so too. */
export type UsualWay = Pick<SipTarget, "transport" | "serverName">;

/** What of the DNS RFC 3263 needs. Both answer an empty list for a name that has none of it, and for a DNS that fails. */
export interface Resolver {
  srv(name: string): Promise<readonly SrvRecord[]>;
  addresses(name: string): Promise<readonly string[]>;
}

export interface SrvRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

export interface NextHop {
  /** A name, an IPv4 address, or an IPv6 address with or without its brackets. */
  readonly host: string;
  readonly port?: number;
  readonly transport: TransportName;
  /** Over TLS: the name to prove where `host` is an address; else the address has to be proven. */
  readonly serverName?: string | undefined;
}

// A leg's ring time is over before ten silent targets are.
const mostTargets = 10;

/**
 * RFC 3263 4.2, the transport being the trunk's: the targets in the order to try. Empty when the name leads nowhere.
 * `families` are the address families that we are bound to.
 */
export async function locate(
  hop: NextHop,
  means: { readonly resolver: Resolver; readonly random: Random; readonly families: readonly (4 | 6)[] },
): Promise<readonly SipTarget[]> {
  const { transport } = hop;
  const host = hop.host.replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) !== 0) {
    const target = { transport, address: host, port: hop.port ?? usualPort[transport] };
    return [{ ...target, ...toProve(hop.serverName ?? host) }];
  }
  // RFC 3263 4.2: a port that is named forbids SRV.
  if (hop.port !== undefined) return named({ name: host, port: hop.port });
  const service = transport === "tls" ? "_sips._tcp" : `_sip._${transport}`;
  const records = await means.resolver.srv(`${service}.${host}`);
  // RFC 2782: the root as target means that the service is decidedly not there.
  if (records.length === 1 && records[0]?.name === ".") return [];
  if (records.length === 0) return named({ name: host, port: usualPort[transport] });
  const found: SipTarget[] = [];
  for (const record of inTurn(records, means.random)) {
    found.push(...(await named(record)));
    if (found.length >= mostTargets) break;
  }
  return found.slice(0, mostTargets);

  async function named(record: { readonly name: string; readonly port: number }): Promise<SipTarget[]> {
    const addresses = await means.resolver.addresses(record.name);
    return (
      addresses
        .filter((address) => means.families.includes(isIPv6(address) ? 6 : 4))
        .slice(0, mostTargets)
        // RFC 5922 4: it is the trunk's own name that must be proven, wherever the DNS leads.
        .map((address) => ({ transport, address, port: record.port, ...toProve(host) }))
    );
  }

  function toProve(serverName: string): Pick<SipTarget, "serverName"> {
    return transport === "tls" ? { serverName } : {};
  }
}

/** RFC 2782: by priority, and among equals drawn by weight. */
function inTurn(records: readonly SrvRecord[], random: Random): SrvRecord[] {
  const left = [...records].sort((one, other) => one.priority - other.priority || one.weight - other.weight);
  const turn: SrvRecord[] = [];
  while (left[0] !== undefined) {
    const { priority } = left[0];
    const equals = left.filter((record) => record.priority === priority);
    const total = equals.reduce((sum, record) => sum + record.weight, 0);
    let drawn = random.integer(total + 1);
    const chosen = equals.find((record) => {
      drawn -= record.weight;
      return drawn <= 0;
    });
    const next = chosen ?? left[0];
    turn.push(next);
    left.splice(left.indexOf(next), 1);
  }
  return turn;
}

/**
 * RFC 3263 4.3: a target that was silent or said 503 is left aside for a time, unless there is no other. Silence costs the call
 * that meets it seconds, so it is met again after minutes; an answer that comes sooner lifts the ban.
 */
export class Quarantine {
  static readonly #restMs = 300_000;
  static readonly #mostHeld = 1_000;
  readonly #until = new Map<string, number>();

  ban(target: SipTarget, nowMs: number, restMs = Quarantine.#restMs): void {
    this.#until.delete(spelled(target));
    this.#until.set(spelled(target), nowMs + restMs);
    const [oldest] = this.#until.keys();
    if (this.#until.size > Quarantine.#mostHeld && oldest !== undefined) this.#until.delete(oldest);
  }

  /** An answer came: the target lives. */
  lift(target: SipTarget): void {
    this.#until.delete(spelled(target));
  }

  /** The banned ones last: when all are banned, the first is still worth a try. */
  sorted(targets: readonly SipTarget[], nowMs: number): readonly SipTarget[] {
    const banned = (target: SipTarget): boolean => (this.#until.get(spelled(target)) ?? 0) > nowMs;
    return [...targets.filter((target) => !banned(target)), ...targets.filter(banned)];
  }
}

export function sameTarget(target: SipTarget, other: SipTarget): boolean {
  return spelled(target) === spelled(other);
}

function spelled({ transport, address, port, serverName }: SipTarget): string {
  return [transport, address, port, serverName?.toLowerCase() ?? ""].join(" ");
}

/**
 * The machine's own DNS. A wait for SRV is bounded to 4 s; addresses take as long as the machine's resolver is set to try. A
 * trunk whose names do not resolve is unreachable, and a leg's ring moment ends the wait in any case.
 */
export function systemResolver(): Resolver {
  const dns = new DnsResolver({ timeout: 2_000, tries: 2 });
  return {
    // A name without records and a DNS that fails lead to the same: other records, or no target.
    srv: (name) => dns.resolveSrv(name).catch(() => []),
    // By the machine's resolver, which knows its hosts file.
    addresses: (name) =>
      lookup(name, { all: true })
        .then((found) => found.map((entry) => entry.address))
        .catch(() => []),
  };
}
