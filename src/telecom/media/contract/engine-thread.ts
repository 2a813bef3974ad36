import { Worker } from "node:worker_threads";

/** Runs `open`, and gives a way to kill the thread that it started, as a bug or the kernel would. */
export async function killableEngine<Engine>(
  open: () => Promise<Engine>,
): Promise<{ readonly engine: Engine; kill(): Promise<void> }> {
  const started: Worker[] = [];
  const on = Worker.prototype.on;
  // An engine listens to its worker first of all: nothing else of it is looked at, or changed.
  Worker.prototype.on = function (this: Worker, ...listener: Parameters<typeof on>) {
    if (!started.includes(this)) started.push(this);
    return on.apply(this, listener);
  } as typeof on;
  try {
    const engine = await open();
    const [thread] = started;
    if (thread === undefined) throw new Error("The engine has started no thread.");
    return { engine, kill: async () => void (await thread.terminate()) };
  } finally {
    Worker.prototype.on = on;
  }
}
