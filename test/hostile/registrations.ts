import assert from "node:assert/strict";
import { bankConfig } from "#rig/bank.ts";
import { openPlatform } from "#rig/platform.ts";
import { type Check, check } from "../prove/checks.ts";
import { attack } from "./attacks.ts";
import { peakResidentMb } from "./processes-seen.ts";
import { guess } from "./register-attack.ts";
import { Stranger, strangersAddress } from "./stranger.ts";

/** Each of the 40,000 could have been kept in 1.6 kB; the rest is left to the moments at which what is not kept is collected. */
const mostGrowthMb = 64;
const bob = { user: "bob.bank", password: "correct horse battery" };

/** Bob's telephone is registered on the real platform while others try to be Bob, or anybody. To be run in a network namespace. */
export async function* proveRegistrations(): AsyncGenerator<Check> {
  const config = bankConfig({ user: 9, center: 9 });
  const { bank } = config.subscribers;
  assert.ok(bank !== undefined);
  const phones = { bob: { password: bob.password } };
  await using platform = await openPlatform({
    config: { ...config, subscribers: { bank: { ...bank, phones } } },
    // What is kept of strangers has no room.
    environment: { NODE_OPTIONS: "--max-old-space-size=64" },
  });
  const { sipPort: port, unitPid } = platform;
  const home = await Stranger.open(strangersAddress(0, 0));
  yield await check("Bob's telephone registers", async () => {
    assert.match(await untilKnown(() => guess(home, port, bob)), /^SIP\/2\.0 200 /);
  });

  const guesses = { port, addresses: 250 };
  const unknown = { ...guesses, count: 10_000, user: "nobody.", oneUser: false };
  yield await onlyRefused("10,000 registrations of users whom nobody knows", { ...unknown, network: 1 });
  // The collector lets memory rise to a level of its own first; what is kept of strangers would go on rising with them.
  yield await onlyRefused("40,000 more", { ...unknown, count: 40_000, network: 2, user: "somebody." });
  const before = peakResidentMb(unitPid);
  yield await onlyRefused("and 40,000 more", { ...unknown, count: 40_000, network: 3, user: "anybody." });
  yield await check(`the unit lives, and has grown by ${mostGrowthMb} MB at most`, () => {
    assert.equal(platform.unitPid, unitPid);
    const growth = peakResidentMb(unitPid) - before;
    assert.ok(growth <= mostGrowthMb, `${growth.toFixed(1)} MB`);
    return `${growth.toFixed(1)} MB, ${peakResidentMb(unitPid).toFixed(0)} MB in all`;
  });
  yield await check("a wrong password is answered as an unknown user is", async () => {
    const answers = await Promise.all(
      [bob.user, "nobody.bank", "nobody"].map(async (user, at) => {
        const stranger = await Stranger.open(strangersAddress(4, at));
        const answer = await guess(stranger, port, { user, password: "wrong" });
        stranger.close();
        const own = /^(via|from|to|call-id|cseq):/i;
        return answer
          .split("\r\n")
          .filter((line) => !own.test(line))
          .join("\n");
      }),
    );
    assert.equal(new Set(answers).size, 1, answers.join("\n---\n"));
    return answers[0]?.split("\n")[0] ?? "";
  });
  yield await onlyRefused("2,000 passwords tried for Bob, from 250 addresses", {
    ...guesses,
    network: 5,
    count: 2_000,
    user: bob.user,
    oneUser: true,
  });
  yield await check("for whoever comes from elsewhere Bob's account is closed for now", async () => {
    const stranger = await Stranger.open(strangersAddress(6, 0));
    const answer = await guess(stranger, port, bob);
    stranger.close();
    assert.match(answer, /^SIP\/2\.0 403 .*\r\n[^]*^Retry-After: \d+\r$/m);
  });
  yield await check("Bob's own telephone registers on", async () => {
    assert.match(await guess(home, port, bob), /^SIP\/2\.0 200 /);
  });
  home.close();
}

/** The answers that came; none of them lets anybody in, and most say to come again later. */
async function onlyRefused(what: string, wish: object): Promise<Check> {
  const told = await attack(what, "guessPasswords", wish);
  const answers = Object.keys(JSON.parse(told.detail) as Readonly<Record<string, number>>).sort();
  const passed = answers.join() === "403 Forbidden,403 Too Many Wrong Passwords, Retry-After";
  return { ...told, passed: told.passed && passed };
}

/** The web process tells the unit who may register a moment after it serves. */
async function untilKnown(ask: () => Promise<string>): Promise<string> {
  for (;;) {
    const answer = await ask();
    if (!answer.startsWith("SIP/2.0 503")) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
