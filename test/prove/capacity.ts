import assert from "node:assert/strict";
import { measureCalls } from "../../bench/bridge.ts";
import { type Check, check } from "./checks.ts";

const seconds = 30;
const direct = 5;
const mostCpuPercent = 60;
const mostAddedMs = 10;

/**
 * K1: bridged calls with audio both ways through the platform, and beside them pairs of the same telephones with nobody between
 * them, which wait in the same process and on the same machine. The 10,000 chat sessions of the promise are for when there is chat.
 */
export async function* proveCapacity(calls: number): AsyncIterable<Check> {
  const { unitCpuMs, webCpuMs, ways } = await measureCalls({ calls, seconds }, direct);
  const { relayed, direct: floor } = ways;
  yield await check(`${calls} calls: the unit takes <= ${mostCpuPercent} % of a core`, () => {
    const percent = (unitCpuMs * calls) / 10;
    const detail = `${percent.toFixed(1)} % (${unitCpuMs} ms a second of one call), the web process ${((webCpuMs * calls) / 10).toFixed(1)} %`;
    assert.ok(percent <= mostCpuPercent, detail);
    return detail;
  });
  yield await check("no frame is lost", () => {
    assert.equal(relayed.lossPercent, 0);
    return `${(calls * 100 * seconds).toLocaleString("en")} frames in ${seconds} s`;
  });
  yield await check(`added delay: p99 <= ${mostAddedMs} ms`, () => {
    // What is added to one frame cannot be seen. Against the direct median every wait of the telephones' own counts as ours.
    const addedMs = relayed.delayP99Ms - floor.delayMedianMs;
    const detail = `${addedMs.toFixed(2)} ms: relayed ${told(relayed)}, direct ${told(floor)}`;
    assert.ok(addedMs <= mostAddedMs, detail);
    return detail;
  });
}

function told({ delayMedianMs, delayP99Ms }: { delayMedianMs: number; delayP99Ms: number }): string {
  return `median ${delayMedianMs.toFixed(2)}, p99 ${delayP99Ms.toFixed(2)} ms`;
}
