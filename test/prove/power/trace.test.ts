import assert from "node:assert/strict";
import { test } from "node:test";
import { touchesIn } from "./trace.ts";

test("a call that another thread's came in between of counts at its end", () => {
  const trace = [
    '7 pwrite64(3</tmp/a.sqlite>, "\\x68\\x69", 2, 32 <unfinished ...>',
    '8 write(1<pipe:[5]>, "\\x6f\\x6b", 2) = 2',
    "7 <... pwrite64 resumed>) = 2",
    "7 fsync(3</tmp/a.sqlite> <unfinished ...>",
    "8 ftruncate(3</tmp/a.sqlite>, 16) = 0",
    "7 <... fsync resumed>)              = 0",
    "7 +++ exited with 0 +++",
  ].join("\n");
  assert.deepEqual(touchesIn(trace, ["a.sqlite"]), [
    { type: "said", text: "ok" },
    { type: "write", file: "a.sqlite", offset: 32, data: Buffer.from("hi") },
    { type: "truncate", file: "a.sqlite", length: 16 },
    { type: "flush", file: "a.sqlite" },
  ]);
});
