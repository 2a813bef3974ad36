/** What keeps one thread's event loop awake, counted: a number that grows while the work does not is a leak. */
export interface ActiveResources {
  readonly timers: number;
  readonly sockets: number;
  readonly others: number;
}

/** Of the thread that asks. Node.js' own names; those that it may add are among the others. */
export function activeResources(
  names: readonly string[] = process.getActiveResourcesInfo(),
): ActiveResources {
  const count = (kind: RegExp): number => names.filter((name) => kind.test(name)).length;
  const timers = count(timer);
  const sockets = count(socket);
  return { timers, sockets, others: names.length - timers - sockets };
}

const timer = /^(?:Timeout|Immediate)$/;
const socket = /^(?:TCP|UDP|Pipe)/;
