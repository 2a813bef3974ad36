/** The text format of Prometheus, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export interface Family {
  /** `tandem_...`, in base units, ending in `_total` for a counter. */
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly suffix?: "_bucket" | "_sum" | "_count";
  /** Values of closed lists alone: each new one is a series for ever. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export const metricsContentType = "text/plain; version=0.0.4; charset=utf-8";

export function metricsText(families: readonly Family[]): string {
  const lines = families.flatMap(({ name, help, type, samples }) =>
    samples.length === 0
      ? []
      : [
          `# HELP ${name} ${help}`,
          `# TYPE ${name} ${type}`,
          ...samples.map(({ suffix = "", labels, value }) => `${name}${suffix}${labelled(labels)} ${value}`),
        ],
  );
  return `${lines.join("\n")}\n`;
}

function labelled(labels: Sample["labels"]): string {
  const each = Object.entries(labels ?? {}).map(
    ([name, value]) => `${name}="${value.replace(/[\\"\n]/g, (odd) => (odd === "\n" ? "\\n" : `\\${odd}`))}"`,
  );
  return each.length === 0 ? "" : `{${each.join(",")}}`;
}

/** Counts by one label, whose values are a closed list of the code's own. */
export class Counts {
  readonly #label: string;
  readonly #counts = new Map<string, number>();

  constructor(label: string) {
    this.#label = label;
  }

  add(value: string): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
  }

  samples(): readonly Sample[] {
    return [...this.#counts].map(([value, count]) => ({ labels: { [this.#label]: value }, value: count }));
  }
}

/** How long something took, in seconds. */
export class Durations {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  observe(seconds: number): void {
    const at = this.#bounds.findIndex((bound) => seconds <= bound);
    if (at !== -1) this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += seconds;
    this.#count += 1;
  }

  samples(): readonly Sample[] {
    let below = 0;
    const buckets = this.#bounds.map((bound, at): Sample => {
      below += this.#counts[at] ?? 0;
      return { suffix: "_bucket", labels: { le: String(bound) }, value: below };
    });
    return [
      ...buckets,
      { suffix: "_bucket", labels: { le: "+Inf" }, value: this.#count },
      { suffix: "_sum", value: this.#sum },
      { suffix: "_count", value: this.#count },
    ];
  }
}
