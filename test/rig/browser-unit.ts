import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { TestContext } from "node:test";
import { systemClock } from "#base/clock.ts";
import type { LegId, PermitId, PhoneName } from "#base/ids.ts";
import { makeLog } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import { type Command, type LegState, phoneRealm } from "#contract/telecom.ts";
import { openPagePhones } from "./browser-phone.ts";
import { makeAuthority } from "./certificate.ts";
import { openEmbeddedEngine } from "#telecom/media/embedded-engine.ts";
import { openUserAgent, type UserAgentOptions } from "#telecom/sip/user-agent.ts";
import type { GatewaySettings } from "#telecom/webrtc/gateway-wire.ts";
import type { RelaySettings } from "#telecom/webrtc/relay-login.ts";
import { openWebRtcGateway } from "#telecom/webrtc/webrtc-gateway.ts";
import { forgetful } from "#telecom/switch/forgetful.ts";
import { Switch } from "#telecom/switch/switch.ts";

/** The password of every phone that such a unit admits. */
export const phonePassword = "correct-horse";

/** A switch, whose telephones are pages of one browser (their microphones hum `hum`), and whatever else registers. */
export async function openBrowserUnit(
  t: TestContext,
  wish: {
    readonly transport: "ws" | "wss";
    readonly hum: number;
    readonly phones: readonly PhoneName[];
    readonly phoneHashes: NonNullable<UserAgentOptions["phoneHashes"]>;
    /** Of this test file alone. */
    readonly ports: { readonly rtp: PortRange; readonly browsers: PortRange };
    readonly iceServers?: GatewaySettings["iceServers"];
    readonly relays?: RelaySettings;
  },
) {
  const { transport, hum, phones, phoneHashes, ports } = wish;
  const opened = new AsyncDisposableStack();
  t.after(() => opened.disposeAsync());
  const files = transport === "wss" ? opened.use(makeAuthority()).issue("IP:127.0.0.1") : undefined;
  const pages = opened.use(
    await openPagePhones(hum, files === undefined ? {} : { believes: files.certificateFile }),
  );
  let logged = "";
  const keep = (line: string): void => {
    logged += line;
  };
  const log = makeLog({ process: "unit", level: "warn", destination: { write: keep } });
  const parts = { clock: systemClock, random: secureRandom, log };
  const media = await openEmbeddedEngine({ portRange: ports.rtp, log });
  opened.defer(() => media.close());
  const agent = await openUserAgent({
    ...{ address: "127.0.0.1", port: 0, closeWithinMs: 500, phoneHashes, ...parts },
    webSocket: { port: 0, origins: [pages.origin], trustedProxies: [] },
    ...(files === undefined ? {} : { tls: files }),
  });
  opened.defer(() => agent.close());
  const gateway = openWebRtcGateway({
    settings: { address: "127.0.0.1", ports: ports.browsers, iceServers: wish.iceServers ?? [] },
    ...parts,
  });
  opened.defer(() => gateway.close());
  const lookers = new Set<() => void>();
  const lines = new Switch({
    ...{ ...parts, media, agent, gateway, address: "127.0.0.1", maxLegs: 10 },
    ...forgetful(media),
    ...(wish.relays === undefined ? {} : { relays: wish.relays }),
    voice: {
      render: async () => ({ audio: new Uint8Array(800).fill(0xff), fallback: "none" }),
      close: async () => {},
    },
    tell() {
      for (const look of lookers) look();
    },
  });
  opened.defer(() => lines.close());
  lines.watchedBy(1);
  const say = (command: Command): void => {
    lines.command(command, (why) => assert.fail(`${command.type} was refused: ${why}`));
  };
  say({ type: "admit-phones", edition: "1", part: 1, parts: 1, phones: phones.map(admitted) });
  return {
    ...{ agent, media, pages, say },
    /** Its warnings so far. */
    logged: () => logged,
    socket: `${transport}://127.0.0.1:${agent.addressOver(transport).port}`,
    dial(phone: PhoneName): LegId {
      const leg = `${phone}-over-${transport}` as LegId;
      say({
        ...{ type: "dial", leg, permit: leg as string as PermitId, identity: {} },
        target: { type: "phone", phone, user: "7001", codecs: ["PCMU"] },
        ...{ ringUntilMs: systemClock.now() + 20_000, endAtMs: systemClock.now() + 60_000 },
      });
      return leg;
    },
    /** Resolves once the leg is so; the test's own time-out is the limit. */
    until: (leg: LegId, state: LegState["state"]) =>
      new Promise<LegState>((resolve) => {
        const look = (): void => {
          const shown = lines.legs().find((each) => each.leg === leg);
          if (shown?.state !== state) return;
          lookers.delete(look);
          resolve(shown);
        };
        lookers.add(look);
        look();
      }),
  };
}

interface PortRange {
  readonly first: number;
  readonly last: number;
}

function admitted(phone: PhoneName) {
  const md5 = createHash("md5").update(`${phone}:${phoneRealm}:${phonePassword}`).digest("hex");
  return { phone, digest: { md5 } };
}
