import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { presentationOnLoopback } from "#rig/open-test-presentation.ts";
import { linesOf, patientIn } from "#rig/patient.ts";
import { freePort } from "#rig/ports.ts";
import { temporaryFolder } from "#rig/processes.ts";
import { checkPages } from "./pages-check.ts";

async function seen(url: string, web: boolean): Promise<string> {
  using folder = temporaryFolder("doctor");
  const runs = { unit: web, web };
  const found = await checkPages(patientIn(folder.path, { TANDEM_PUBLIC_URL: url }, { runs }));
  return linesOf(found).join("\n");
}

test("Tandem's own pages at the public URL are well", async () => {
  await using tandem = await presentationOnLoopback();
  assert.equal(await seen(tandem.url, true), `ok: ${tandem.url} shows Tandem's pages.`);
});

test("another site there is wrong when Tandem runs, and a warning before its first start", async () => {
  const other = createServer((_request, response) => response.writeHead(502).end()).listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  const says = `${url} answers 502, and not with Tandem's pages.`;
  assert.equal(await seen(url, true), `wrong: ${says}`);
  assert.equal(await seen(url, false), `warning: ${says}`);
  other.close();
  other.closeAllConnections();
});

test("nobody at the public URL, and none that is told", async () => {
  assert.match(
    await seen(`http://127.0.0.1:${await freePort()}`, true),
    /^wrong: .*does not answer: .*ECONNREFUSED/,
  );
  using folder = temporaryFolder("doctor");
  assert.match(
    linesOf(await checkPages(patientIn(folder.path)))[0] ?? "",
    /^ok: TANDEM_PUBLIC_URL is not set/,
  );
});
