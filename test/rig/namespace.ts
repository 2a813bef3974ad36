import { startPeer, type Peer } from "./processes.ts";

/**
 * A network of its own with loopback and nothing else: no route leads out, so that no address in a hostile message can make
 * anybody send a packet to a real host. It lives as long as the process that holds it.
 */
export interface Namespace extends AsyncDisposable {
  /** Starts a program inside. */
  start(
    program: string,
    words: readonly string[],
    environment?: Readonly<Record<string, string>>,
  ): Promise<Peer>;
}

/** Needs root or unprivileged user namespaces: ask `mayIsolate` first and skip. */
export async function openNamespace(): Promise<Namespace> {
  // `cat` holds the namespace until its input closes.
  const holder = await startPeer({
    program: "unshare",
    words: ["--net", "--map-root-user", "sh", "-c", "ip link set lo up && echo up && exec cat"],
  });
  try {
    await holder.line(/^up$/m);
  } catch (error) {
    await holder.stop();
    throw error;
  }
  return {
    start: (program, words, environment = {}) =>
      startPeer({
        program: "nsenter",
        words: [
          "--target",
          String(holder.pid),
          "--net",
          "--user",
          "--preserve-credentials",
          program,
          ...words,
        ],
        environment,
      }),
    [Symbol.asyncDispose]: () => holder.stop(),
  };
}

/** Tries it: whether it is allowed depends on kernel, container and user. */
export async function mayIsolate(): Promise<boolean> {
  try {
    await using namespace = await openNamespace();
    return namespace !== undefined;
  } catch {
    return false;
  }
}
