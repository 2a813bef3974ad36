/** RFC 3261 17.1.1.1 and table 4. One-way times of the network; every timer is made of them. */
export interface Timing {
  /** An estimate of the round trip: the first retransmission. */
  readonly t1Ms: number;
  /** The longest time between two retransmissions of a request that is no INVITE, and of a response to INVITE. */
  readonly t2Ms: number;
  /** The longest time that a message stays in the network. */
  readonly t4Ms: number;
}

export const usualTiming: Timing = { t1Ms: 500, t2Ms: 4_000, t4Ms: 5_000 };

/** How a transaction waits: by the RFC's times, and whether its transport repeats lost packets by itself. */
export interface Pace {
  readonly timing: Timing;
  /** TCP: nothing is retransmitted, and there is nothing left to wait for at the end. */
  readonly reliable: boolean;
}

/** Timers B, F, H, J, L, M: how long anything is waited for, 64*T1. */
export function patienceMs({ timing }: Pace): number {
  return 64 * timing.t1Ms;
}
