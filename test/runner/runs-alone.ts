import { importsOf } from "./tree.ts";

/**
 * The rig's doors to other programs: browsers, telephones, databases, and the platform as processes of its own; and the simulator's, whose
 * worlds take every processor.
 */
const doors = [
  "test/rig/processes.ts",
  "test/rig/chromium.ts",
  "test/rig/postgresql.ts",
  "test/simulation/side-by-side.ts",
];

/**
 * Whether a test file reaches one of the doors by its imports. Such a test measures sound, or gives programs that it does not know
 * from inside their time: it has the machine to itself.
 */
export function runsAlone(file: string): boolean {
  return doors.some((door) => reachedFrom(file).has(door));
}

function reachedFrom(file: string): ReadonlySet<string> {
  const reached = new Set<string>([file]);
  // A set is walked in the order in which it grows.
  for (const each of reached) for (const target of targetsOf(each)) reached.add(target);
  return reached;
}

const known = new Map<string, readonly string[]>();

function targetsOf(file: string): readonly string[] {
  const targets = known.get(file) ?? importsOf(file).flatMap(({ target }) => target ?? []);
  known.set(file, targets);
  return targets.filter((target) => target.endsWith(".ts"));
}
