import { activeResources } from "#base/active-resources.ts";
import type { Clock } from "#base/clock.ts";
import { type LoopLag, watchLoopLag } from "#base/event-loop-lag.ts";
import type { CallId } from "#base/ids.ts";
import type { CallManager, Noted, WatchedCalls } from "#call-manager/call-manager.ts";
import { callOfLeg } from "#call-manager/call.ts";
import { factOf } from "#call-manager/journal-fact.ts";
import type { TelecomEvent, UnitFigures } from "#contract/telecom.ts";
import type { Metrics } from "#presentation/metrics-route.ts";
import type { Database } from "#store/database.ts";
import type { WatchedUnit } from "#telecom/client.ts";
import {
  Counts,
  Durations,
  type Family,
  metricsContentType,
  metricsText,
  type Sample,
} from "./metrics-text.ts";
import type { SpanExport } from "./span-export.ts";
import { type Overload, overloadReasons } from "./overload.ts";

/** Who keys digits and is never shown a page is forgotten; more calls than this at once key nothing at all. */
const mostKeyed = 10_000;

/**
 * What the web process counts of itself and of the unit. It only looks on: no room knows of it, and what it costs when nobody reads is
 * a few additions a call.
 */
export class PlatformMetrics implements Metrics {
  readonly contentType = metricsContentType;
  readonly #clock: Clock;
  readonly #steadyClock: Clock;
  readonly #lag: ReturnType<typeof watchLoopLag>;
  readonly #begins = new Counts("answer");
  readonly #ended = new Counts("outcome");
  readonly #pushResults = new Counts("result");
  readonly #legsEnded = new Counts("cause");
  readonly #transactions = new Durations([0.002, 0.005, 0.02, 0.1, 0.5, 2]);
  readonly #pushes = new Durations([0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]);
  readonly #keyedAtMs = new Map<CallId, number>();
  #watched: Watched | undefined;
  #ends: readonly (() => void)[] = [];

  /** `clock` is the wall's: the moments of keys are compared with it. */
  constructor(clock: Clock, steadyClock: Clock) {
    this.#clock = clock;
    this.#steadyClock = steadyClock;
    this.#lag = watchLoopLag(steadyClock);
  }

  watch(watched: Watched): void {
    this.#watched = watched;
    this.#ends = [
      watched.unit.onEvent((event) => this.#heard(event)),
      watched.calls.watch((noted) => this.#noted(noted)),
    ];
  }

  /** The same database, with its transactions timed: how long they wait for each other too. */
  timed(database: Database): Database {
    return {
      ...database,
      transaction: async (work) => {
        const beganAtMs = this.#steadyClock.now();
        try {
          return await database.transaction(work);
        } finally {
          this.#transactions.observe((this.#steadyClock.now() - beganAtMs) / 1000);
        }
      },
    };
  }

  /** The same call manager, with what it answers to wishes counted. */
  counted<C extends CallManager>(calls: C): C {
    return {
      ...calls,
      beginCall: async (wish) => {
        const answer = await calls.beginCall(wish);
        this.#begins.add(answer.type === "refused" ? answer.why : answer.resumed ? "resumed" : "begun");
        return answer;
      },
    };
  }

  /** Of the web process. */
  lag(): LoopLag {
    return this.#lag.read();
  }

  async read(): Promise<string> {
    const figures = await this.#watched?.unit.figures();
    return metricsText([...this.#ofCalls(), ...this.#ofProcesses(figures), ...ofUnit(figures)]);
  }

  close(): void {
    this.#lag.close();
    for (const end of this.#ends) end();
  }

  #heard(heard: TelecomEvent): void {
    if (heard.type === "leg-ended") this.#legsEnded.add(heard.cause);
    if (heard.type !== "digit") return;
    this.#keyedAtMs.set(callOfLeg(heard.leg), heard.key.atMs);
    if (this.#keyedAtMs.size <= mostKeyed) return;
    const [oldest] = this.#keyedAtMs.keys();
    if (oldest !== undefined) this.#keyedAtMs.delete(oldest);
  }

  #noted({ row }: Noted): void {
    const { pushed, pushResults = [], outcome, ended } = factOf(row);
    const keyedAtMs = this.#keyedAtMs.get(row.call);
    if (pushed !== undefined && keyedAtMs !== undefined)
      this.#pushes.observe(Math.max(0, this.#clock.now() - keyedAtMs) / 1000);
    for (const { result } of pushResults) if (result !== undefined) this.#pushResults.add(result);
    if (outcome !== undefined) this.#ended.add(outcome);
    if (ended !== undefined) this.#keyedAtMs.delete(row.call);
  }

  #ofCalls(): readonly Family[] {
    const { unit, calls, liveConnections, overload } = this.#watched ?? {};
    const inProgress = calls?.inProgress() ?? [];
    const refuses = overload?.reason(inProgress.length);
    const queued = unit?.queued() ?? { commands: 0, octets: 0 };
    return [
      gauge("tandem_calls", "Calls in progress, by step.", tally("step", inProgress)),
      gauge(
        "tandem_overloaded",
        "1 for the reason by which no new call is taken now.",
        overloadReasons.map((reason) => ({ labels: { reason }, value: reason === refuses ? 1 : 0 })),
      ),
      counter(
        "tandem_call_wishes_total",
        "Answers to visitors who asked for a call.",
        this.#begins.samples(),
      ),
      counter("tandem_calls_ended_total", "Calls that came to an outcome.", this.#ended.samples()),
      gauge("tandem_legs", "Legs that the unit remembers, by state.", tally("state", states(unit))),
      counter("tandem_legs_ended_total", "Legs that ended, by cause.", this.#legsEnded.samples()),
      counter(
        "tandem_pushes_total",
        "Pushed pages that a browser showed, or did not in time.",
        this.#pushResults.samples(),
      ),
      histogram("tandem_push_seconds", "From an agent's last key to the page in its log.", this.#pushes),
      histogram("tandem_database_transaction_seconds", "Transactions, waits included.", this.#transactions),
      gauge("tandem_live_connections", "Pages that follow a call.", one(liveConnections?.() ?? 0)),
      ...ofSpans(this.#watched?.spans),
      gauge("tandem_unit_connected", "1 while the unit is reached.", one(unit?.connected === true ? 1 : 0)),
      gauge("tandem_unit_commands_waiting", "Commands kept for the unit.", one(queued.commands)),
      gauge("tandem_unit_octets_unsent", "Octets that the unit has not read.", one(queued.octets)),
    ];
  }

  #ofProcesses(unit: UnitFigures | undefined): readonly Family[] {
    const { user, system } = process.cpuUsage();
    const both = (web: number, theirs: number | undefined): Sample[] => [
      { labels: { process: "web" }, value: web },
      ...(theirs === undefined ? [] : [{ labels: { process: "unit" }, value: theirs }]),
    ];
    const resources = { web: activeResources(), unit: unit?.mainResources, media: unit?.mediaResources };
    const lags = { web: this.#lag.read(), unit: unit?.mainLag, media: unit?.mediaLag };
    return [
      counter("tandem_cpu_seconds_total", "Processor time.", both((user + system) / 1e6, unit?.cpuSeconds)),
      gauge("tandem_resident_bytes", "Memory.", both(process.memoryUsage.rss(), unit?.residentOctets)),
      gauge(
        "tandem_event_loop_lag_seconds",
        "How late event loops were, of the last five to ten seconds.",
        Object.entries(lags).flatMap(([thread, lag]) => (lag === undefined ? [] : lagSamples(thread, lag))),
      ),
      gauge(
        "tandem_active_resources",
        "What keeps event loops awake.",
        Object.entries(resources).flatMap(([thread, counted]) =>
          Object.entries(counted ?? {}).map(([type, value]) => ({ labels: { thread, type }, value })),
        ),
      ),
    ];
  }
}

interface Watched {
  readonly unit: WatchedUnit;
  readonly calls: Pick<WatchedCalls, "watch" | "inProgress">;
  readonly liveConnections: () => number;
  readonly overload: Overload;
  readonly spans: Pick<SpanExport, "figures"> | undefined;
}

function ofUnit(figures: UnitFigures | undefined): readonly Family[] {
  if (figures === undefined) return [];
  const { portPairs, transactions } = figures;
  return [
    gauge("tandem_rtp_port_pairs", "Port pairs of the RTP range.", [
      { labels: { state: "used" }, value: portPairs.used },
      { labels: { state: "free" }, value: portPairs.all - portPairs.used },
    ]),
    counter("tandem_rtp_refused_total", "RTP and RTCP packets of strangers.", one(figures.rtpRefused)),
    counter("tandem_sip_refused_total", "SIP requests of strangers, and REGISTERs, that were refused.", [
      { labels: { kind: "stray" }, value: figures.sipStrays },
      { labels: { kind: "register" }, value: figures.registersRefused },
    ]),
    gauge("tandem_sip_transactions", "SIP transactions that are not over.", [
      { labels: { side: "client" }, value: transactions.clients },
      { labels: { side: "server" }, value: transactions.servers },
    ]),
    gauge(
      "tandem_web_octets_unread",
      "Octets of events that no web process has read.",
      one(figures.unreadOctets),
    ),
  ];
}

function ofSpans(spans: Watched["spans"]): readonly Family[] {
  if (spans === undefined) return [];
  const { sent, dropped, waiting } = spans.figures();
  return [
    counter("tandem_spans_total", "Spans of traces, by what became of them.", [
      { labels: { fate: "sent" }, value: sent },
      { labels: { fate: "dropped" }, value: dropped },
    ]),
    gauge("tandem_spans_waiting", "Spans that wait for the collector.", one(waiting)),
  ];
}

function states(unit: WatchedUnit | undefined): readonly string[] {
  return unit?.legs().map(({ state }) => state) ?? [];
}

function lagSamples(thread: string, { meanMs, p99Ms, longestMs }: LoopLag): readonly Sample[] {
  return Object.entries({ mean: meanMs, p99: p99Ms, max: longestMs }).map(([of, ms]) => ({
    labels: { thread, of },
    value: ms / 1000,
  }));
}

function tally(label: string, values: readonly string[]): readonly Sample[] {
  const counts = new Counts(label);
  for (const value of values) counts.add(value);
  return counts.samples();
}

function one(value: number): readonly Sample[] {
  return [{ value }];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: "gauge", samples };
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: "counter", samples };
}

function histogram(name: string, help: string, durations: Durations): Family {
  return { name, help, type: "histogram", samples: durations.samples() };
}
