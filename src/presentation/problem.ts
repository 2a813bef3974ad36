import { STATUS_CODES } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";

/** RFC 9457: what went wrong, for a program. `about:blank` has the status's own phrase as its title (4.2.1). */
export async function problem(reply: FastifyReply, status: number, detail: string): Promise<FastifyReply> {
  return await reply
    .code(status)
    .type("application/problem+json")
    .serializer(JSON.stringify)
    .send({ type: "about:blank", title: STATUS_CODES[status] ?? "", status, detail });
}

/** Below `/api/` programs ask, also for what is not there; and programs ask how we are. */
export function isFromProgram(request: FastifyRequest): boolean {
  return /^\/(?:api|metrics|livez|readyz|healthz)(?=[/?]|$)/.test(request.raw.url ?? "");
}
