import assert from "node:assert/strict";
import type { WireMessage } from "#rig/capture.ts";
import { type Check, check } from "./checks.ts";
import { annsNumber, dnis } from "./flow-people.ts";

/** What the capture says of the SIP: the permits' order, and TAG2 as docs/wire.md has it. */
export async function* proveWire(told: {
  readonly messages: readonly WireMessage[];
  readonly annPort: number;
  readonly bobPort: number;
  readonly sipPort: number;
}): AsyncGenerator<Check> {
  const invites = (port: number): readonly WireMessage[] =>
    told.messages.filter(({ kind, to }) => kind === "INVITE" && to.endsWith(`:${port}`));
  const [toAnn] = invites(told.annPort);
  const [toBob] = invites(told.bobPort);

  yield await check("wire 206  one INVITE a telephone, Ann's first", () => {
    assert.ok(toAnn !== undefined && toBob !== undefined, "an INVITE is missing");
    assert.equal(new Set(invites(told.annPort).map((invite) => invite.header("call-id"))).size, 1);
    assert.equal(new Set(invites(told.bobPort).map((invite) => invite.header("call-id"))).size, 1);
    assert.ok(toAnn.atMs < toBob.atMs);
    return `Bob's came ${((toBob.atMs - toAnn.atMs) / 1000).toFixed(1)} s later`;
  });
  if (toAnn === undefined || toBob === undefined) return;

  yield await check("wire 211  the DNIS stands in the Request-URI and in To", () => {
    assert.match(toBob.startLine, new RegExp(`^INVITE sip:${dnis}@`));
    assert.match(toBob.header("to") ?? "", new RegExp(`sip:${dnis}@`));
  });
  yield await check("wire 211  Ann's number stands in From and P-Asserted-Identity", () => {
    const number = annsNumber.replace("+", "\\+");
    assert.match(toBob.header("from") ?? "", new RegExp(`sip:${number}@`));
    assert.match(toBob.header("p-asserted-identity") ?? "", new RegExp(number));
  });
  yield await check("wire 211  User-to-User tells reference, subject and code", () => {
    const value = toBob.header("user-to-user") ?? "";
    const payload = Buffer.from(/^[0-9a-fA-F]+/.exec(value)?.[0] ?? "", "hex").toString("utf8");
    assert.match(value, /;\s*encoding=hex/);
    assert.ok(payload.length <= 128);
    assert.match(payload, /;r=\d{6};s=mortgages;c=A47/);
    return payload;
  });
  yield await check("wire 211  X-Tandem-Context stands once; Ann's INVITE has neither", () => {
    assert.equal(toBob.headers("x-tandem-context").length, 1);
    assert.equal(toAnn.header("x-tandem-context"), undefined);
    assert.equal(toAnn.header("user-to-user"), undefined);
    return toBob.header("x-tandem-context") ?? "";
  });
  yield await check("wire 218  each line ends with one BYE, answered", () => {
    for (const port of [told.annPort, told.bobPort]) {
      const own = told.messages.filter(
        ({ from, to }) => from.endsWith(`:${port}`) || to.endsWith(`:${port}`),
      );
      const byes = new Set(own.filter(({ kind }) => kind === "BYE").map((bye) => bye.header("cseq")));
      assert.equal(byes.size, 1);
      assert.ok(own.some(({ kind, header }) => kind === "200" && header("cseq")?.endsWith("BYE") === true));
    }
  });
}
