import type { Digit, KeyedDigit } from "#contract/telecom.ts";

/** What an agent has keyed so far: a whole code, part of one, or nothing. */
export type KeyedCode =
  | { readonly type: "nothing" }
  /** More may follow until then. */
  | { readonly type: "unfinished"; readonly untilMs: number }
  /** `digits` without the key that ended it; "" when that key came alone. */
  | { readonly type: "code"; readonly digits: string; readonly throughSeq: number };

/** The first code among these digits: ended by `endKey`, or by a pause of `pauseMs` after its last digit. */
export function keyedCode(
  keys: readonly KeyedDigit[],
  how: { readonly endKey: Digit; readonly pauseMs: number; readonly nowMs: number },
): KeyedCode {
  const code: KeyedDigit[] = [];
  for (const key of keys) {
    const last = code.at(-1);
    // Digits that waited while nobody listened are told apart by their own moments.
    if (last !== undefined && key.atMs - last.atMs >= how.pauseMs) return ended(code, last.seq);
    if (key.digit === how.endKey) return ended(code, key.seq);
    code.push(key);
  }
  const last = code.at(-1);
  if (last === undefined) return { type: "nothing" };
  const untilMs = last.atMs + how.pauseMs;
  return how.nowMs >= untilMs ? ended(code, last.seq) : { type: "unfinished", untilMs };
}

function ended(code: readonly KeyedDigit[], throughSeq: number): KeyedCode {
  return { type: "code", digits: code.map((key) => key.digit).join(""), throughSeq };
}
