import { createSocket } from "node:dgram";
import { createServer } from "node:net";

/** Where the demonstration listens, all on loopback. */
export type DemoPorts = Readonly<Record<keyof typeof usualPorts, number>>;

export const usualPorts = {
  firstRun: 8060,
  tandem: 8080,
  bank: 8090,
  annPage: 8070,
  bobPage: 8071,
  sip: 5060,
  annSip: 5070,
  bobSip: 5080,
  webSocket: 5066,
} as const;

/** Nine ports in a row, for a machine where one of the usual ones is taken. */
export function portsFrom(first: number): DemoPorts {
  const names = Object.keys(usualPorts) as (keyof DemoPorts)[];
  return Object.fromEntries(names.map((name, at) => [name, first + at])) as DemoPorts;
}

const listeners: Readonly<Record<keyof DemoPorts, { who: string; udp: boolean; tcp: boolean }>> = {
  firstRun: { who: "the first run's page", udp: false, tcp: true },
  tandem: { who: "Tandem's pages", udp: false, tcp: true },
  bank: { who: "the bank's site", udp: false, tcp: true },
  annPage: { who: "the page of Ann's telephone", udp: false, tcp: true },
  bobPage: { who: "the page of Bob's telephone", udp: false, tcp: true },
  sip: { who: "Tandem's SIP", udp: true, tcp: true },
  annSip: { who: "Ann's telephone", udp: true, tcp: false },
  bobSip: { who: "Bob's telephone", udp: true, tcp: false },
  webSocket: { who: "Tandem's SIP for browsers", udp: false, tcp: true },
};

/** Those that another program has, each with what it is for: `5060 (Tandem's SIP)`. */
export async function takenPorts(ports: DemoPorts): Promise<readonly string[]> {
  const names = Object.keys(listeners) as (keyof DemoPorts)[];
  const found = await Promise.all(
    names.map(async (name) => {
      const { who, udp, tcp } = listeners[name];
      const free = (!udp || (await bindsUdp(ports[name]))) && (!tcp || (await bindsTcp(ports[name])));
      return free ? [] : [`${ports[name]} (${who})`];
    }),
  );
  return found.flat();
}

/** The example configuration with these ports in the usual ones' place. */
export function withPorts(configuration: string, ports: DemoPorts): string {
  return configuration
    .replaceAll(`"port": ${usualPorts.annSip}`, `"port": ${ports.annSip}`)
    .replaceAll(`"port": ${usualPorts.bobSip}`, `"port": ${ports.bobSip}`)
    .replaceAll(`:${usualPorts.bank}`, `:${ports.bank}`);
}

function bindsUdp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.once("error", () => resolve(false));
    socket.bind({ port, address: "127.0.0.1", exclusive: true }, () => socket.close(() => resolve(true)));
  });
}

function bindsTcp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
