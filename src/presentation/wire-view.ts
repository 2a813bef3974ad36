import type { Clock } from "#base/clock.ts";
import type { Noted } from "#call-manager/call-manager.ts";
import type { InteractionContext } from "#contract/interaction-context.ts";
import type { Command, SipMessageSeen, TelecomEvent } from "#contract/telecom.ts";
import type { FastifyInstance } from "fastify";
import type { ServerResponse } from "node:http";
import { problem } from "./problem.ts";

/** Where the wire view looks beyond our own pages: `main.ts` joins the call manager and the unit to it. */
export interface WireSource {
  /** Returns the end of it. */
  watch(watcher: (sight: WireSight) => void): () => void;
  /** Rows of the journals from that moment on, oldest first, at most 500. */
  rowsSince(atMs: number): Promise<readonly Noted["row"][]>;
}

export type WireSight =
  | Noted
  | { readonly said: Command }
  | { readonly heard: TelecomEvent }
  | { readonly message: SipMessageSeen };

/** What browsers ask of us, and are answered. */
export type WebSight =
  /** 201-202. The context as it counts: what no token vouches for is in its unverified part. */
  | { readonly type: "click"; readonly context: InteractionContext; readonly token: string }
  /** `path` without its query: tokens and numbers stand there. */
  | { readonly type: "request"; readonly method: string; readonly path: string; readonly status: number };

/** As docs/wire.md tells them. */
type WireEntry =
  | (WebSight & { readonly atMs: number })
  | (Noted["row"] & { readonly type: "step" })
  | { readonly type: "page"; readonly atMs: number; readonly call: string; readonly page: object }
  | { readonly type: "command"; readonly atMs: number; readonly command: object }
  | { readonly type: "event"; readonly atMs: number; readonly event: object }
  | ({ readonly type: "sip" } & Omit<SipMessageSeen, "type">);

const mostViewers = 4;
const heartbeatMs = 15_000;
const mostUnreadOctets = 4 * 2 ** 20;

/** Shows all that happens from now on to those who look; costs nothing while nobody does. */
export class WireView {
  readonly #source: WireSource;
  readonly #clock: Clock;
  readonly #viewers = new Set<ServerResponse>();

  constructor(source: WireSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  get isWatched(): boolean {
    return this.#viewers.size > 0;
  }

  get isFull(): boolean {
    return this.#viewers.size >= mostViewers;
  }

  show(sight: WebSight): void {
    if (this.#viewers.size === 0) return;
    const entry = { ...sight, atMs: this.#clock.now() };
    for (const viewer of this.#viewers) write(viewer, entry);
  }

  /**
   * Takes over a request as a stream of Server-Sent Events until its sender goes away; one that does not read is cut. First come
   * the steps since a moment, if there is one: some of them may come twice, for it looks on before it looks back.
   */
  async open(viewer: ServerResponse, sinceMs: number | undefined): Promise<void> {
    this.#viewers.add(viewer);
    viewer.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    viewer.write("retry: 1000\n\n");
    const stop = this.#source.watch((sight) => {
      for (const entry of entriesOf(sight, this.#clock.now())) write(viewer, entry);
    });
    let stopHeartbeat = this.#beat(viewer, (next) => {
      stopHeartbeat = next;
    });
    viewer.once("close", () => {
      stop();
      stopHeartbeat();
      this.#viewers.delete(viewer);
    });
    if (sinceMs === undefined) return;
    for (const row of await this.#source.rowsSince(sinceMs)) write(viewer, { type: "step", ...row });
  }

  close(): void {
    for (const viewer of this.#viewers) viewer.end();
  }

  #beat(viewer: ServerResponse, armed: (cancel: () => void) => void): () => void {
    return this.#clock.at(this.#clock.now() + heartbeatMs, () => {
      viewer.write(": still here\n\n");
      armed(this.#beat(viewer, armed));
    });
  }
}

/**
 * `GET /api/wire`, for the operator who wants to see how a call goes: clicks with their context, the steps with their facts,
 * pages, commands to the unit and its events, SIP messages. Whispers and numbers are in it: it stands behind the operator's
 * token like all of this API.
 */
export function wireRoute(app: FastifyInstance, view: WireView): void {
  app.addHook("preClose", async () => view.close());
  app.get<{ Querystring: { since?: string } }>(
    "/api/wire",
    { exposeHeadRoute: false },
    async (request, reply) => {
      const { since } = request.query;
      if (since !== undefined && !/^[0-9]{1,15}$/.test(since))
        return await problem(reply, 400, "`since` is no moment in ms.");
      if (view.isFull) {
        reply.header("retry-after", "10");
        return await problem(reply, 503, `Others look at the wire already: ${mostViewers} at most.`);
      }
      reply.hijack();
      await view.open(reply.raw, since === undefined ? undefined : Number(since));
    },
  );
}

function write(viewer: ServerResponse, entry: WireEntry): void {
  if (viewer.writableEnded || viewer.destroyed) return;
  viewer.write(`event: ${entry.type}\ndata: ${JSON.stringify(entry)}\n\n`);
  if (viewer.writableLength > mostUnreadOctets) viewer.destroy();
}

function entriesOf(sight: WireSight, nowMs: number): readonly WireEntry[] {
  if ("row" in sight) {
    const { row, pages } = sight;
    const shown = pages.map((page) => ({ type: "page", atMs: row.atMs, call: row.call, page }) as const);
    return [{ type: "step", ...row }, ...shown];
  }
  if ("said" in sight) return [{ type: "command", atMs: nowMs, command: withoutLogins(sight.said) }];
  if ("message" in sight) return [{ ...sight.message, type: "sip" }];
  const { heard } = sight;
  // What stands already is not what happens.
  return heard.type === "snapshot" ? [] : [{ type: "event", atMs: nowMs, event: heard }];
}

function withoutLogins(command: Command): object {
  if (command.type === "admit-phones")
    return { ...command, phones: command.phones.map(({ phone }) => ({ phone })) };
  if (command.type !== "dial") return command;
  if (command.target.type === "phone") {
    const { guest, ...target } = command.target;
    return { ...command, target: guest === undefined ? target : { ...target, guest: {} } };
  }
  const { credentials: _, ...target } = command.target;
  return { ...command, target };
}
