/** What became of a value since it was last written: at each path, what is there now, or that nothing is. */
export type Change = readonly [path: Path, value: unknown] | readonly [path: Path];
type Path = readonly string[];
type Fields = Readonly<Record<string, unknown>>;

/**
 * States are never changed in place: a part that is the same object is the same, and is not looked into. Lists are taken whole. What
 * JSON leaves out is not there.
 */
export function changesBetween(before: unknown, after: unknown): readonly Change[] {
  return [...differences(before, after, [])];
}

/** `before` as it is after the changes; itself stays as it was. */
export function changed(before: unknown, changes: readonly Change[]): unknown {
  return changes.reduce<unknown>((value, [path, ...now]) => replaced(value, path, now), before);
}

function* differences(before: unknown, after: unknown, path: Path): Iterable<Change> {
  if (Object.is(before, after)) return;
  if (!hasFields(before) || !hasFields(after)) return yield after === undefined ? [path] : [path, after];
  for (const name of Object.keys(after)) yield* differences(own(before, name), after[name], [...path, name]);
  for (const name of Object.keys(before))
    if (before[name] !== undefined && !Object.hasOwn(after, name)) yield [[...path, name]];
}

function replaced(value: unknown, path: Path, now: readonly unknown[]): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return now[0];
  const fields = hasFields(value) ? value : {};
  if (rest.length === 0 && now.length === 0)
    return Object.fromEntries(Object.entries(fields).filter(([each]) => each !== name));
  return { ...fields, [name]: replaced(own(fields, name), rest, now) };
}

/** A name like `__proto__` is a name. */
function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function hasFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
