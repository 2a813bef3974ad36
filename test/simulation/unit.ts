import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import { type TelecomEvent, wireVersion } from "#contract/telecom.ts";
import { Life, mortalClock } from "#rig/mortal.ts";
import { VirtualClient } from "#rig/virtual-client.ts";
import { openUserAgent, type UserAgent } from "#telecom/sip/user-agent.ts";
import { KeptTerminations } from "#telecom/switch/kept-terminations.ts";
import type { Journal } from "#telecom/journal/journal.ts";
import { openJournal } from "#telecom/journal/unit-journal.ts";
import { Switch } from "#telecom/switch/switch.ts";
import type { Datagrams, Place } from "./datagrams.ts";
import { type Ether, mediaOver, wordsForSound } from "./ether.ts";
import type { History } from "./history.ts";
import { mortalJournal, WrittenRows } from "./mortal-journal.ts";
import { transportOver } from "./virtual-transport.ts";
import type { WorldClock } from "./world-clock.ts";

interface Running {
  readonly life: Life;
  readonly agent: UserAgent;
  readonly lines: Switch;
  readonly media: ReturnType<typeof mediaOver>;
  readonly boot: string;
}

interface UnitParts {
  readonly clock: WorldClock;
  readonly random: Random;
  readonly log: Log;
  readonly network: Datagrams;
  readonly ether: Ether;
  readonly history: History;
  /** Where its journal is: it outlives the process. */
  readonly folder: string;
  /** Keys that were on their way to it are lost. */
  readonly onDeath: () => void;
}

/** With a spare that waits, and without. */
const leastRestartMs = 300;
const restartSpreadMs = 2_700;

/**
 * The telecommunications unit: switch, user agent, transactions and journal as they run in the product, over the world's network and
 * ether. It may die at any touch of the world, and takes its lines up again when it comes back.
 */
export class SimulatedUnit {
  readonly place: Place = { address: "192.0.2.1", port: 5060 };
  readonly #parts: UnitParts;
  readonly #clients = new Set<VirtualClient>();
  /** By this process and those before it. */
  readonly #written = new WrittenRows();
  #running: Running | undefined;
  /** From each death to the moment at which its lines were taken up again. */
  readonly absences: { readonly fromMs: number; untilMs: number }[] = [];

  constructor(parts: UnitParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    const { clock, random, log, network, ether, folder } = this.#parts;
    const life = new Life();
    life.atDeath(() => this.#died());
    const mortal = mortalClock(clock, life);
    const opened = openJournal({ folder, clock: mortal, random, log });
    this.#assertJournal(opened);
    const journal = mortalJournal(opened, life, this.#written);
    const media = mediaOver(ether, mortal);
    life.atDeath(() => void media.close());
    const terminations = new KeptTerminations({ media, journal, log });
    const restored = await terminations.restore();
    const agent = await openUserAgent({
      ...this.place,
      clock: mortal,
      random,
      log,
      journal,
      openTransport: transportOver(network, this.place, life),
    });
    const lines = new Switch({
      clock: mortal,
      random,
      log,
      agent,
      journal,
      terminations,
      media,
      voice: wordsForSound,
      address: this.place.address,
      maxLegs: 1_000,
      tell: (event) => {
        if (life.cross()) this.#tell(event);
      },
    });
    lines.resume(restored);
    if (life.dead) return;
    this.#running = { life, agent, lines, media, boot: journal.boot };
    for (const client of this.#clients) client.restore();
    this.#count();
  }

  /** For the web process; its snapshot comes on a later turn. */
  connect(): VirtualClient {
    const client = new VirtualClient(this.#parts.clock, {
      take: (command) => {
        const running = this.#running;
        if (running === undefined || !running.life.cross()) return;
        running.lines.command(command, (why) => {
          if (running.life.dead) return;
          const leg = "leg" in command ? { leg: command.leg } : {};
          this.#parts.history.note("world", `the unit refuses ${command.type}: ${why}`);
          this.#tell({ type: "refused", command: command.type, ...leg, why, atMs: this.#parts.clock.now() });
        });
      },
      snapshot: () => this.#snapshot(),
      closed: (closed) => {
        this.#clients.delete(closed);
        this.#count();
      },
    });
    this.#clients.add(client);
    if (this.#running !== undefined) client.restore();
    this.#count();
    return client;
  }

  /** At once, or at its so-manieth touch of the world from now on. */
  dies(crossings = 0): void {
    if (crossings === 0) this.#running?.life.die();
    else this.#running?.life.dieAfter(crossings);
  }

  /** The local socket breaks and is there again a little later: what was told meanwhile stands in the next snapshot. */
  losesClients(): void {
    for (const client of this.#clients) {
      client.cut();
      if (this.#running !== undefined) client.restore();
    }
  }

  get legs(): ReturnType<Switch["legs"]> {
    return this.#running?.lines.legs() ?? [];
  }

  /** What is left of calls: nothing, when all are over and forgotten. */
  get leftovers(): Readonly<Record<string, number>> {
    if (this.#running === undefined) return {};
    const { agent, media, life, lines } = this.#running;
    return {
      ...agent.stats(),
      terminations: media.terminations,
      timers: life.timers.size,
      legs: lines.legs().length,
    };
  }

  #assertJournal(journal: Journal): void {
    try {
      this.#written.assertFound(journal);
    } catch (error) {
      this.#parts.history.broken("the journal gives what was written", ["unit"], String(error));
    }
  }

  #snapshot(): TelecomEvent {
    const { boot = "none", lines } = this.#running ?? {};
    const legs = lines?.legs().map((leg) => structuredClone(leg)) ?? [];
    return { type: "snapshot", wireVersion, unitBoot: boot, atMs: this.#parts.clock.now(), legs };
  }

  #tell(event: TelecomEvent): void {
    for (const client of this.#clients) client.hear(structuredClone(event));
  }

  #count(): void {
    this.#running?.lines.watchedBy(this.#clients.size);
  }

  #died(): void {
    const { clock, random, history, onDeath } = this.#parts;
    history.note("world", "the unit dies");
    this.#running = undefined;
    for (const client of this.#clients) client.cut();
    onDeath();
    const fromMs = clock.now();
    const untilMs = fromMs + leastRestartMs + random.integer(restartSpreadMs);
    this.absences.push({ fromMs, untilMs });
    clock.at(untilMs, () => {
      history.note("world", "the unit comes back");
      void this.start();
    });
  }
}
