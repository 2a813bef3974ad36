import { BlockList, isIP } from "node:net";
import Type from "typebox";

/** The operator reads the sentence when `check` refuses what they wrote. */
export function textThat(
  check: (text: string) => boolean,
  sentence: string,
  more: { readonly default?: string } = {},
) {
  return Type.Refine(Type.String(more), check, () => sentence);
}

/** A list, as variables hold it. */
export function byComma(text: string): readonly string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** `https://talk.example`, also when written with the slash that browsers show after it; undefined when there is more. */
export function webOrigin(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const bare = url !== undefined && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`;
  return bare ? url.origin : undefined;
}

export function isLoopback(host: string): boolean {
  if (isIP(host) === 0) return host === "localhost";
  const loopback = new BlockList();
  loopback.addSubnet("127.0.0.0", 8, "ipv4");
  loopback.addAddress("::1", "ipv6");
  return loopback.check(host, isIP(host) === 4 ? "ipv4" : "ipv6");
}

/** `20000-29999` */
export function isPortRange(text: string): boolean {
  const [, first, last] = /^([0-9]{4,5})-([0-9]{4,5})$/.exec(text) ?? [];
  return Number(first) >= 1024 && Number(first) < Number(last) && Number(last) <= 65535;
}

/** Both ends included. */
export function portRange(text: string): { readonly first: number; readonly last: number } {
  const [first = 0, last = 0] = text.split("-").map(Number);
  return { first, last };
}
