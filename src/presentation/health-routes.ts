import type { FastifyInstance } from "fastify";

/** What `/readyz` tells: words from closed lists, and nothing of anybody's call. */
export interface ReadinessAnswer {
  /** Whether a new visitor can be served. */
  readonly ready: boolean;
  readonly database: "ok" | "failed";
  readonly unit: "ok" | "unreachable";
  /** `kept`: the file has errors, and what was loaded before it had them holds on. `none`: there is no subscriber at all. */
  readonly configuration: "ok" | "kept" | "none" | "unknown";
  /** `stopped`: by the operator's brake, for everybody. That is a wish and no fault: pages are served all the same. */
  readonly calls: "placed" | "stopped" | "unknown";
}

/** The port that `src/readiness.ts` implements. Cheap however often it is asked, and answers within two seconds. */
export type Readiness = () => Promise<ReadinessAnswer>;

/**
 * For whoever starts, watches or balances us, by the names that Kubernetes gave them. `/livez` says that the process answers: who
 * gets no answer starts it anew. `/readyz` says whether it can serve: 503 is no reason to start it anew. While the process ends,
 * every address answers 503.
 */
export function healthRoutes(app: FastifyInstance, readiness: Readiness): void {
  // `/healthz` is what `/livez` was called first.
  for (const path of ["/livez", "/healthz"]) {
    app.get(path, async (_, reply) => await reply.header("cache-control", "no-store").send({ status: "ok" }));
  }
  app.get("/readyz", async (_, reply) => {
    const answer = await readiness();
    reply.header("cache-control", "no-store");
    if (!answer.ready) reply.code(503).header("retry-after", "5");
    return await reply.send(answer);
  });
}
