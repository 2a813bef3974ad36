/**
 * Measurements: `npm run bench -- <name> [--json] [options of that bench]`. Each prints one JSON object with `--json`,
 * and the same in words without.
 */
import { readBridgeOptions, runBridgeBench } from "./bridge.ts";
import { readFlowOptions, runFlowBench } from "./flow.ts";
import { readSrtpOptions, runSrtpBench } from "./srtp.ts";
import { readWebRtcOptions, runWebRtcBench } from "./webrtc.ts";

type Bench = (options: readonly string[]) => Promise<Readonly<Record<string, unknown>>>;

const benches: Readonly<Record<string, Bench>> = {
  bridge: (options) => runBridgeBench(readBridgeOptions(options)),
  flow: (options) => runFlowBench(readFlowOptions(options)),
  srtp: (options) => runSrtpBench(readSrtpOptions(options)),
  webrtc: (options) => runWebRtcBench(readWebRtcOptions(options)),
};

const [name = "", ...options] = process.argv.slice(2);
const bench = benches[name];
if (bench === undefined) {
  console.error(`Usage: npm run bench -- <${Object.keys(benches).join("|")}> [--json]`);
  process.exit(2);
}
const figures = await bench(options.filter((option) => option !== "--json"));
if (options.includes("--json")) console.log(JSON.stringify(figures));
else for (const [figure, value] of Object.entries(figures)) console.log(figure, value);
