import type { Clock } from "#base/clock.ts";
import type { Random } from "#base/random.ts";
import type { Trunk } from "#network/records.ts";
import type { Settings } from "../settings.ts";

/** The platform that is looked at, as its settings and its configuration file describe it. */
export interface Patient {
  readonly settings: Settings;
  /** Of the configuration file; undefined without one that can be read: the database may hold some. */
  readonly trunks: readonly Trunk[] | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly stunServer: string | undefined;
  /** Which of its processes run now. */
  readonly runs: { readonly unit: boolean; readonly web: boolean };
}
