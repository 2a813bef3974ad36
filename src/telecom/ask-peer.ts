import { isIPv6 } from "node:net";
import type { Clock } from "#base/clock.ts";
import { readable } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import { locate, type NextHop, type Resolver, type SipTarget, systemResolver } from "./sip/locate.ts";
import { makeRequest } from "./sip/message/build.ts";
import { openTransactionLayer, type TransactionLayer } from "./sip/transaction/transaction-layer.ts";
import type { TlsOptions } from "./sip/transport/doors.ts";

/** What a SIP peer says when it is asked whether it lives. Any status is a sign of life, a challenge too. */
export interface PeerAnswer {
  readonly address: string;
  readonly port: number;
  /** Undefined when nothing has come. */
  readonly status: number | undefined;
  readonly reason: string;
  readonly tookMs: number;
}

/**
 * RFC 3261 11: asks each address of a peer (RFC 3263; four at most) by OPTIONS, over its transport and from a free port. Empty
 * when its name leads nowhere. Never throws for what a peer does, and never takes longer than `waitMs` and the look-up.
 */
export async function askPeer(
  hop: NextHop & { readonly domain?: string },
  means: {
    readonly address: string;
    readonly advertisedAddress?: string | undefined;
    /** What a connection over TLS is proven with; no port is listened on. */
    readonly tls?: Omit<TlsOptions, "port">;
    readonly waitMs: number;
    readonly clock: Clock;
    readonly random: Random;
    readonly resolver?: Resolver;
  },
): Promise<readonly PeerAnswer[]> {
  const { address, advertisedAddress, tls, clock, random, resolver = systemResolver() } = means;
  const targets = await locate(hop, { resolver, random, families: [isIPv6(address) ? 6 : 4] });
  if (targets.length === 0) return [];
  const layer = await openTransactionLayer({
    listen: {
      address,
      port: 0,
      ...(advertisedAddress === undefined ? {} : { advertisedAddress }),
      ...(tls === undefined ? {} : { tls }),
    },
    clock,
    random,
    log: silentLog,
    abilities: { methods: [], extensions: [], contentTypes: [], answerType: "application/sdp" },
    onRequest: () => {},
    answerAtOnce: () => ({ status: 405 }),
  });
  try {
    const asked = targets.slice(0, mostTargets);
    return await Promise.all(
      asked.map((target) => ask({ layer, target, host: hop.domain ?? hop.host, ...means })),
    );
  } finally {
    await layer.close();
  }
}

const mostTargets = 4;

function ask(wish: {
  readonly layer: TransactionLayer;
  readonly target: SipTarget;
  readonly host: string;
  readonly waitMs: number;
  readonly clock: Clock;
  readonly random: Random;
}): Promise<PeerAnswer> {
  const { layer, target, host, waitMs, clock, random } = wish;
  const beganAtMs = clock.now();
  const { port, address } = target;
  const us = layer.sentBy.host.includes(":") ? `[${layer.sentBy.host}]` : layer.sentBy.host;
  const uri = `sip:${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}`;
  const request = makeRequest({
    method: "OPTIONS",
    uri,
    from: {
      display: undefined,
      uri: `sip:tandem@${us}`,
      params: [{ name: "tag", value: readable(random, 16) }],
    },
    to: { display: undefined, uri, params: [] },
    callId: readable(random, 24),
    cseq: 1,
    contact: `sip:tandem@${us}:${layer.sentBy.port}`,
    headers: [{ name: "Accept", value: "application/sdp" }],
  });
  return new Promise((resolve) => {
    const end = (status: number | undefined, reason: string): void => {
      cancel();
      resolve({ address, port, status, reason, tookMs: clock.now() - beganAtMs });
    };
    const cancel = clock.at(beganAtMs + waitMs, () => end(undefined, "says nothing"));
    layer.request(request, layer.flowTo(target), {
      onResponse: ({ status, reason }) => (status < 200 ? undefined : end(status, reason)),
      onFailure: (status) => end(undefined, status === 408 ? "says nothing" : "cannot be reached"),
    });
  });
}
