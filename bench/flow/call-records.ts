import type { CallRecord } from "#call-manager/call-record.ts";

export const operatorToken = "operator-token-of-the-bench";
const most = 100;

/** Every call record of the platform, newest first, as the operator reads them over HTTP: page by page. */
export async function callRecords(platformUrl: string): Promise<readonly CallRecord[]> {
  const records: CallRecord[] = [];
  for (;;) {
    const last = records.at(-1);
    const before = last === undefined ? "" : `&before=${last.call}`;
    const answer = await fetch(`${platformUrl}/api/calls?limit=${most}${before}`, {
      headers: { authorization: `Bearer ${operatorToken}` },
    });
    if (!answer.ok) throw new Error(`The operator's API answered ${answer.status}: ${await answer.text()}`);
    const { calls } = (await answer.json()) as { calls: readonly CallRecord[] };
    records.push(...calls);
    if (calls.length < most) return records;
  }
}
