import assert from "node:assert/strict";
import test from "node:test";
import { presentationWithoutSocket } from "#rig/open-test-presentation.ts";

const browserPhones = { socketUrl: "ws://*:5062", iceServers: [] };

test("the agent's page may use the microphone and its own server's socket; no other page may", async () => {
  await using scene = await presentationWithoutSocket({ browserPhones });
  const phone = await scene.app.inject({ url: "/phone", headers: { host: "localhost:8080" } });
  assert.equal(phone.statusCode, 200);
  assert.match(String(phone.headers["content-security-policy"]), /connect-src 'self' ws:\/\/localhost:5062;/);
  assert.match(String(phone.headers["permissions-policy"]), /microphone=\(self\)/);
  assert.match(phone.body, /&#34;socketUrl&#34;:&#34;ws:\/\/localhost:5062&#34;/);
  const welcome = await scene.app.inject({ url: "/talk/bank/mortgages" });
  assert.match(String(welcome.headers["content-security-policy"]), /connect-src 'self';/);
  assert.match(String(welcome.headers["permissions-policy"]), /microphone=\(\)/);
});

test("a host that is not this machine's own name leads the telephone nowhere else", async () => {
  await using scene = await presentationWithoutSocket({ browserPhones });
  for (const host of ["evil.example", "a;b", "127.0.0.1.evil.example"]) {
    const { headers, body } = await scene.app.inject({ url: "/phone", headers: { host } });
    assert.match(String(headers["content-security-policy"]), /connect-src 'self' ws:\/\/127\.0\.0\.1:5062;/);
    assert.ok(!body.includes("evil.example"));
  }
});

test("the fields of the sign-in have no names, so that no form can send them", async () => {
  await using scene = await presentationWithoutSocket({ browserPhones });
  const { body } = await scene.app.inject({ url: "/phone" });
  const inputs = body.match(/<input[^>]*>/g) ?? [];
  assert.equal(inputs.length, 2);
  assert.ok(inputs.every((input) => !/\sname=/.test(input)));
});

test("where the operator has browsers' telephones off, the page says so and loads no program", async () => {
  await using scene = await presentationWithoutSocket();
  const { body, headers } = await scene.app.inject({ url: "/phone?lang=es" });
  assert.match(body, /desactivados/);
  assert.ok(!body.includes("browser-phone.js"));
  assert.match(String(headers["permissions-policy"]), /microphone=\(\)/);
});

test("the programs and the licences of what is in them are served, named by their content", async () => {
  await using scene = await presentationWithoutSocket({ browserPhones });
  const { body } = await scene.app.inject({ url: "/phone" });
  const [, version = ""] = /\/assets\/browser-phone\.js\?v&#61;([0-9a-f]{12})/.exec(body) ?? [];
  const { headers } = await scene.app.inject({ url: `/assets/browser-phone.js?v=${version}` });
  assert.match(String(headers["cache-control"]), /immutable/);
  const licences = await scene.app.inject({ url: "/assets/licences.txt" });
  for (const name of ["jssip", "sdp-transform", "events", "debug"])
    assert.match(licences.body, new RegExp(`^${name} \\d`, "m"));
});
