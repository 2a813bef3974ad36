import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "#rig/processes.ts";
import { makeResponse } from "#telecom/sip/message/build.ts";
import { parse } from "#telecom/sip/message/parse.ts";
import { serialize } from "#telecom/sip/message/serialize.ts";
import { validate } from "#telecom/sip/message/validate.ts";
import { provenAbilities } from "./rfc4475-meanings.ts";

const archive = resolve(import.meta.dirname, "../../../shared/corpora/protos-c07-sip.tar.xz");

test("the 9,054 datagrams of PROTOS c07-sip are read, judged and answered without an error", (t) => {
  if (!existsSync(archive)) return t.skip("no ../shared");
  using folder = temporaryFolder("protos");
  const rendered = join(folder.path, "rendered");
  execFileSync("tar", ["xJf", archive, "-C", folder.path]);
  execFileSync(process.execPath, [join(folder.path, "protos-c07-sip", "render.mjs"), rendered]);

  const files = readdirSync(rendered);
  let answered = 0;
  for (const file of files) {
    // A failure names its case: `0000042.invite`.
    assert.doesNotThrow(() => {
      if (answer(readFileSync(join(rendered, file))) !== undefined) answered++;
    }, file);
  }
  assert.equal(files.length, 9_054);
  assert.ok(answered > 8_000, `${answered} were answered`);
});

function answer(octets: Uint8Array): Uint8Array | undefined {
  const result = parse(octets, "datagram");
  if (result.type === "refuse") return serialize(makeResponse(result.request, result.status, { toTag: "t" }));
  if (result.type === "drop" || result.message.type === "response") return undefined;
  const verdict = validate(result.message, provenAbilities);
  if (verdict.type === "drop") return undefined;
  const status = verdict.type === "reject" ? verdict.status : 200;
  return serialize(makeResponse(result.message, status, { toTag: "t" }));
}
