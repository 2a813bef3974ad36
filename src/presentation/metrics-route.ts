import type { FastifyInstance } from "fastify";

/** The port that `src/metrics.ts` implements. */
export interface Metrics {
  readonly contentType: string;
  read(): Promise<string>;
}

/** Within the operator's API, for its token: how many calls go on, and how many were refused, is nobody else's business. */
export function metricsRoute(app: FastifyInstance, metrics: Metrics): void {
  app.get("/metrics", async (_request, reply) => {
    const text = await metrics.read();
    return await reply.header("cache-control", "no-store").type(metrics.contentType).send(text);
  });
}
