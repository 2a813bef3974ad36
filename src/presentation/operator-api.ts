import { createHash, timingSafeEqual } from "node:crypto";
import type { CallManager } from "#call-manager/call-manager.ts";
import { TypeBoxValidatorCompiler, type TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import Type from "typebox";
import { callRecordShape, problemShape } from "./api-shapes.ts";
import { isCallId } from "./call-views.ts";
import { type Metrics, metricsRoute } from "./metrics-route.ts";
import { problem } from "./problem.ts";
import { wireRoute, type WireView } from "./wire-view.ts";

/** The operator's API: call records as JSON and metrics, by bearer token (RFC 6750), errors as problem details (RFC 9457). */
export function operatorApi(
  root: FastifyInstance,
  options: {
    readonly callManager: CallManager;
    readonly operatorToken: string | undefined;
    readonly wire: WireView;
    readonly metrics: Metrics;
  },
): void {
  const { callManager } = options;
  root.register(async (scope) => {
    const app = scope.withTypeProvider<TypeBoxTypeProvider>();
    app.setValidatorCompiler(TypeBoxValidatorCompiler);
    app.setErrorHandler(
      async (error: { validation?: unknown; message: string; statusCode?: number }, _, reply) => {
        if (error.validation !== undefined) return await problem(reply, 400, error.message);
        throw error;
      },
    );

    // Before the route's own validation, so that a stranger learns nothing of what is well-formed.
    app.addHook("onRequest", async (request, reply) => {
      if (!isOperator(request.headers.authorization, options.operatorToken)) {
        reply.header("www-authenticate", 'Bearer realm="tandem"');
        await problem(reply, 401, "A valid operator's token is needed.");
      }
    });

    wireRoute(scope, options.wire);
    metricsRoute(scope, options.metrics);

    app.get(
      "/api/calls",
      {
        schema: {
          tags: ["calls"],
          summary: "Call records, newest first.",
          querystring: Type.Object({
            subscriber: Type.Optional(
              Type.String({ maxLength: 63, description: "Of this subscriber alone." }),
            ),
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
            before: Type.Optional(
              Type.String({
                maxLength: 60,
                description: "Older than this call: the last id of the page before.",
              }),
            ),
          }),
          response: {
            200: Type.Object({ calls: Type.Array(callRecordShape) }),
            400: problemShape,
            401: problemShape,
          },
        },
      },
      async (request, reply) => {
        const { subscriber, before, limit = 50 } = request.query;
        if (before !== undefined && !isCallId(before)) {
          return await problem(reply, 400, "`before` is no call's id.");
        }
        const calls = await callManager.calls({
          limit,
          ...(subscriber === undefined ? {} : { subscriber }),
          ...(before === undefined ? {} : { before }),
        });
        return await reply.send({ calls: [...calls] });
      },
    );

    app.get(
      "/api/calls/:id",
      {
        schema: {
          tags: ["calls"],
          summary: "One call record.",
          params: Type.Object({ id: Type.String({ maxLength: 60 }) }),
          response: { 200: callRecordShape, 401: problemShape, 404: problemShape },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const record = isCallId(id) ? await callManager.call(id) : undefined;
        if (record === undefined) return await problem(reply, 404, "There is no call by this id.");
        return await reply.send(record);
      },
    );
  });
}

/** Hashes first: equal lengths for the comparison, and its time says nothing of where the texts differ. */
function isOperator(authorization: string | undefined, operatorToken: string | undefined): boolean {
  const given = /^Bearer ([\x21-\x7e]{1,300})$/i.exec(authorization ?? "")?.[1] ?? "";
  const equal = timingSafeEqual(sha256(given), sha256(operatorToken ?? ""));
  return equal && operatorToken !== undefined && operatorToken !== "";
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
