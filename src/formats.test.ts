import assert from "node:assert/strict";
import { test } from "node:test";
import { type Formats, formats, whyApart } from "./formats.ts";

const later = (change: Partial<Formats>): Formats => ({ ...formats, ...change });

test("a release that only adds can take over, and be taken over from", () => {
  const rows = { ...formats.rows, written: formats.rows.written + 1 };
  const tables = { ...formats.tables, written: formats.tables.written + 1 };
  assert.equal(whyApart(formats, later({ rows, tables })), undefined);
  assert.equal(whyApart(later({ rows, tables }), formats), undefined);
});

test("why two releases are too far apart is said in words", () => {
  const wire = { oldest: formats.wire.newest + 1, newest: formats.wire.newest + 1 };
  assert.match(whyApart(formats, later({ wire })) ?? "", /not understand each other/);
  const rows = { oldest: formats.rows.written + 1, written: formats.rows.written + 1, readableBy: 1 };
  assert.match(whyApart(formats, later({ rows })) ?? "", /does not read the unit's journal/);
  const written = formats.tables.written + 1;
  const tables = { oldest: 1, written, readableBy: written };
  assert.match(
    whyApart(formats, later({ tables })) ?? "",
    /no way back: this version does not read the database/,
  );
});
