import type { LegId } from "#base/ids.ts";
import type { Command, LegState, TelecomEvent } from "#contract/telecom.ts";

/**
 * The telecommunications unit as the call manager sees it. Another switch (a carrier's API, drachtio) may stand below this
 * interface: nothing of SIP shows in it.
 *
 * The client mirrors the unit's legs: it takes the snapshot at each connect and every event after it, so `leg` answers
 * without a round trip. Commands said while the connection is down are kept (at most 10,000) and said again after the
 * snapshot; a leg's command repeated is harmless by contract.
 */
export interface TelecomUnit {
  send(command: Command): void;
  /** The mirror's view of one leg; undefined when the unit has never heard of it (or has forgotten it). */
  leg(leg: LegId): LegState | undefined;
  legs(): readonly LegState[];
  /** Called after the mirror has taken the event in. Returns the unsubscription. */
  onEvent(listener: (event: TelecomEvent) => void): () => void;
  /** True from a snapshot until the connection breaks. */
  readonly connected: boolean;
  /** Resolves at the first snapshot. */
  ready(signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
