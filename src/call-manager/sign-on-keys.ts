import type { KeyedDigit } from "#contract/telecom.ts";
import type { Policy } from "#network/records.ts";
import { keyedCode } from "./keyed-code.ts";

type SignOn = Pick<Policy["signOn"], "key" | "pin">;

/** 213. Whether these are a sign-on's digits (with its key or without), said once more because nothing seemed to happen. */
export function isSignOn(digits: string, { key, pin = "" }: SignOn): boolean {
  const entry = digits.endsWith(key) ? digits.slice(0, -1) : digits;
  return entry === "" || entry === pin;
}

/** Through which number the keys in front are sign-ons, one after the other, and mean nothing else. Undefined when none is. */
export function throughSignOns(keys: readonly KeyedDigit[], signOn: SignOn): number | undefined {
  const front = keyedCode(keys, { endKey: signOn.key, pauseMs: Infinity, nowMs: 0 });
  if (front.type !== "code" || !isSignOn(front.digits, signOn)) return undefined;
  const { throughSeq } = front;
  return (
    throughSignOns(
      keys.filter(({ seq }) => seq > throughSeq),
      signOn,
    ) ?? throughSeq
  );
}
