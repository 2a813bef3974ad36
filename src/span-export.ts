import type { Cancel, Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";

/** One finished piece of work, as OpenTelemetry means it. Ids are hexadecimal: 32 digits a trace, 16 a span (W3C Trace Context 3.2.2). */
export interface Span {
  readonly trace: string;
  readonly span: string;
  readonly parent?: string;
  readonly name: string;
  readonly kind: "internal" | "server" | "client";
  readonly startMs: number;
  readonly endMs: number;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, string | number>>;
}

export interface SpanExport {
  /** Never waits and never throws: a span that finds no room is dropped, and counted. */
  add(span: Span): void;
  figures(): { readonly sent: number; readonly dropped: number; readonly waiting: number };
  /** Sends what waits, once, with two seconds' patience. */
  close(): Promise<void>;
}

const mostWaiting = 4_096;
const mostInOne = 512;
const everyMs = 5_000;
const patienceMs = 10_000;
const lastPatienceMs = 2_000;

/**
 * Sends spans to a collector by OTLP over HTTP, as JSON (https://opentelemetry.io/docs/specs/otlp/#otlphttp), in batches, one at a time.
 * A collector that is away or says "later" keeps its batch waiting; what it will never take is dropped.
 */
export function openSpanExport(options: {
  /** `OTEL_EXPORTER_OTLP_ENDPOINT`: `/v1/traces` is added to it. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly log: Log;
}): SpanExport {
  const { clock, log } = options;
  const url = `${options.endpoint.replace(/\/$/, "")}/v1/traces`;
  let waiting: Span[] = [];
  let sent = 0;
  let dropped = 0;
  let failing = false;
  let closed = false;
  let cancel: Cancel = () => {};
  let sending = Promise.resolve();

  async function send(withinMs: number): Promise<void> {
    const batch = waiting.slice(0, mostInOne);
    if (batch.length === 0) return;
    const fate = await post(batch, withinMs);
    if (fate !== "later") waiting = waiting.slice(batch.length);
    if (fate === "taken") sent += batch.length;
    if (fate === "refused") dropped += batch.length;
    if (failing === (fate === "taken")) log.warn({ fate, dropped }, told[fate]);
    failing = fate !== "taken";
    // A full queue is worked off without a pause.
    if (fate === "taken" && waiting.length >= mostInOne && !closed) await send(withinMs);
  }

  async function post(batch: readonly Span[], withinMs: number): Promise<"taken" | "later" | "refused"> {
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: { ...options.headers, "content-type": "application/json" },
        body: JSON.stringify(exportRequest(batch)),
        redirect: "error",
        signal: AbortSignal.timeout(withinMs),
      });
      await answer.body?.cancel();
      if (answer.ok) return "taken";
      // OTLP, "Failures": these alone are to be tried again.
      return [429, 502, 503, 504].includes(answer.status) ? "later" : "refused";
    } catch {
      return "later"; // Nobody there, or too slow. The log says so once, by the caller.
    }
  }

  function sendLater(): void {
    cancel = clock.at(clock.now() + everyMs, () => {
      sending = send(patienceMs).finally(() => {
        if (!closed) sendLater();
      });
    });
  }
  sendLater();

  return {
    add(span) {
      // The oldest stay: what is under way already may not be taken out.
      if (closed || waiting.length >= mostWaiting) dropped += 1;
      else waiting.push(span);
    },
    figures: () => ({ sent, dropped, waiting: waiting.length }),
    async close() {
      closed = true;
      cancel();
      await sending;
      await send(lastPatienceMs);
      dropped += waiting.length;
      waiting = [];
    },
  };
}

const told = {
  taken: "The collector takes traces again.",
  later:
    "The collector of OTEL_EXPORTER_OTLP_ENDPOINT does not take traces; they wait, and are dropped beyond 4,096.",
  refused: "The collector of OTEL_EXPORTER_OTLP_ENDPOINT refuses our traces; they are dropped.",
} as const;

const kinds = { internal: 1, server: 2, client: 3 } as const;

/** `ExportTraceServiceRequest` of opentelemetry-proto, in its JSON mapping: times are strings, enums numbers, ids hexadecimal. */
function exportRequest(spans: readonly Span[]): object {
  return {
    resourceSpans: [
      {
        resource: { attributes: attributes({ "service.name": "tandem" }) },
        scopeSpans: [{ scope: { name: "tandem" }, spans: spans.map(spanMessage) }],
      },
    ],
  };
}

function spanMessage(span: Span): object {
  return {
    traceId: span.trace,
    spanId: span.span,
    ...(span.parent === undefined ? {} : { parentSpanId: span.parent }),
    name: span.name,
    kind: kinds[span.kind],
    startTimeUnixNano: nanoseconds(span.startMs),
    endTimeUnixNano: nanoseconds(Math.max(span.startMs, span.endMs)),
    attributes: attributes(span.attributes),
    status: span.failed ? { code: 2 } : {},
  };
}

function attributes(values: Span["attributes"]): object[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value },
  }));
}

/** More than a double can hold exactly. */
function nanoseconds(atMs: number): string {
  return `${Math.round(atMs)}000000`;
}
