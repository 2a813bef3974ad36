import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";

/** A PostgreSQL server of the test's own: its data in a temporary folder, loopback only, gone when stopped. */
export interface PostgresqlServer {
  /** Makes an empty database and gives its address. */
  freshDatabase(): Promise<string>;
  stop(): Promise<void>;
}

/** Where Debian keeps the newest server's programs, or undefined: then these tests are skipped. */
export function postgresqlPrograms(): string | undefined {
  const root = "/usr/lib/postgresql";
  if (!existsSync(root)) return undefined;
  const newest = readdirSync(root)
    .filter((version) => existsSync(join(root, version, "bin", "initdb")))
    .sort((x, y) => Number(y) - Number(x))[0];
  return newest === undefined ? undefined : join(root, newest, "bin");
}

export async function startPostgresql(programs: string): Promise<PostgresqlServer> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-postgresql-"));
  const unprivileged = unprivilegedUser();
  if (unprivileged !== undefined) chownSync(folder, unprivileged.uid, unprivileged.gid);
  const data = join(folder, "data");

  const made = spawnSync(
    join(programs, "initdb"),
    ["-D", data, "-U", "tandem", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
    { ...unprivileged, cwd: folder, encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);

  const port = await freePort();
  const server = spawn(
    join(programs, "postgres"),
    [
      ["-D", data, "-k", folder, "-p", String(port)],
      ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "full_page_writes=off"],
      ["-c", "shared_buffers=16MB", "-c", "max_connections=60", "-c", "log_destination=stderr"],
    ].flat(),
    { ...unprivileged, cwd: folder, stdio: ["ignore", "ignore", "pipe"] },
  );
  try {
    await readiness(server);
  } catch (error) {
    server.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }

  const address = (name: string): string => `postgresql://tandem@127.0.0.1:${port}/${name}`;
  let count = 0;
  return {
    async freshDatabase() {
      const name = `test_${++count}`;
      const client = new pg.Client({ connectionString: address("postgres") });
      await client.connect();
      await client.query(`create database ${name}`);
      await client.end();
      return address(name);
    },
    async stop() {
      const gone = once(server, "exit");
      // Immediate shutdown: the data is thrown away.
      server.kill("SIGQUIT");
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL refuses to run as root. */
function unprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string): number => Number(spawnSync("id", [flag, "nobody"], { encoding: "utf8" }).stdout);
  return { uid: id("-u"), gid: id("-g") };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Resolves when the server says that it takes connections. */
function readiness(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    server.once("error", reject);
    server.once("exit", () => reject(new Error(`postgres ended: ${said}`)));
    server.stderr?.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4000);
      if (said.includes("ready to accept connections")) resolve();
    });
  });
}
