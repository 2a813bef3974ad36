import { VirtualClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import { resumeCalls, stopCalls } from "#network/dial-permit.ts";
import { type Database, openDatabase } from "#store/database.ts";
import { Browser } from "./browser.ts";
import { Chance } from "./chance.ts";
import { Datagrams, fairWeather, type Packet } from "./datagrams.ts";
import { Ether } from "./ether.ts";
import { drawFaults, type Fault } from "./faults.ts";
import { History } from "./history.ts";
import { PermitWatch } from "./permit-watch.ts";
import { Stored } from "./stored.ts";
import { configure, subscribers } from "./subscribers.ts";
import { TrunkEnd } from "./trunk-end.ts";
import { SimulatedUnit } from "./unit.ts";
import { agentOn, browses, drawTraits, type Visit, visitorOn } from "./visit.ts";
import { SimulatedWeb } from "./web.ts";
import { WireWatch } from "./wire-watch.ts";
import { WorldClock } from "./world-clock.ts";

export interface WorldWish {
  readonly seed: number;
  readonly hours: number;
  /** On average; 40 unless told. */
  readonly callsAnHour?: number;
  /** How many times as often as usual something goes wrong. */
  readonly storm?: number;
}

const hourMs = 3_600_000;
/** A call takes ten minutes to be set up, talks for 30 at the most, and its record waits ten minutes to be forgotten. */
const calmMs = 65 * 60_000;
const lastLookMs = 60_000;

/** One world of a seed: the product's code, everybody around it, and what goes wrong. */
export class World {
  readonly wish: WorldWish;
  readonly clock = new WorldClock();
  readonly history = new History(this.clock);
  readonly network: Datagrams;
  readonly ether = new Ether();
  readonly unit: SimulatedUnit;
  readonly trunks: readonly TrunkEnd[];
  readonly visits: Visit[] = [];
  readonly faults: readonly Fault[];
  /** When the operator stopped and resumed: what calls may be ended by. */
  readonly stops: { readonly fromMs: number; untilMs: number }[] = [];
  readonly partitions: { readonly trunk: string; readonly fromMs: number; readonly untilMs: number }[] = [];
  readonly database: Database;
  readonly stored: Stored;
  readonly web: SimulatedWeb;
  readonly beganAtMs: number;
  readonly #people: Chance;
  readonly wire: WireWatch;
  readonly #byNumber = new Map<string, Visit>();
  #lastArrival: { readonly packet: Packet; readonly atMs: number } | undefined;
  #agents = 0;
  timersAtRest = 0;

  static async open(wish: WorldWish): Promise<World> {
    const stored = new Stored();
    const database = await openDatabase({ url: stored.url, clock: new VirtualClock(), log: silentLog });
    await configure(database);
    return new World(wish, { database, stored });
  }

  private constructor(wish: WorldWish, { database, stored }: { database: Database; stored: Stored }) {
    const { seed, hours } = wish;
    this.wish = wish;
    const { clock, history } = this;
    this.beganAtMs = clock.now();
    this.network = new Datagrams({ clock, history, chance: new Chance(`${seed} weather`) });
    this.faults = drawFaults(new Chance(`${seed} faults`), {
      hours,
      storm: wish.storm ?? 1,
      trunks: subscribers.length,
    });
    this.#people = new Chance(`${seed} people`);
    this.database = database;
    this.stored = stored;
    const permits = new PermitWatch(stored, history);
    const wire = new WireWatch(clock, history);
    this.wire = wire;
    this.network.onSend = (packet) => {
      if (packet.from.address !== this.unit.place.address) return;
      permits.sees(packet);
      wire.left(packet);
    };
    this.network.onArrival = (packet) => {
      if (packet.to.address !== this.unit.place.address) return;
      this.#lastArrival = { packet, atMs: clock.now() };
      wire.arrived(packet);
    };
    this.unit = new SimulatedUnit({
      clock,
      history,
      random: seededRandom(`${seed} unit`),
      log: silentLog,
      network: this.network,
      ether: this.ether,
      folder: stored.unitFolder,
      onDeath: () => this.#unitDied(),
    });
    this.web = new SimulatedWeb({
      clock,
      history,
      random: seededRandom(`${seed} web`),
      database: this.database,
      unit: this.unit,
      changed: (session) => this.#byNumber.get(session.replace("session-", ""))?.browser.looks(),
    });
    this.trunks = subscribers.map(
      ({ trunk }) =>
        new TrunkEnd(
          {
            clock,
            history,
            ether: this.ether,
            network: this.network,
            unit: this.unit.place,
            whoHas: (user) => this.#whoHas(user),
          },
          trunk,
        ),
    );
  }

  /** The hours asked for, and then calm, so that all that was begun comes to its end. */
  async run(): Promise<void> {
    const { clock, beganAtMs } = this;
    const endMs = beganAtMs + this.wish.hours * hourMs;
    await this.unit.start();
    await this.web.start();
    await clock.runUntil(beganAtMs);
    this.timersAtRest = this.timers;
    for (const fault of this.faults) clock.at(beganAtMs + fault.atMs, () => this.#goesWrong(fault));
    this.#nextVisit(endMs);
    await clock.runUntil(endMs);
    this.network.weather = fairWeather;
    this.history.note("world", "calm");
    await clock.runUntil(endMs + calmMs);
    // Whoever comes back last finds what there is to find.
    for (const { browser } of this.visits) browser.wakes();
    await clock.runUntil(endMs + calmMs + lastLookMs);
  }

  /** What waits in both processes. */
  get timers(): number {
    return this.web.timers + (this.unit.leftovers["timers"] ?? 0);
  }

  async close(): Promise<void> {
    await this.web.close();
    await this.database.close();
    this.stored.close();
  }

  #nextVisit(endMs: number): void {
    const { clock } = this;
    const atMs = clock.now() + this.#people.untilNext(hourMs / (this.wish.callsAnHour ?? 40));
    if (atMs >= endMs) return;
    clock.at(atMs, () => {
      this.#visit();
      this.#nextVisit(endMs);
    });
  }

  #visit(): void {
    const { clock, history, web, wish } = this;
    const serial = this.visits.length + 1;
    const chance = new Chance(`${wish.seed} visit ${serial}`);
    const [first, ...others] = subscribers;
    if (first === undefined) return;
    const subscriber = chance.pick(first, ...others);
    const number = `+1415${2_000_000 + serial}`;
    const visitor = { subscriber, number, code: `K${serial}` };
    const browser = new Browser({ clock, history, web, chance }, visitor);
    const traits = drawTraits(chance);
    const visit: Visit = {
      visitor,
      browser,
      clickedAtMs: clock.now(),
      traits,
      holder: visitorOn({ clock, chance }),
    };
    this.visits.push(visit);
    this.#byNumber.set(number, visit);
    browses(browser, { clock, chance });
  }

  #whoHas(user: string) {
    const visit = this.#byNumber.get(user);
    if (visit !== undefined) return { holder: visit.holder, traits: visit.traits };
    const chance = new Chance(`${this.wish.seed} agent ${++this.#agents}`);
    const center = subscribers.find(({ routes }) => routes.includes(user));
    return {
      holder: agentOn({ clock: this.clock, chance }, center?.pin),
      traits: drawTraits(chance),
    };
  }

  #goesWrong(fault: Fault): void {
    const { clock, history, network, web, unit } = this;
    const nowMs = clock.now();
    history.note("world", JSON.stringify(fault));
    switch (fault.kind) {
      case "loss":
      case "duplication":
      case "delay":
      case "reordering": {
        const { weather } = fault;
        network.weather = weather;
        clock.outside(nowMs + fault.forMs, () => {
          if (network.weather === weather) network.weather = fairWeather;
        });
        return;
      }
      case "partition": {
        const { address } = subscribers[fault.trunk]?.trunk ?? { address: "" };
        network.cutOff(address);
        this.partitions.push({ trunk: address, fromMs: nowMs, untilMs: nowMs + fault.forMs });
        clock.outside(nowMs + fault.forMs, () => network.reconnect(address));
        return;
      }
      case "web-death":
        return web.dies(fault.crossings);
      case "unit-death":
        return unit.dies(fault.crossings);
      case "local-socket":
        return unit.losesClients();
      case "operator-stop": {
        this.stops.push({ fromMs: nowMs, untilMs: nowMs + fault.forMs });
        const stop = { atMs: nowMs, why: "the world" };
        void this.database.transaction((tx) => stopCalls(tx, "platform", stop));
        clock.at(nowMs + fault.forMs, () => {
          // Of a stop that was said twice, too.
          for (const stopped of this.stops) stopped.untilMs = Math.min(stopped.untilMs, clock.now());
          void this.database.transaction((tx) => resumeCalls(tx, "platform"));
        });
        return;
      }
    }
  }

  /** Keys that it had just heard are lost with it, like a packet; and a provisional response that it died over: neither comes again. */
  #unitDied(): void {
    const { packet, atMs } = this.#lastArrival ?? {};
    if (packet !== undefined && atMs === this.clock.now() && packet.says.startsWith("1"))
      this.network.harm(packet.callId, packet.from.address);
    this.wire.unitDied();
    for (const call of this.trunks.flatMap(({ calls }) => calls)) call.losesLastKeys();
  }
}
