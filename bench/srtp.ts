/**
 * What SRTP costs: CPU time of the media engine alone for a bridged call whose second phone speaks SRTP, beside the same call in
 * plain RTP, in one run. Each packet is opened or protected once on its way.
 */
import { parseArgs } from "node:util";
import { measureRelay, thousandths } from "./bridge/relays.ts";

interface SrtpOptions {
  readonly calls: number;
  readonly seconds: number;
}

export function readSrtpOptions(given: readonly string[]): SrtpOptions {
  const { values } = parseArgs({
    args: [...given],
    options: {
      calls: { type: "string", default: "100" },
      seconds: { type: "string", default: "10" },
    },
  });
  return { calls: Number(values.calls), seconds: Number(values.seconds) };
}

export async function runSrtpBench(options: SrtpOptions): Promise<Readonly<Record<string, unknown>>> {
  const measure = (media: "rtp" | "srtp") =>
    measureRelay(options, { program: "engine", sockets: "auto", media });
  const plain = await measure("rtp");
  const srtpOnOneSide = await measure("srtp");
  const [without = Number.NaN, withSrtp = Number.NaN] = [plain, srtpOnOneSide].map(
    (figures) => figures?.cpuMsPerSecondPerCall,
  );
  return {
    srtpCpuMsPerSecondPerCall: thousandths(withSrtp - without),
    // 50 packets a second, each way.
    srtpCpuUsPerPacket: thousandths(((withSrtp - without) * 1_000) / 100),
    plain,
    srtpOnOneSide,
  };
}
