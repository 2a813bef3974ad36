/**
 * What a browser's leg costs: CPU time of media engine and WebRTC gateway while `legs` browsers talk with as many plain telephones,
 * beside the same bridges between plain telephones alone. What is more than those is the price of ICE, DTLS-SRTP and of the way between
 * the two processes. The browsers' ends are the library's own, in a process that is not counted; frames are stamped and measured by
 * the phones of `bridge/phones.ts`.
 */
import { type ChildProcess, fork } from "node:child_process";
import { parseArgs } from "node:util";
import { end, type PortsOfCall, startPhones } from "./bridge/phones-process.ts";
import { measureRelay, thousandths } from "./bridge/relays.ts";
import { cpuMs } from "./process-cpu.ts";
import type { FromBridge, FromBrowsers, ToBridge, ToBrowsers } from "./webrtc/words.ts";

export interface WebRtcOptions {
  readonly legs: number;
  readonly seconds: number;
}

export function readWebRtcOptions(given: readonly string[]): WebRtcOptions {
  const { values } = parseArgs({
    args: [...given],
    options: { legs: { type: "string", default: "50" }, seconds: { type: "string", default: "10" } },
  });
  return { legs: Number(values.legs), seconds: Number(values.seconds) };
}

export async function runWebRtcBench({
  legs,
  seconds,
}: WebRtcOptions): Promise<Readonly<Record<string, unknown>>> {
  const measured = await measureLegs({ legs, seconds });
  const plain = await measureRelay({ calls: legs, seconds }, { program: "engine", sockets: "auto" });
  if (plain === undefined) throw new Error("the engine could not be measured alone");
  const { cpuMsPerSecondPerLeg } = measured;
  return {
    ...measured,
    plainBridgeCpuMs: plain.cpuMsPerSecondPerCall,
    srtpShare: thousandths((cpuMsPerSecondPerLeg - plain.cpuMsPerSecondPerCall) / cpuMsPerSecondPerLeg),
  };
}

async function measureLegs({ legs, seconds }: WebRtcOptions) {
  await using phones = await startPhones(legs);
  const bridge = start("bridge-process.ts");
  const browsers = start("browsers-process.ts");
  try {
    const { gatewayPid } = await heard<Extract<FromBridge, { type: "ready" }>>(bridge);
    const ports: PortsOfCall[] = [];
    let failedHandshakes = 0;
    while (ports.length < legs) {
      const joined = await join(ports.length, phones.ports[ports.length] ?? [0, 0], { bridge, browsers });
      if (joined === undefined) failedHandshakes += 1;
      else ports.push(joined);
    }
    phones.speak(ports);
    const { pid = 0 } = bridge;
    const figures = await phones.measure(seconds, () => [cpuMs(pid), cpuMs(gatewayPid)]);
    const [engineCpuMs = Number.NaN, gatewayCpuMs = Number.NaN] = figures.spent.map((ms) =>
      thousandths(ms / figures.seconds / legs),
    );
    return {
      cpuMsPerSecondPerLeg: thousandths(engineCpuMs + gatewayCpuMs),
      legs,
      lossPercent: thousandths(figures.lossPercent),
      jitterP99Ms: thousandths(figures.jitterP99Ms),
      engineCpuMs,
      gatewayCpuMs,
      failedHandshakes,
    };
  } finally {
    await end(browsers);
    await end(bridge);
  }
}

/** Where the two phones of a call are to speak to; undefined when the browser's audio did not come up. */
async function join(
  call: number,
  [user, center]: PortsOfCall,
  { bridge, browsers }: { bridge: ChildProcess; browsers: ChildProcess },
): Promise<PortsOfCall | undefined> {
  bridge.send({ type: "open", call, phonePort: center } satisfies ToBridge);
  const { sdp } = await heard<Extract<FromBridge, { type: "offer" }>>(bridge);
  browsers.send({ type: "offer", call, sdp, phonePort: user } satisfies ToBrowsers);
  const answer = await heard<FromBrowsers>(browsers);
  bridge.send({ type: "answer", call, sdp: answer.sdp } satisfies ToBridge);
  const told = await heard<Extract<FromBridge, { type: "joined" | "failed" }>>(bridge);
  return told.type === "joined" ? [answer.port, told.port] : undefined;
}

function start(file: string): ChildProcess {
  return fork(new URL(`./webrtc/${file}`, import.meta.url));
}

/** The next thing that it says; each is asked for one at a time. */
function heard<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error("a process of the bench has ended"));
    child.once("exit", ended);
    child.once("message", (message) => {
      child.off("exit", ended);
      resolve(message as Message);
    });
  });
}
