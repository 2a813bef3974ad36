import type { CallId, PageId, RouteId, SubjectId, SubscriberId } from "#base/ids.ts";
import type { CallRecord } from "#call-manager/call-record.ts";
import type { CallOutcome } from "#call-manager/pages.ts";
import Type from "typebox";

/** What the operator's API answers: these shapes validate, serialize and document at once. */

const momentMs = Type.Integer({ description: "ms since 1970" });
const seconds = Type.Integer({ minimum: 0 });

export const callRecordShape = Type.Object({
  call: Type.Unsafe<CallId>(Type.String()),
  reference: Type.String({ description: "The six digits that name the call to an agent." }),
  subscriber: Type.Unsafe<SubscriberId>(Type.String()),
  subject: Type.Unsafe<SubjectId>(Type.String()),
  state: Type.Unsafe<CallRecord["state"]>(Type.String({ enum: ["live", "ended"] })),
  step: Type.String(),
  outcome: Type.Optional(Type.Unsafe<CallOutcome>(Type.String())),
  beganAtMs: momentMs,
  endedAtMs: Type.Optional(momentMs),
  visitorNumber: Type.String(),
  legOrder: Type.Unsafe<CallRecord["legOrder"]>(
    Type.String({ enum: ["user-first", "center-first", "both-at-once"] }),
  ),
  confirms: Type.Boolean({ description: "Whether the visitor was asked to agree on the telephone." }),
  routesTried: Type.Unsafe<CallRecord["routesTried"]>(
    Type.Array(
      Type.Object({
        route: Type.Unsafe<RouteId>(Type.String()),
        number: Type.String(),
        dnis: Type.String(),
        result: Type.String(),
      }),
    ),
  ),
  userLegSeconds: seconds,
  centerLegSeconds: seconds,
  bridgedSeconds: seconds,
  pagesPushed: Type.Unsafe<CallRecord["pagesPushed"]>(
    Type.Array(
      Type.Object({
        page: Type.Unsafe<PageId>(Type.String()),
        digits: Type.String(),
        atMs: momentMs,
        result: Type.Optional(
          Type.String({
            enum: ["awaited", "shown", "not-shown"],
            description:
              "Whether the visitor's browser showed it within five seconds; `awaited` until that is known.",
          }),
        ),
        resultAtMs: Type.Optional(momentMs),
      }),
    ),
  ),
  steps: Type.Unsafe<CallRecord["steps"]>(
    Type.Array(
      Type.Object({
        step: Type.String(),
        beganAtMs: momentMs,
        endedAtMs: Type.Optional(momentMs),
        result: Type.Optional(Type.String()),
      }),
    ),
  ),
});

/** RFC 9457. */
export const problemShape = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
});
