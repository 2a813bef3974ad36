import { DateTime } from "luxon";
import type { OpeningHours, Span, Weekday } from "./records.ts";

/**
 * 203. Whether a center is open, by the wall clock of its own time zone.
 *
 * Open is what the clock on the center's wall says: an hour that summer time skips is not missed, one that comes twice is
 * open twice. A span belongs to the day it begins on, also where it crosses midnight; a holiday's spans replace those of
 * its weekday, and a span that began the evening before runs to its end.
 */
export function isOpen(hours: OpeningHours, timeZone: string, atMs: number): boolean {
  const local = minuteOnTheWall(timeZone, atMs);
  const minute = local.hour * 60 + local.minute;
  const today = spansOf(hours, local);
  if (today.some(({ from, to }) => from <= minute && minute < (to > from ? to : dayMinutes))) return true;
  return spansOf(hours, local.minus({ days: 1 })).some(({ from, to }) => to <= from && minute < to);
}

/** All who click within a minute ask for the same, and to find it costs more than all else here. */
function minuteOnTheWall(timeZone: string, atMs: number): DateTime {
  const fromMs = Math.floor(atMs / minuteMs) * minuteMs;
  const known = lastMinutes.get(timeZone);
  if (known?.toMillis() === fromMs) return known;
  const found = DateTime.fromMillis(fromMs, { zone: timeZone });
  if (lastMinutes.size >= mostZones) lastMinutes.clear();
  lastMinutes.set(timeZone, found);
  return found;
}

const lastMinutes = new Map<string, DateTime>();
const mostZones = 1_000;

/** The first moment at or after `atMs` when the center is open; undefined when there is none within 400 days. */
export function opensAtMs(hours: OpeningHours, timeZone: string, atMs: number): number | undefined {
  if (isOpen(hours, timeZone, atMs)) return atMs;
  const today = DateTime.fromMillis(atMs, { zone: timeZone }).startOf("day");
  if (!mayOpenFrom(hours, today)) return undefined;
  for (let day = 0; day <= searchedDays; day++) {
    const first = openingsOn(hours, today.plus({ days: day }))
      .filter((moment) => moment > atMs && isOpen(hours, timeZone, moment))
      .sort((earlier, later) => earlier - later)[0];
    if (first !== undefined) return first;
  }
  return undefined;
}

/** To search 400 days for nothing costs a tenth of a second, and everybody who clicks may ask. */
function mayOpenFrom(hours: OpeningHours, today: DateTime): boolean {
  const date = today.toISODate() ?? "";
  return (
    weekdays.some((day) => hours.weekly[day].length > 0) ||
    hours.holidays.some((holiday) => holiday.date >= date && holiday.spans.length > 0)
  );
}

const dayMinutes = 24 * 60;
const minuteMs = 60_000;
const searchedDays = 400;
const weekdays: readonly Weekday[] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

interface Minutes {
  readonly from: number;
  readonly to: number;
}

function spansOf(hours: OpeningHours, day: DateTime): readonly Minutes[] {
  const date = day.toISODate();
  const holiday = hours.holidays.find((candidate) => candidate.date === date);
  const weekday = weekdays[day.weekday - 1];
  const spans = holiday?.spans ?? (weekday === undefined ? [] : hours.weekly[weekday]);
  return spans.map(({ from, to }) => ({ from: minutesOf(from), to: minutesOf(to) }));
}

function minutesOf(time: Span["from"]): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
}

/**
 * The moments of a day at which a center may open: the beginning of each span, in each of the day's offsets from UTC,
 * and the moment when the offset changes. Some of them are no openings; the caller asks.
 */
function openingsOn(hours: OpeningHours, day: DateTime): readonly number[] {
  const start = day.startOf("day");
  const end = day.endOf("day");
  const wallMs = Date.UTC(day.year, day.month - 1, day.day);
  const offsets = start.offset === end.offset ? [start.offset] : [start.offset, end.offset];
  const begins = spansOf(hours, day).flatMap(({ from }) =>
    offsets.map((offset) => wallMs + (from - offset) * minuteMs),
  );
  return offsets.length === 1
    ? [start.toMillis(), ...begins]
    : [start.toMillis(), changeOf(start, end), ...begins];
}

/** The first moment with the end's offset. */
function changeOf(start: DateTime, end: DateTime): number {
  let before = start.toMillis();
  let after = end.toMillis();
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (DateTime.fromMillis(middle, { zone: start.zone }).offset === end.offset) after = middle;
    else before = middle;
  }
  return after;
}
