import { seededRandom } from "#base/random.ts";
import type { Platform } from "#rig/platform.ts";

export interface Crash {
  /** From the beginning of the calls. */
  readonly atMs: number;
  readonly who: "unit" | "web" | "both";
}

/** From the death until all that died serves again. Wall time. */
export interface CrashSeen extends Crash {
  readonly diedAtMs: number;
  readonly servesAtMs: number;
}

/** Evenly in time but for a draw of the seed within each one's share, so that the supervisor's breaker is met at times, not always. */
export function crashesOf(
  seed: string,
  wish: { readonly count: number; readonly withinMs: number },
): readonly Crash[] {
  const random = seededRandom(`crashes ${seed}`);
  const shareMs = Math.floor(wish.withinMs / Math.max(1, wish.count));
  return Array.from({ length: wish.count }, (_, n) => {
    const atMs = n * shareMs + random.integer(Math.max(1, Math.floor(shareMs * 0.7)));
    const draw = random.integer(10);
    return { atMs, who: draw === 0 ? "both" : draw % 2 === 0 ? "unit" : "web" };
  });
}

/** Kill -9 of each in its time. One that falls due while the one before is not over waits for that. */
export async function* crash(
  platform: Platform,
  crashes: readonly Crash[],
  beganMs: number,
): AsyncGenerator<CrashSeen> {
  for (const each of crashes) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, beganMs + each.atMs - performance.now())));
    const diedAtMs = Date.now();
    await Promise.all([
      ...(each.who === "web" ? [] : [platform.killUnit().then(() => platform.startUnit())]),
      ...(each.who === "unit" ? [] : [platform.killWeb().then(() => platform.startWeb())]),
    ]);
    yield { ...each, diedAtMs, servesAtMs: Date.now() };
  }
}
