/** A straight line through what was measured, and how sure its slope is. */
export interface Slope {
  readonly perHour: number;
  /** Two standard errors: the slope is within this of `perHour` in 95 of 100 runs. */
  readonly uncertainty: number;
}

const hourMs = 3_600_000;

/**
 * Least squares. What a process holds at one moment is much like what it held ten seconds before, so the neighbours' likeness (the
 * residuals' autocorrelation at lag one) makes the samples count for fewer than they are.
 */
export function slopeOf(samples: readonly { readonly atMs: number; readonly value: number }[]): Slope {
  const count = samples.length;
  if (count < 3) return { perHour: Number.NaN, uncertainty: Number.POSITIVE_INFINITY };
  const meanAt = mean(samples.map(({ atMs }) => atMs));
  const meanValue = mean(samples.map(({ value }) => value));
  const spread = samples.reduce((sum, { atMs }) => sum + (atMs - meanAt) ** 2, 0);
  const slope =
    samples.reduce((sum, { atMs, value }) => sum + (atMs - meanAt) * (value - meanValue), 0) / spread;
  const rest = samples.map(({ atMs, value }) => value - meanValue - slope * (atMs - meanAt));
  const squares = rest.reduce((sum, each) => sum + each ** 2, 0);
  const likeness =
    squares === 0
      ? 0
      : Math.max(0, rest.slice(1).reduce((sum, each, n) => sum + each * (rest[n] ?? 0), 0) / squares);
  const counted = Math.max(3, (count * (1 - likeness)) / (1 + likeness));
  const error = Math.sqrt(squares / Math.max(1, counted - 2) / (spread * (counted / count)));
  return { perHour: slope * hourMs, uncertainty: 2 * error * hourMs };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0) / values.length;
}
