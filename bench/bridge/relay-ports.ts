import { createInterface } from "node:readline";

/** Reads the phones' ports of each call from standard input, up to the empty line. */
export async function readPhones(): Promise<(readonly [number, number])[]> {
  const phones: [number, number][] = [];
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === "") break;
    const [first = 0, second = 0] = line.split(" ").map(Number);
    phones.push([first, second]);
  }
  return phones;
}
