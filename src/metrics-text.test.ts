import assert from "node:assert/strict";
import { test } from "node:test";
import { Counts, Durations, metricsText } from "./metrics-text.ts";

test("families are told with help and type, an empty one not at all", () => {
  const counts = new Counts("outcome");
  for (const outcome of ["completed", "busy", "completed"]) counts.add(outcome);
  const text = metricsText([
    { name: "tandem_calls_total", help: "Calls.", type: "counter", samples: counts.samples() },
    { name: "tandem_none", help: "None.", type: "gauge", samples: [] },
    { name: "tandem_odd", help: "Odd.", type: "gauge", samples: [{ labels: { a: 'x"\\\n' }, value: 1.5 }] },
  ]);
  assert.equal(
    text,
    [
      "# HELP tandem_calls_total Calls.",
      "# TYPE tandem_calls_total counter",
      'tandem_calls_total{outcome="completed"} 2',
      'tandem_calls_total{outcome="busy"} 1',
      "# HELP tandem_odd Odd.",
      "# TYPE tandem_odd gauge",
      'tandem_odd{a="x\\"\\\\\\n"} 1.5',
      "",
    ].join("\n"),
  );
});

test("a histogram's buckets hold all that is below their bound", () => {
  const took = new Durations([0.01, 0.1]);
  for (const seconds of [0.01, 0.05, 3]) took.observe(seconds);
  const text = metricsText([{ name: "t", help: "T.", type: "histogram", samples: took.samples() }]);
  assert.deepEqual(text.split("\n").slice(2), [
    't_bucket{le="0.01"} 1',
    't_bucket{le="0.1"} 2',
    't_bucket{le="+Inf"} 3',
    "t_sum 3.06",
    "t_count 3",
    "",
  ]);
});
