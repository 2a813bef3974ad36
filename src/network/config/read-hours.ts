import type { JSONPath } from "jsonc-parser";
import { DateTime } from "luxon";
import type { CenterShape } from "../config-schema.ts";
import type { OpeningHours, Span, Weekday } from "../records.ts";
import type { Complaints } from "./complaints.ts";

const weekdays: readonly Weekday[] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const allDay: readonly Span[] = [{ from: "00:00", to: "24:00" }];

/** A center's hours and holidays, as the records hold them. */
export function readHours(center: CenterShape, path: JSONPath, complaints: Complaints): OpeningHours {
  return {
    weekly: readWeek(center.hours, [...path, "hours"], complaints),
    holidays: Object.entries(center.holidays ?? {}).map(([date, told]) => {
      const place = [...path, "holidays", date];
      if (!DateTime.fromISO(date, { zone: "UTC" }).isValid)
        complaints.add(place, "is no day of the calendar", "name");
      const spans = "hours" in told ? told.hours : told;
      return {
        date,
        ...("hours" in told && { name: told.name }),
        spans: readSpans(spans, "hours" in told ? [...place, "hours"] : place, complaints),
      };
    }),
  };
}

function readWeek(
  hours: CenterShape["hours"],
  path: JSONPath,
  complaints: Complaints,
): OpeningHours["weekly"] {
  const week: Record<Weekday, readonly Span[]> = {
    mon: [],
    tue: [],
    wed: [],
    thu: [],
    fri: [],
    sat: [],
    sun: [],
  };
  if (hours === "always") {
    for (const day of weekdays) week[day] = allDay;
    return week;
  }
  const told = new Set<Weekday>();
  for (const [days, spans] of Object.entries(hours)) {
    const place = [...path, days];
    const read = readSpans(spans, place, complaints);
    const covered = daysOf(days);
    if (covered.length === 0)
      complaints.add(place, "ends on a weekday before the one it begins with", "name");
    for (const day of covered) {
      if (told.has(day)) complaints.add(place, `tells ${day} a second time`, "name");
      told.add(day);
      week[day] = read;
    }
  }
  return week;
}

function daysOf(days: string): readonly Weekday[] {
  const [first = "", last = first] = days.split("-");
  const from = weekdays.findIndex((day) => day === first);
  const to = weekdays.findIndex((day) => day === last);
  return from < 0 || to < from ? [] : weekdays.slice(from, to + 1);
}

function readSpans(spans: readonly string[], path: JSONPath, complaints: Complaints): readonly Span[] {
  return spans.map((span, index) => {
    const [from = "", to = ""] = span.split("-");
    if (from === to) complaints.add([...path, index], "begins when it ends; a whole day is 00:00-24:00");
    return { from, to };
  });
}
