import { silentLog } from "#base/log.ts";
import { memoryJournal } from "../journal/memory-journal.ts";
import type { MediaEngine } from "../media/media-engine.ts";
import { KeptTerminations } from "./kept-terminations.ts";

/** For tests: what a switch needs that forgets its lines when it dies. */
export function forgetful(media: MediaEngine) {
  const journal = memoryJournal("boot");
  return { journal, terminations: new KeptTerminations({ media, journal, log: silentLog }) };
}
