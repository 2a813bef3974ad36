import Type from "typebox";

/** The versions of the words that a side understands, from the oldest to the newest. */
export const range = Type.Object({
  oldest: Type.Integer({ minimum: 1 }),
  newest: Type.Integer({ minimum: 1 }),
});
export type Range = Type.Static<typeof range>;

/**
 * What this release speaks between the web process and the unit. Within a version words and fields may come, and none goes or means
 * something else: a field that a side does not know is passed over, an event that it does not know too, a command is refused. What asks for
 * more than that is the next version, and the one before is spoken for one release more (docs/decisions/0111-both-ways.md).
 */
export const wireRange: Range = { oldest: 2, newest: 2 };

/** The newest version that both understand; undefined when there is none. */
export function agreed(ours: Range, theirs: Range): number | undefined {
  const newest = Math.min(ours.newest, theirs.newest);
  return newest >= Math.max(ours.oldest, theirs.oldest) ? newest : undefined;
}
