import assert from "node:assert/strict";
import test from "node:test";
import type { SubjectId } from "#base/ids.ts";
import { presentationWithoutSocket } from "#rig/open-test-presentation.ts";
import { virtualToken } from "#rig/virtual-call-manager.ts";
import { ticketIn, Visitor } from "#rig/visitor.ts";
import { messages, momentInWords } from "./messages/messages.ts";

const talk = "/talk/bank/mortgages";

test("a page that says no leads on: to what can be asked about now, and to the other language", async () => {
  await using scene = await presentationWithoutSocket();
  scene.callManager.availableFor.set("cards", { type: "closed", timeZone: "UTC" });
  const ann = new Visitor(scene.app);
  const spanish = { "accept-language": "es" };
  for (const [answer, status, other] of [
    [await ann.get("/talk/bank/gardening"), 404, "/talk/bank/gardening?lang=es"],
    [await ann.get(`${talk}?title=%00&lang=en`), 400, `${talk}?title=%00&lang=es`],
    [await ann.post(talk, { ticket: "x.y.z.a.b" }), 403, `${talk}?lang=es`],
    [await ann.post(talk, {}), 403, `${talk}?lang=es`],
    [await ann.post("/talk/bank/%00%22", {}, spanish), 403, "/talk/bank/%00%22?lang=en"],
  ] as const) {
    assert.equal(answer.statusCode, status);
    const links = [...answer.body.matchAll(/href="([^"]*)"/g)].map(([, link = ""]) =>
      link.replaceAll("&#61;", "=").replaceAll("&#38;", "&"),
    );
    assert.ok(links.includes(other), `${other}: ${links.join(" ")}`);
    assert.ok(links.includes(talk) && links.includes("https://www.bank.example"), links.join(" "));
    assert.ok(!links.includes("/talk/bank/cards"));
  }
});

test("no address makes the link to the other language lead elsewhere", async () => {
  await using scene = await presentationWithoutSocket();
  for (const url of ["//evil.example/x", "///evil.example", "/\\evil.example", "/talk/nobody/x"]) {
    const { body } = await new Visitor(scene.app).get(url);
    const [, link = ""] = /href="([^"]*)" lang="es"/.exec(body) ?? [];
    assert.match(link, /^\/[^/\\]/, url);
  }
});

test("after a refusal the form is shown in the other language as it was filled in, and nobody is called", async () => {
  await using scene = await presentationWithoutSocket();
  const ann = new Visitor(scene.app);
  scene.callManager.refuses = "number-impossible";
  const token = virtualToken({ whisperCode: "A47" });
  const welcome = await ann.get(`${talk}?token=${token}`);
  const answer = await ann.post(talk, { ticket: ticketIn(welcome), phone: "12" });
  // The Enter key presses the first button of a form.
  assert.match(
    answer.body,
    /<button type="submit">.*<button class="link" formaction="\/talk\/bank\/mortgages\?lang&#61;es" [^>]*>Español/s,
  );
  const spanish = await ann.post(`${talk}?lang=es`, {
    ticket: ticketIn(answer),
    phone: "12",
    show: "form",
  });
  assert.equal(spanish.statusCode, 200);
  assert.match(spanish.body, /<html lang="es">.*value="12"/s);
  assert.equal(scene.callManager.wishes.length, 1);
  scene.callManager.refuses = undefined;
  await ann.post(talk, { ticket: ticketIn(spanish), phone: "4155550100" });
  assert.deepEqual(
    [scene.callManager.wishes[1]?.language, scene.callManager.wishes[1]?.context.verified.whisperCode],
    ["es", "A47"],
  );
});

test("outside hours the refused page says when, in the center's time zone", async () => {
  await using scene = await presentationWithoutSocket();
  const opensAtMs = Date.UTC(2026, 0, 5, 14);
  scene.callManager.available = { type: "closed", opensAtMs, timeZone: "America/New_York" };
  const english = await new Visitor(scene.app).get(talk);
  assert.match(english.body, /Monday, January 5.* 9:00\sAM Eastern Standard Time/);
  const spanish = await new Visitor(scene.app).get(`${talk}?lang=es`);
  assert.match(spanish.body, /el lunes, 5 de enero, a las 9:00 \(hora estándar oriental\)\./);
  assert.match(spanish.body, /<html lang="es">/);
});

test("one o'clock is singular in Spanish", () => {
  const words = (atMs: number) => messages("es").refused.opensAt(momentInWords(atMs, "Europe/Madrid", "es"));
  assert.match(words(Date.UTC(2026, 0, 5, 0)), /, a la 1:00 \(/);
  assert.match(words(Date.UTC(2026, 0, 5, 12)), /, a las 13:00 \(/);
});

test("the refused page speaks of its subject alone, and names the others that are open now", async () => {
  await using scene = await presentationWithoutSocket();
  const closed = { type: "closed", timeZone: "America/New_York" } as const;
  const savings = { id: "savings" as SubjectId, name: { en: "Savings" } };
  scene.callManager.subjectFaces = [...scene.callManager.subjectFaces, savings];
  scene.callManager.availableFor.set("cards", closed).set("savings", closed);
  const { body } = await new Visitor(scene.app).get("/talk/bank/cards");
  assert.match(body, /Example Bank takes no calls about “<bdi>Cards<\/bdi>” at the moment\./);
  assert.match(body, /What you can ask about now.*href="\/talk\/bank\/mortgages"/s);
  assert.ok(!body.includes("/talk/bank/savings"));
  scene.callManager.available = closed;
  assert.ok(!(await new Visitor(scene.app).get("/talk/bank/cards")).body.includes("What you can ask"));
});
