import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { doubtful, type Finding, well, wrong } from "./finding.ts";
import type { Patient } from "./patient.ts";

const check = "ports";
/** Pairs of the RTP range that are tried, spread over it. */
const sampled = 200;

/** SIP's and HTTP's ports, ours or free; and room in the RTP range. */
export async function checkPorts(patient: Patient): Promise<readonly Finding[]> {
  const { settings, runs } = patient;
  const { sip } = settings.unit;
  const { http } = settings;
  const sipIs = (await bindsUdp(sip.address, sip.port)) && (await bindsTcp(sip.address, sip.port));
  return [
    ofPort({
      what: "SIP (UDP and TCP)",
      port: sip.port,
      setting: "TANDEM_SIP_PORT",
      free: sipIs,
      ours: runs.unit,
    }),
    ofPort({
      what: "HTTP",
      port: http.port,
      setting: "TANDEM_HTTP_PORT",
      free: await bindsTcp(http.host, http.port),
      ours: runs.web,
    }),
    await ofRtp(patient),
  ];
}

function ofPort(seen: {
  what: string;
  port: number;
  setting: string;
  free: boolean;
  ours: boolean;
}): Finding {
  const { what, port, setting, free, ours } = seen;
  if (ours) return well(check, `${what}: a Tandem that runs has ${port}.`);
  if (free) return well(check, `${what}: ${port} is free.`);
  const says = `${what}: ${port} cannot be had: another program has it, or the address is none of this machine's.`;
  return wrong(check, says, `End that program (\`ss -lunt\` lists who listens), or set ${setting}.`);
}

async function ofRtp({ settings }: Patient): Promise<Finding> {
  const { rtpPorts, maxLegs, sip } = settings.unit;
  const { first, last } = rtpPorts;
  const pairs = Math.floor((last - first + 1) / 2);
  const step = Math.max(1, Math.floor(pairs / sampled));
  const tried = Array.from(
    { length: Math.ceil(pairs / step) },
    (_, at) => first + (first % 2) + at * step * 2,
  );
  let free = 0;
  for (const port of tried) if (port <= last && (await bindsUdp(sip.address, port))) free += 1;
  const freePercent = Math.round((100 * free) / tried.length);
  const figures = { pairs, freePercent };
  const range = `RTP: ${first}-${last} has room for ${pairs} legs`;
  if (free === 0)
    return wrong(
      check,
      `${range}, and none of its ports can be had.`,
      "Set TANDEM_RTP_PORTS to others.",
      figures,
    );
  if (pairs < maxLegs)
    return doubtful(
      check,
      `${range}, fewer than TANDEM_MAX_LEGS (${maxLegs}).`,
      "Widen TANDEM_RTP_PORTS, or take fewer legs.",
      figures,
    );
  if (freePercent < 50)
    return doubtful(
      check,
      `${range}; of those tried ${freePercent}% are free.`,
      "See who has them: `ss -lun`.",
      figures,
    );
  return well(check, `${range}; of those tried ${freePercent}% are free.`, figures);
}

function bindsUdp(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    const end = (bound: boolean): void => void socket.close(() => resolve(bound));
    socket.once("error", () => end(false));
    socket.bind({ port, address, exclusive: true }, () => end(true));
  });
}

function bindsTcp(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
