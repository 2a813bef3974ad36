/** `bin/start`, followed as the README tells a reader to: the demonstration runs the whole flow with no telephone. */
import assert from "node:assert/strict";
import test from "node:test";
import { demoServes, startDemo } from "#rig/demo.ts";
import { childrenOf, commandLine, installed } from "#rig/processes.ts";
import { isSetUp } from "../runner/tree.ts";
import { visitDemo } from "./demo-visit.ts";

test("bin/start: a click, two telephones made of web pages, a pushed page, a goodbye", async (t) => {
  if (!installed("chromium")) return t.skip("no chromium");
  if (!isSetUp()) return t.skip("bin/setup has not run since the lock file changed");
  await using demo = await startDemo();
  await demoServes(demo);
  assert.match(demo.peer.output(), /Development keys are in use/);

  await visitDemo(demo.ports);

  await demo.peer.stop("SIGINT", 15_000);
  assert.equal(await demo.peer.ended, 0);
});

test("bin/start: a port that is taken is named, with the way to others, and nothing is started", async (t) => {
  if (!isSetUp()) return t.skip("bin/setup has not run since the lock file changed");
  await using demo = await startDemo({ taken: "sip" });
  assert.equal(await demo.peer.ended, 1);
  const [what, way, ...more] = demo.peer.output().trimEnd().split("\n");
  assert.equal(
    what,
    `Something has ${demo.ports.sip} (Tandem's SIP) already. Does the demonstration run in another window?`,
  );
  assert.equal(way, "At other ports: bin/start --ports-from 9000 takes 9000 to 9008.");
  assert.deepEqual(more, []);
});

test("bin/start: when a part of it ends by itself, all of it ends, and says so", async (t) => {
  if (!isSetUp()) return t.skip("bin/setup has not run since the lock file changed");
  await using demo = await startDemo();
  await demoServes(demo);
  const bank = childrenOf(demo.peer.pid).find((pid) => commandLine(pid).includes("bank-site"));
  assert.ok(bank !== undefined);
  process.kill(bank, "SIGKILL");
  assert.equal(await demo.peer.ended, 1);
  assert.match(
    demo.peer.output(),
    /^The example bank ended by itself \(SIGKILL\)\. The demonstration ends\.$/m,
  );
});
