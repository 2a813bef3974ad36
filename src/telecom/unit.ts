import { isIP } from "node:net";
import { activeResources } from "#base/active-resources.ts";
import { type Clock, steadyClock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import { readable } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import { wireVersion } from "#contract/telecom.ts";
import { wireRange } from "#contract/versions.ts";
import type { Journal } from "./journal/journal.ts";
import { memoryJournal } from "./journal/memory-journal.ts";
import { watchLoopLag } from "#base/event-loop-lag.ts";
import type { EmbeddedEngine } from "./media/embedded-engine.ts";
import type { MediaEngine } from "./media/media-engine.ts";
import type { Resolver } from "./sip/locate.ts";
import { isUnicast } from "./sip/transport/addresses.ts";
import type { TlsOptions } from "./sip/transport/doors.ts";
import type { WebSocketOptions } from "./sip/transport/web-socket.ts";
import { openUserAgent } from "./sip/user-agent.ts";
import { KeptTerminations } from "./switch/kept-terminations.ts";
import { Switch } from "./switch/switch.ts";
import type { VoiceResponse } from "./voice-response/voice-response.ts";
import type { GatewaySettings } from "./webrtc/gateway-wire.ts";
import type { RelaySettings } from "./webrtc/relay-login.ts";
import { openWebRtcGateway, type WebRtcGateway } from "./webrtc/webrtc-gateway.ts";
import { openCommandDoor } from "./wire/command-door.ts";
import { deliverable } from "./wire/deliverable.ts";
import { sipMessageEvent } from "./wire/sip-message-event.ts";

export interface UnitSettings {
  /** The Unix socket that clients come to. */
  readonly socketPath: string;
  readonly sip: {
    /** Bound for SIP, UDP and TCP, and for RTP. */
    readonly address: string;
    /** 0 takes a free one. */
    readonly port: number;
    /** What the far ends are told instead, behind a 1:1 NAT or when `address` is a wildcard: an IP address. */
    readonly advertisedAddress?: string | undefined;
    readonly tls?: TlsOptions | undefined;
    readonly webSocket?: WebSocketOptions | undefined;
  };
  /** For the audio of browsers' telephones, where a WebSocket lets them in. Without it they cannot be rung. */
  readonly webRtc?:
    | (Omit<GatewaySettings, "address"> & { readonly relays?: RelaySettings | undefined })
    | undefined;
  /** What phones may prove their passwords by: both hashes unless told. */
  readonly phoneHashes?: readonly ("SHA-256" | "MD5")[] | undefined;
  readonly maxLegs: number;
}

export interface UnitParts {
  readonly settings: UnitSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Open; whoever opened it closes it, after the unit. */
  readonly mediaEngine: MediaEngine & Pick<EmbeddedEngine, "figures">;
  readonly voiceResponse: VoiceResponse;
  /** What another process has left in it is taken up. Without one the unit forgets its lines when it dies. */
  readonly journal?: Journal;
  /** The machine's own DNS unless told otherwise. */
  readonly resolver?: Resolver;
}

export interface RunningUnit extends AsyncDisposable {
  readonly sipPort: number;
  /** Undefined where nothing listens for TLS, or for WebSockets. */
  readonly sipTlsPort: number | undefined;
  readonly sipWebSocketPort: number | undefined;
  readonly socketPath: string;
  /** Hangs up what is up, waits at most two seconds for the far ends, and lets go of every port. */
  close(): Promise<void>;
  /**
   * Leaves the lines to the process that opens this journal next, and says nothing to anybody. False without a journal that outlives
   * the process: nobody could take them up, so they are to be hung up. What is still open ends with the process, which has to end now.
   */
  leave(): boolean;
}

/**
 * 140, 142. The telecommunications unit: switch and voice-response unit behind one local socket. Throws SETTINGS_INVALID when
 * far ends would be told an address that nobody can send to, or a certificate cannot be used.
 */
export async function openTelecomUnit(parts: UnitParts): Promise<RunningUnit> {
  const { settings, clock, random, log, mediaEngine, voiceResponse, resolver } = parts;
  const journal = parts.journal ?? memoryJournal(readable(random, 16));
  const { address, port, advertisedAddress, tls, webSocket } = settings.sip;
  assertReachable(advertisedAddress ?? address, address);
  const advertised = advertisedAddress === undefined ? {} : { advertisedAddress };
  // Whoever comes through the door later learns from the snapshot what was told before.
  let door: Awaited<ReturnType<typeof openCommandDoor>> | undefined;
  const terminations = new KeptTerminations({ media: mediaEngine, journal, log });
  const restored = await terminations.restore();
  const agent = await openUserAgent({
    address,
    port,
    ...advertised,
    onWire: (message) => door?.trace(() => sipMessageEvent(message, clock.now())),
    ...(tls === undefined ? {} : { tls }),
    ...(webSocket === undefined ? {} : { webSocket }),
    clock,
    random,
    log,
    journal,
    ...(resolver === undefined ? {} : { resolver }),
    ...(settings.phoneHashes === undefined ? {} : { phoneHashes: settings.phoneHashes }),
  });
  const gateway = gatewayOf(parts);
  const lines = new Switch({
    clock,
    random,
    log,
    agent,
    journal,
    terminations,
    media: mediaEngine,
    ...(gateway === undefined ? {} : { gateway }),
    ...(settings.webRtc?.relays === undefined ? {} : { relays: settings.webRtc.relays }),
    voice: voiceResponse,
    address,
    ...advertised,
    maxLegs: settings.maxLegs,
    tell: (event) => door?.tell(event),
  });
  lines.resume(restored);
  const lag = watchLoopLag(steadyClock);
  try {
    door = await openCommandDoor({
      socketPath: settings.socketPath,
      log,
      nowMs: () => clock.now(),
      snapshot: () => ({
        type: "snapshot",
        wireVersion,
        speaks: wireRange,
        unitBoot: journal.boot,
        atMs: clock.now(),
        legs: deliverable(lines.legs()),
      }),
      figures: async (unreadOctets) => {
        const { lag: mediaLag, resources: mediaResources, ...media } = await mediaEngine.figures();
        const { strays, registers } = agent.refusals();
        const { clients, servers } = agent.stats();
        const { user, system } = process.cpuUsage();
        return {
          type: "figures",
          atMs: clock.now(),
          cpuSeconds: (user + system) / 1e6,
          residentOctets: process.memoryUsage.rss(),
          mainLag: lag.read(),
          mediaLag,
          mainResources: activeResources(),
          mediaResources,
          ...media,
          sipStrays: strays,
          registersRefused: registers,
          transactions: { clients, servers },
          unreadOctets,
        };
      },
      phones: (wish) => agent.phones.registered(wish),
      onCommand: (command, refuse) => lines.command(command, refuse),
      onClients: (clients) => lines.watchedBy(clients),
    });
  } catch (error) {
    lag.close();
    await lines.close();
    await agent.close();
    await gateway?.close();
    throw error;
  }
  const opened = door;
  let closing: Promise<void> | undefined;

  async function shut(): Promise<void> {
    lag.close();
    await lines.close();
    await agent.close();
    await gateway?.close();
    await opened.close();
    terminations.close();
    journal.end();
  }
  const close = (): Promise<void> => {
    closing ??= shut();
    return closing;
  };
  return {
    sipPort: agent.address.port,
    sipTlsPort: tls?.port === undefined ? undefined : agent.addressOver("tls").port,
    sipWebSocketPort:
      webSocket === undefined
        ? undefined
        : agent.addressOver(tls?.certificateFile === undefined ? "ws" : "wss").port,
    socketPath: settings.socketPath,
    close,
    leave() {
      if (parts.journal === undefined) return false;
      parts.journal.settle();
      parts.journal.close();
      return true;
    },
    [Symbol.asyncDispose]: close,
  };
}

function gatewayOf({ settings, clock, log }: UnitParts): WebRtcGateway | undefined {
  const { sip, webRtc } = settings;
  if (sip.webSocket === undefined || webRtc === undefined) return undefined;
  const isWildcard = sip.address === "0.0.0.0" || sip.address === "::";
  return openWebRtcGateway({
    // Not `relays`: that process speaks to strangers, and needs no secret.
    settings: {
      ...{ ports: webRtc.ports, iceServers: webRtc.iceServers },
      address: isWildcard ? undefined : sip.address,
    },
    advertisedAddress: sip.advertisedAddress,
    clock,
    log,
  });
}

/** What Via, Contact and session descriptions will say must be one host's address, of the family that we bind. */
function assertReachable(told: string, bound: string): void {
  if (isUnicast(told) && isIP(told) === isIP(bound)) return;
  throw new TandemError("SETTINGS_INVALID", {
    advertisedAddress: `must be one IP address of this host's as far ends see it, of the family of ${bound}; ${told} is not`,
  });
}
