import { join } from "node:path";
import { startPeer, temporaryFolder } from "#rig/processes.ts";
import { proveRfc4475 } from "./rfc4475.ts";

/**
 * The same 49 messages, sent to the telecommunications unit as it runs in earnest: its own process, sockets and time limits.
 * Throws when the unit logs an error over them.
 */
export async function* proveRfc4475OnUnit(
  dir: string,
): AsyncGenerator<{ name: string; passed: boolean; detail: string }> {
  using folder = temporaryFolder("rfc4475");
  const settings = {
    socketPath: join(folder.path, "unit.sock"),
    sip: { address: "127.0.0.1", port: 0 },
    rtp: { portRange: { first: 38_000, last: 38_009 } },
    maxLegs: 2,
  };
  await using unit = await startPeer({
    program: process.execPath,
    words: [join(import.meta.dirname, "../../src/telecom/process.ts")],
    environment: { TANDEM_UNIT_SETTINGS: JSON.stringify(settings) },
  });
  const [, port] = await unit.line(/"ready":true,[^}]*"sipPort":(\d+)/, 30_000);
  for await (const result of proveRfc4475(dir, { target: { host: "127.0.0.1", port: Number(port) } })) {
    yield result;
  }
  if (unit.output().includes('"level":50')) throw new Error(`The unit logged an error:\n${unit.output()}`);
}
