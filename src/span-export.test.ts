import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test, type TestContext } from "node:test";
import { VirtualClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { openSpanExport, type Span } from "./span-export.ts";

const span: Span = {
  trace: "0af7651916cd43dd8448eb211c80319c",
  span: "b7ad6b7169203331",
  parent: "00f067aa0ba902b7",
  name: "step bridge",
  kind: "internal",
  startMs: 1_700_000_000_000,
  endMs: 1_700_000_000_250,
  failed: false,
  attributes: { "tandem.became": "bridged", "sip.status": 200 },
};

interface Arrival {
  readonly path: string | undefined;
  readonly authorization: string | undefined;
  readonly body: { resourceSpans: { scopeSpans: { spans: { name: string }[] }[] }[] };
}

/** A collector of OTLP over HTTP, and an exporter that sends to it. */
async function scene(t: TestContext, answers: readonly number[] = []) {
  const arrivals: Arrival[] = [];
  const left = [...answers];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (part: string) => (text += part));
    request.on("end", () => {
      const { authorization } = request.headers;
      arrivals.push({ path: request.url, authorization, body: JSON.parse(text) as Arrival["body"] });
      response.writeHead(left.shift() ?? 200).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const clock = new VirtualClock();
  const spans = openSpanExport({
    endpoint: `http://127.0.0.1:${port}/`,
    headers: { authorization: "Bearer t" },
    clock,
    log: silentLog,
  });
  t.after(async () => {
    await spans.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  /** Resolves when the collector has been asked so often in all. */
  const asked = async (times: number): Promise<void> => {
    while (arrivals.length < times) {
      await clock.advance(5_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  /** Resolves when the exporter has heard what becomes of all that it was given. */
  const settled = async (): Promise<void> => {
    while (spans.figures().waiting > 0) await new Promise((resolve) => setImmediate(resolve));
  };
  return { arrivals, spans, asked, settled };
}

test("spans leave together, in the JSON of OTLP", async (t) => {
  const { arrivals, spans, asked, settled } = await scene(t);
  spans.add(span);
  spans.add({ ...span, name: "call", kind: "server", failed: true });
  await asked(1);
  await settled();
  const [{ path, authorization, body } = {}] = arrivals;
  assert.deepEqual([path, authorization], ["/v1/traces", "Bearer t"]);
  const [first, second] = body?.resourceSpans[0]?.scopeSpans[0]?.spans ?? [];
  assert.deepEqual(first, {
    traceId: span.trace,
    spanId: span.span,
    parentSpanId: span.parent,
    name: "step bridge",
    kind: 1,
    startTimeUnixNano: "1700000000000000000",
    endTimeUnixNano: "1700000000250000000",
    attributes: [
      { key: "tandem.became", value: { stringValue: "bridged" } },
      { key: "sip.status", value: { intValue: "200" } },
    ],
    status: {},
  });
  assert.deepEqual(
    { ...second, attributes: [] },
    {
      ...first,
      name: "call",
      kind: 2,
      attributes: [],
      status: { code: 2 },
    },
  );
  assert.deepEqual(spans.figures(), { sent: 2, dropped: 0, waiting: 0 });
});

test("who says later is asked again, who refuses is not; what finds no room is counted", async (t) => {
  const { arrivals, spans, asked, settled } = await scene(t, [503, 400]);
  spans.add({ ...span, name: "kept" });
  await asked(2);
  await settled();
  assert.deepEqual(spans.figures(), { sent: 0, dropped: 1, waiting: 0 });
  const names = arrivals.map(({ body }) => body.resourceSpans[0]?.scopeSpans[0]?.spans[0]?.name);
  assert.deepEqual(names, ["kept", "kept"]);
  for (let at = 0; at < 4_100; at++) spans.add(span);
  assert.deepEqual(spans.figures(), { sent: 0, dropped: 5, waiting: 4_096 });
});

test("a collector that is not there keeps nobody waiting, and its spans are counted as dropped at the end", async () => {
  const clock = new VirtualClock();
  const spans = openSpanExport({ endpoint: "http://127.0.0.1:9", headers: {}, clock, log: silentLog });
  spans.add(span);
  await spans.close();
  spans.add(span);
  assert.deepEqual(spans.figures(), { sent: 0, dropped: 2, waiting: 0 });
});
