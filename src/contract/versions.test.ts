import assert from "node:assert/strict";
import { test } from "node:test";
import { agreed } from "./versions.ts";

test("two sides speak the newest version that both understand, or none", () => {
  assert.equal(agreed({ oldest: 2, newest: 3 }, { oldest: 1, newest: 2 }), 2);
  assert.equal(agreed({ oldest: 2, newest: 3 }, { oldest: 2, newest: 4 }), 3);
  assert.equal(agreed({ oldest: 3, newest: 3 }, { oldest: 1, newest: 2 }), undefined);
});
