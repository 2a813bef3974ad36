import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { annsNumber, areTalking, tellStory } from "#rig/story.ts";

interface Told {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

test("a call is one trace, whose web process was killed under it: its steps, both legs, the push, and nothing about Ann", {
  timeout: 120_000,
}, async () => {
  const spans: Told[] = [];
  let all = "";
  const collector = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (part: string) => (text += part));
    request.on("end", () => {
      all += text;
      for (const { scopeSpans } of JSON.parse(text).resourceSpans)
        for (const scope of scopeSpans) spans.push(...scope.spans);
      response.end("{}");
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  const address = collector.address();
  const port = typeof address === "object" ? address?.port : undefined;
  let call = "";
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` };
  await tellStory({ environment }, async (story) => {
    const [ann, bob] = [story.caller("Ann"), story.agent("Bob")];
    const secret = { phone: annsNumber, whisperCode: "CODE-A47-QUILL" };
    await ann.clicks("mortgages", { signed: { context: secret } });
    await areTalking(ann, bob);
    await story.platform.killWeb();
    await story.platform.startWeb();
    await bob.presses("12#");
    await ann.sees("30 years fixed: 6.1 %");
    await bob.hangsUp();
    await ann.isHungUp();
    await ann.sees("Goodbye");
    ({ call } = await story.record());
  });
  // The platform has ended, and sent what was left.
  collector.closeAllConnections();
  await new Promise((resolve) => collector.close(resolve));

  const root = spans.find(({ name }) => name === "call");
  assert.ok(root !== undefined && root.parentSpanId === undefined, JSON.stringify(spans));
  const facts = new Map(root.attributes.map(({ key, value }) => [key, value.stringValue]));
  assert.deepEqual([facts.get("tandem.call"), facts.get("tandem.outcome")], [call, "completed"]);
  const names = spans.map(({ name }) => name);
  for (const name of ["leg user", "leg center", "push", "step converse", "step say-goodbye"])
    assert.equal(names.filter((each) => each === name).length, 1, `${name} in ${names.join(", ")}`);
  for (const span of spans) {
    assert.equal(span.traceId, root.traceId);
    assert.ok(BigInt(span.startTimeUnixNano) <= BigInt(span.endTimeUnixNano), span.name);
    if (span !== root) assert.equal(span.parentSpanId, root.spanId, span.name);
  }
  assert.equal(new Set(spans.map(({ spanId }) => spanId)).size, spans.length, "each once");
  assert.ok(!all.includes("0123") && !all.includes("QUILL"), "nothing about Ann");
});
