import assert from "node:assert/strict";
import { once } from "node:events";
import { statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { TandemError } from "#base/errors.ts";
import { silentLog } from "#base/log.ts";
import { temporaryFolder } from "#rig/processes.ts";
import { askSupervisor, openControlDoor, type Order } from "./control-door.ts";

async function opened(t: TestContext, obey: (order: Order) => Promise<string>) {
  const folder = temporaryFolder("control");
  const socketPath = join(folder.path, "control.sock");
  const door = await openControlDoor({ socketPath, log: silentLog, obey });
  t.after(async () => {
    await door.close();
    folder[Symbol.dispose]();
  });
  return socketPath;
}

test("an order is carried out, and its asker told how it ended", async (t) => {
  const socketPath = await opened(t, async (order) => {
    if (order.do === "upgrade") throw new TandemError("UPGRADE_FAILED", { why: `no Tandem in ${order.to}` });
    return "ended";
  });
  assert.equal(statSync(socketPath).mode & 0o777, 0o600);
  assert.deepEqual(await askSupervisor(socketPath, { do: "upgrade", to: "/x" }), {
    done: false,
    says: "no Tandem in /x",
  });
  assert.deepEqual(await askSupervisor(socketPath, { do: "shutdown" }), { done: true, says: "ended" });
});

test("what is no order is refused, however long", async (t) => {
  const socketPath = await opened(t, () => Promise.reject(new Error("nobody asked")));
  for (const said of ['{"do":"fly"}\n', "no JSON\n", "x".repeat(100_000)]) {
    const socket = connect(socketPath);
    socket.on("error", () => {});
    socket.write(said);
    const [answer] = await once(socket.setEncoding("utf8"), "data");
    assert.match(String(answer), /does not know this command/);
    socket.destroy();
  }
});

test("a second supervisor on the same folder is refused, and where none runs that is said", async (t) => {
  const socketPath = await opened(t, () => Promise.resolve(""));
  await assert.rejects(
    openControlDoor({ socketPath, log: silentLog, obey: () => Promise.resolve("") }),
    (error) => error instanceof TandemError && error.details["why"] === "another supervisor listens",
  );
  assert.equal(await askSupervisor(`${socketPath}.none`, { do: "shutdown" }), undefined);
});
