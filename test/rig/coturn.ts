import { join } from "node:path";
import { freePort, freePortsInARow } from "./ports.ts";
import { startPeer, temporaryFolder } from "./processes.ts";

/** How it knows who may have an allocation. */
export type TurnUsers =
  | { readonly secret: string }
  | { readonly username: string; readonly password: string };

/** A STUN and TURN server that nobody here wrote (coturn), on loopback. */
export interface TurnServer extends AsyncDisposable {
  /** `127.0.0.1:12345` */
  readonly address: string;
  readonly port: number;
  /** Resolves with the user's name when one has an allocation. */
  allocated(): Promise<string>;
  /** So far. */
  readonly allocations: number;
}

export async function startCoturn(users: TurnUsers): Promise<TurnServer> {
  const folder = temporaryFolder("coturn");
  const [port, firstRelay] = [await freePort(), await freePortsInARow(20)];
  const known =
    "secret" in users
      ? ["--use-auth-secret", `--static-auth-secret=${users.secret}`]
      : ["--lt-cred-mech", `--user=${users.username}:${users.password}`];
  const server = await startPeer({
    program: "turnserver",
    // `-n`: nothing of what the system has set up. Peers on loopback are refused unless told.
    words: [
      ...["-n", "--no-cli", "--no-tls", "--no-dtls", "--allow-loopback-peers", "--verbose"],
      ...["--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", `--listening-port=${port}`],
      ...[`--min-port=${firstRelay}`, `--max-port=${firstRelay + 19}`, "--realm=turn.example", ...known],
      // As docs/operating.md has it: to the gateway's address, and to no other.
      ...["--denied-peer-ip=0.0.0.0-255.255.255.255", "--allowed-peer-ip=127.0.0.1"],
      ...["--log-file=stdout", "--simple-log"],
      ...[`--userdb=${join(folder.path, "users")}`, `--pidfile=${join(folder.path, "pid")}`],
    ],
    folder: folder.path,
  });
  try {
    await server.line(/UDP listener opened on[: ]+127\.0\.0\.1/);
  } catch (error) {
    await server.stop();
    folder[Symbol.dispose]();
    throw error;
  }
  const allocation = /user <([^>]+)>: incoming packet ALLOCATE processed, success/g;
  return {
    ...{ address: `127.0.0.1:${port}`, port },
    allocated: async () => (await server.line(new RegExp(allocation.source)))[1] ?? "",
    get allocations() {
      return server.output().match(allocation)?.length ?? 0;
    },
    async [Symbol.asyncDispose]() {
      await server.stop();
      folder[Symbol.dispose]();
    },
  };
}
