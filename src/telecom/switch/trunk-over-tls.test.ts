import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import type { LegId, PermitId } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import type { LegState } from "#contract/telecom.ts";
import { type Phone, startBaresip } from "#rig/baresip.ts";
import { mayCapture, startCapture } from "#rig/capture.ts";
import { makeAuthority } from "#rig/certificate.ts";
import { installed } from "#rig/processes.ts";
import { type EmbeddedEngine, openEmbeddedEngine } from "../media/embedded-engine.ts";
import { openUserAgent, type UserAgent } from "../sip/user-agent.ts";
import { forgetful } from "./forgetful.ts";
import { Switch } from "./switch.ts";

const missing =
  installed("baresip", "openssl", "tcpdump") && mayCapture() ? false : "needs baresip, openssl and tcpdump";

/** The switch calls a trunk over TLS; baresip, which nobody here wrote, is the trunk. */
describe("a trunk over TLS", { skip: missing, timeout: 60_000 }, () => {
  const authority = makeAuthority();
  let media: EmbeddedEngine;
  let agent: UserAgent;
  let lines: Switch;
  let wake = (): void => {};

  before(async () => {
    const parts = { clock: systemClock, random: secureRandom, log: silentLog };
    media = await openEmbeddedEngine({ portRange: { first: 36_500, last: 36_600 }, log: silentLog });
    agent = await openUserAgent({
      ...parts,
      address: "127.0.0.1",
      port: 0,
      closeWithinMs: 500,
      tls: { port: 0, authorityFile: authority.file, ...authority.issue("IP:127.0.0.1") },
      resolver: {
        srv: async () => [],
        addresses: async (name) => (name === "trunk.example" ? ["127.0.0.1"] : []),
      },
    });
    lines = new Switch({
      ...parts,
      media,
      agent,
      ...forgetful(media),
      voice: {
        render: async () => ({ audio: new Uint8Array(800).fill(0xff), fallback: "none" }),
        close: async () => {},
      },
      address: "127.0.0.1",
      maxLegs: 10,
      tell: () => wake(),
    });
    lines.watchedBy(1);
  });

  after(async () => {
    await lines.close();
    await agent.close();
    await media.close();
    authority[Symbol.dispose]();
  });

  const startTrunk = (...names: readonly string[]): Promise<Phone> =>
    startBaresip({ user: "bob", transport: "tls", certificate: authority.issue(...names) });

  let legs = 0;
  function dial({ port }: Phone): LegId {
    const leg = `tls${++legs}` as LegId;
    lines.command(
      {
        type: "dial",
        leg,
        permit: leg as string as PermitId,
        target: {
          type: "trunk",
          host: "trunk.example",
          port,
          transport: "tls",
          user: "bob",
          codecs: ["PCMU"],
        },
        identity: { callingNumber: "+14155550100" },
        ringUntilMs: Date.now() + 20_000,
        endAtMs: Date.now() + 60_000,
      },
      assert.fail,
    );
    return leg;
  }

  async function until(leg: LegId, state: LegState["state"]): Promise<LegState> {
    for (;;) {
      const shown = lines.legs().find((each) => each.leg === leg);
      if (shown?.state === state) return shown;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  test("is called by name, in words that nobody else can read; we hang up over the connection that we opened", async () => {
    await using bob = await startTrunk("DNS:trunk.example");
    await using capture = await startCapture([bob.port]);
    const leg = dial(bob);
    await bob.event("CALL_ESTABLISHED");
    assert.equal((await until(leg, "answered")).state, "answered");
    lines.command({ type: "hang-up", leg, reason: "normal" }, assert.fail);
    await bob.event("CALL_CLOSED");
    assert.equal((await until(leg, "ended")).endCause, "hung-up-by-us");
    await capture.stop();
    assert.deepEqual(capture.sip(), []);
  });

  test("hangs up over a connection of its own, to our port for TLS", async () => {
    await using bob = await startTrunk("DNS:trunk.example");
    const leg = dial(bob);
    await bob.event("CALL_ESTABLISHED");
    await until(leg, "answered");
    await bob.hangsUp();
    assert.equal((await until(leg, "ended")).endCause, "hung-up-by-far-end");
  });

  test("that has another's certificate is unreachable, and its telephone never rings", async () => {
    await using bob = await startTrunk("DNS:other.example");
    const leg = dial(bob);
    assert.equal((await until(leg, "ended")).endCause, "unreachable");
    assert.deepEqual(
      bob.events.filter(({ type }) => type === "CALL_INCOMING"),
      [],
    );
  });
});
