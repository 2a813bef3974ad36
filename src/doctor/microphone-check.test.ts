import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "#base/clock.ts";
import { secureRandom } from "#base/random.ts";
import { checkMicrophone } from "./microphone-check.ts";

const report = {
  secure: true,
  hasDevices: true,
  permission: "granted",
  microphones: ["Headset"],
  sound: { microphone: "Headset", sampleRate: 48_000, muted: false, loudestDb: -20 },
};

/** The doctor with its page open. */
async function doctor() {
  const clock = new VirtualClock();
  const opened = Promise.withResolvers<string>();
  const findings = checkMicrophone({ clock, random: secureRandom, invite: opened.resolve });
  return { clock, findings, url: await opened.promise };
}

async function post(url: string, body: string): Promise<Response> {
  return await fetch(url, { method: "POST", body });
}

test("the first report that can be read is the answer, to the page and to the terminal", async () => {
  const { findings, url } = await doctor();
  const { protocol, hostname, port, pathname } = new URL(url);
  assert.deepEqual([protocol, hostname], ["http:", "127.0.0.1"]);
  assert.match(pathname, /^\/\w{24}\/$/);
  const page = await fetch(url);
  assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'/);
  for (const name of ["style.css", "page.js", "icon.svg"])
    assert.equal((await fetch(`${url}${name}`)).status, 200, name);

  const stranger = `http://127.0.0.1:${port}`;
  for (const path of ["/", "/report", "/guess/report", `${pathname}report/more`])
    assert.equal((await post(`${stranger}${path}`, JSON.stringify(report))).status, 404, path);
  for (const wrong of ["", "{}", "[", JSON.stringify({ ...report, permission: "mine" }), " ".repeat(20_000)])
    assert.equal((await post(`${url}report`, wrong)).status, 400);

  const told: unknown = await (await post(`${url}report`, JSON.stringify(report))).json();
  const [finding, ...others] = await findings;
  assert.deepEqual([finding?.verdict, others.length], ["ok", 0]);
  assert.deepEqual(told, finding);
  await assert.rejects(fetch(url), "nothing is served any more");
});

test("after two minutes it says how far the person came", async () => {
  for (const [comes, said] of [
    [async () => {}, /Nobody opened the page/],
    [async (url: string) => await fetch(url), /button was not pressed/],
    [async (url: string) => await post(`${url}pressed`, ""), /had no answer/],
  ] as const) {
    const { clock, findings, url } = await doctor();
    await comes(url);
    await clock.advance(120_000);
    const [finding] = await findings;
    assert.equal(finding?.verdict, "wrong");
    assert.match(finding.says, said);
  }
});
