import type { WorldWish } from "./world.ts";

const stormy = { hours: 0.5, callsAnHour: 150, storm: 3 } as const;

/** Worlds that once showed a fault, of the product's or of the simulator's: what is mended stays so. Each says what it showed. */
export const keptSeeds: readonly (WorldWish & { readonly showed: string })[] = [
  {
    seed: 2,
    hours: 4,
    showed: "a telephone whose call was parted from the unit stayed on its line for ever",
  },
  { seed: 4, hours: 3, showed: "an INVITE that came again after its ACK looked unanswered" },
  {
    seed: 7,
    hours: 0.5,
    callsAnHour: 150,
    storm: 3,
    showed: "a refusal long after an unheard CANCEL looked unacknowledged",
  },
  {
    seed: 17,
    hours: 0.5,
    callsAnHour: 150,
    storm: 3,
    showed: "a key's INFO that crossed a BYE looked like a call that was lost",
  },
  {
    ...stormy,
    seed: 16,
    showed: "a leg that was dialled by the second process was dialled again by the third",
  },
  {
    ...stormy,
    seed: 5,
    showed: "a refusal was acknowledged before it was written down, and the next process waited for it",
  },
  {
    ...stormy,
    seed: 20,
    showed: "a challenge that came again after the unit's death was not acknowledged",
  },
];
