import type { Flow } from "./message/message.ts";
import { flowKey } from "./registrar/bindings.ts";

/** Who wants to know when a connection ends. */
export class FlowWatch {
  readonly #watchers = new Map<string, Set<() => void>>();

  /** Returns the end of the watch. */
  watch(flow: Flow, ended: () => void): () => void {
    const key = flowKey(flow);
    // Another one each time: the same function may watch twice.
    const watcher = (): void => ended();
    this.#watchers.set(key, (this.#watchers.get(key) ?? new Set()).add(watcher));
    return () => {
      const watchers = this.#watchers.get(key);
      watchers?.delete(watcher);
      if (watchers?.size === 0) this.#watchers.delete(key);
    };
  }

  closed(flow: Flow): void {
    const key = flowKey(flow);
    const watchers = this.#watchers.get(key) ?? [];
    this.#watchers.delete(key);
    for (const watcher of watchers) watcher();
  }
}
