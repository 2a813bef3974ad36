import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DateTime } from "luxon";
import { isOpen, opensAtMs } from "./availability.ts";
import type { OpeningHours, Span, Weekday } from "./records.ts";

const never: OpeningHours["weekly"] = { mon: [], tue: [], wed: [], thu: [], fri: [], sat: [], sun: [] };
const span = (from: string, to: string): Span => ({ from, to });
const office: OpeningHours = {
  weekly: {
    ...never,
    mon: [span("09:00", "17:30")],
    tue: [span("09:00", "12:00"), span("13:00", "17:30")],
    fri: [span("22:00", "02:00")],
    sun: [span("00:00", "24:00")],
  },
  holidays: [
    { date: "2026-01-05", name: "Twelfth Night", spans: [] },
    { date: "2026-01-10", spans: [span("10:00", "11:00")] },
  ],
};
const newYork = "America/New_York";
const at = (local: string, zone = newYork): number => DateTime.fromISO(local, { zone }).toMillis();
const told = (ms: number | undefined, zone = newYork): string | null | undefined =>
  ms === undefined ? undefined : DateTime.fromMillis(ms, { zone }).toISO({ suppressMilliseconds: true });

test("a span begins on its minute and ends before its last", () => {
  assert.deepEqual(
    ["2026-01-12T08:59:59", "2026-01-12T09:00", "2026-01-12T17:29:59", "2026-01-12T17:30"].map((moment) =>
      isOpen(office, newYork, at(moment)),
    ),
    [false, true, true, false],
  );
});

test("a holiday's spans replace its weekday's", () => {
  assert.equal(isOpen(office, newYork, at("2026-01-05T10:00")), false);
  assert.equal(told(opensAtMs(office, newYork, at("2026-01-05T10:00"))), "2026-01-06T09:00:00-05:00");
});

test("a span over midnight belongs to the day it begins on, also into a holiday", () => {
  assert.equal(isOpen(office, newYork, at("2026-01-09T23:00")), true);
  assert.equal(isOpen(office, newYork, at("2026-01-10T01:59")), true);
  assert.equal(isOpen(office, newYork, at("2026-01-10T02:00")), false);
  assert.equal(told(opensAtMs(office, newYork, at("2026-01-10T02:00"))), "2026-01-10T10:00:00-05:00");
});

test("24:00 is the end of the day: Sunday is open to its last second", () => {
  assert.equal(isOpen(office, newYork, at("2026-01-11T23:59:59.999")), true);
  assert.equal(isOpen(office, newYork, at("2026-01-12T00:00")), false);
});

test("who asks while it is open is told now", () => {
  const now = at("2026-01-12T10:00");
  assert.equal(opensAtMs(office, newYork, now), now);
});

test("an opening in the hour that summer time skips is the moment of the skip", () => {
  // 8 March 2026: 02:00 becomes 03:00 in New York.
  const hours: OpeningHours = { weekly: { ...never, sun: [span("02:30", "04:00")] }, holidays: [] };
  assert.equal(told(opensAtMs(hours, newYork, at("2026-03-08T00:00"))), "2026-03-08T03:00:00-04:00");
});

test("an hour that comes twice is open twice", () => {
  // 1 November 2026: 02:00 becomes 01:00 in New York.
  const hours: OpeningHours = { weekly: { ...never, sun: [span("01:00", "01:30")] }, holidays: [] };
  const first = opensAtMs(hours, newYork, at("2026-11-01T00:00"));
  assert.equal(told(first), "2026-11-01T01:00:00-04:00");
  const closed = (first ?? 0) + 30 * 60_000;
  assert.equal(isOpen(hours, newYork, closed), false);
  assert.equal(told(opensAtMs(hours, newYork, closed)), "2026-11-01T01:00:00-05:00");
});

test("a center that never opens says so", () => {
  assert.equal(opensAtMs({ weekly: never, holidays: [] }, newYork, at("2026-01-12T00:00")), undefined);
  const once: OpeningHours = {
    weekly: never,
    holidays: [{ date: "2027-02-01", spans: [span("09:00", "10:00")] }],
  };
  assert.equal(told(opensAtMs(once, newYork, at("2026-01-12T00:00"))), "2027-02-01T09:00:00-05:00");
});

test("a center that never opens says so without a search", () => {
  const looks = { count: 0 };
  const past = { date: "2026-01-10", spans: [span("10:00", "11:00")] };
  const closed = { date: "2026-12-25", spans: [] };
  const hours: OpeningHours = {
    get weekly() {
      looks.count += 1;
      return never;
    },
    holidays: [past, closed],
  };
  assert.equal(opensAtMs(hours, newYork, at("2026-01-12T00:00")), undefined);
  assert.ok(looks.count < 20, `it looked at the week ${looks.count} times`);
  assert.equal(told(opensAtMs(hours, newYork, at("2026-01-10T00:00"))), "2026-01-10T10:00:00-05:00");
});

// An independent reading of the wall clock, to compare with: Intl, minute by minute.
const wallClocks = new Map<string, Intl.DateTimeFormat>();
function openByWallClock(hours: OpeningHours, timeZone: string, ms: number): boolean {
  let format = wallClocks.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-CA", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
    });
    wallClocks.set(timeZone, format);
  }
  const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  const time = `${part["hour"]}:${part["minute"]}`;
  const day = Date.UTC(Number(part["year"]), Number(part["month"]) - 1, Number(part["day"]));
  const spansOf = (dayMs: number): readonly Span[] => {
    const date = new Date(dayMs);
    const weekday = (["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const)[date.getUTCDay()] as Weekday;
    return (
      hours.holidays.find((holiday) => holiday.date === date.toISOString().slice(0, 10))?.spans ??
      hours.weekly[weekday]
    );
  };
  const today = spansOf(day).some(({ from, to }) => from <= time && (time < to || to <= from));
  return today || spansOf(day - 86_400_000).some(({ from, to }) => to <= from && time < to);
}

const time = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.constantFrom("00", "15", "30", "59"))
  .map(([hour, minute]) => `${String(hour).padStart(2, "0")}:${minute}`);
const anySpans = fc.array(
  fc.record({ from: time, to: fc.oneof(time, fc.constant("24:00")) }).filter(({ from, to }) => from !== to),
  { maxLength: 2 },
);
const anyHours: fc.Arbitrary<OpeningHours> = fc.record({
  weekly: fc.record({
    mon: anySpans,
    tue: anySpans,
    wed: anySpans,
    thu: anySpans,
    fri: anySpans,
    sat: anySpans,
    sun: anySpans,
  }),
  holidays: fc.array(
    fc.record({
      date: fc.constantFrom("2026-03-08", "2026-03-29", "2026-11-01", "2026-10-25"),
      spans: anySpans,
    }),
    { maxLength: 2 },
  ),
});
const anyZone = fc.constantFrom(
  "America/New_York",
  "Europe/Madrid",
  "Australia/Lord_Howe",
  "Asia/Kolkata",
  "America/Havana",
  "Asia/Beirut",
  "UTC",
  "Pacific/Chatham",
  "America/Santiago",
);
// Around the changes of the clocks of those zones, to the minute.
const anyMoment = fc
  .tuple(
    fc.constantFrom(
      "2026-03-08",
      "2026-03-29",
      "2026-04-05",
      "2026-09-06",
      "2026-10-04",
      "2026-10-25",
      "2026-11-01",
      "2026-06-15",
    ),
    fc.integer({ min: -36 * 60, max: 36 * 60 }),
  )
  .map(([date, minutes]) => Date.parse(`${date}T00:00Z`) + minutes * 60_000);

test("open is what an independent wall clock says, and the next opening is the first such minute", () => {
  fc.assert(
    fc.property(anyHours, anyZone, anyMoment, (hours, zone, moment) => {
      const opens = opensAtMs(hours, zone, moment);
      for (let minute = 0; minute < 2 * 24 * 60; minute++) {
        const ms = moment + minute * 60_000;
        if (!openByWallClock(hours, zone, ms)) {
          if (minute === 0) assert.equal(isOpen(hours, zone, ms), false);
          continue;
        }
        assert.equal(told(opens, zone), told(ms, zone));
        assert.equal(isOpen(hours, zone, ms), true);
        return;
      }
      assert.ok(opens === undefined || opens >= moment + 2 * 24 * 60 * 60_000, told(opens, zone) ?? "");
    }),
    { numRuns: 600 },
  );
});
