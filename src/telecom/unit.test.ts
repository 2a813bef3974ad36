import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#base/clock.ts";
import type { LegId } from "#base/ids.ts";
import { silentLog } from "#base/log.ts";
import { secureRandom } from "#base/random.ts";
import { type ContractPhone, testUnitContract } from "#rig/unit-contract.ts";
import { connectTelecomUnit } from "./client.ts";
import { openEmbeddedEngine } from "./media/embedded-engine.ts";
import type { MediaEngine } from "./media/media-engine.ts";
import { bodyTypes, methods } from "./sip/dialog/call-state.ts";
import { dialogFrom, requestIn } from "./sip/dialog/dialog.ts";
import { sdpOf } from "./sip/message/body-parts.ts";
import { makeResponse } from "./sip/message/build.ts";
import { contacts, from, to } from "./sip/message/headers.ts";
import type { ServerTransaction } from "./sip/transaction/server-transaction.ts";
import { openTransactionLayer } from "./sip/transaction/transaction-layer.ts";
import { openTelecomUnit } from "./unit.ts";
import { openVoiceResponse } from "./voice-response/voice-response.ts";

/** A telephone on the real transaction layer and the real media engine: it rings until it is told what to do. */
async function openPhone(
  name: string,
  media: MediaEngine,
): Promise<ContractPhone & { close(): Promise<void> }> {
  let reaction: "ring" | "be-busy" | "decline" = "ring";
  let ringing: ServerTransaction | undefined;
  let talking: ServerTransaction | undefined;
  let line = `${name}.0` as LegId;
  let calls = 0;

  const layer = await openTransactionLayer({
    listen: { address: "127.0.0.1", port: 0 },
    clock: systemClock,
    random: secureRandom,
    log: silentLog,
    abilities: { methods, extensions: ["timer"], contentTypes: bodyTypes, answerType: "application/sdp" },
    onRequest: (call) => {
      if (call.request.method !== "INVITE") return call.respond(makeResponse(call.request, 200));
      if (reaction !== "ring") return refuse(call, reaction === "be-busy" ? 486 : 603);
      ringing = call;
      line = `${name}.${++calls}` as LegId;
      call.respond(makeResponse(call.request, 180, { toTag: call.toTag }));
    },
  });
  const contact = `sip:${name}@127.0.0.1:${layer.sentBy.port}`;

  function refuse(call: ServerTransaction, status: number): void {
    call.respond(makeResponse(call.request, status, { toTag: call.toTag }));
  }

  async function pickUp(call: ServerTransaction): Promise<void> {
    await media.createTermination({
      termination: line,
      address: "127.0.0.1",
      codecs: ["PCMU"],
      transport: "rtp",
    });
    const sdp = await media.createAnswer(line, sdpOf(call.request) ?? "");
    const body = { contentType: "application/sdp", content: sdp };
    call.respond(makeResponse(call.request, 200, { toTag: call.toTag, contact, body }));
    talking = call;
  }

  /** The dialog from the called side: what was remote is local. */
  function bye(call: ServerTransaction): void {
    const invite = call.request;
    const ours = to(makeResponse(invite, 200, { toTag: call.toTag }));
    const found = contacts(invite);
    const target = found === undefined || found === "*" ? undefined : found[0]?.uri;
    const dialog = dialogFrom(makeResponse(invite, 200, { toTag: call.toTag }), target ?? "");
    assert.ok(dialog);
    const turned = { ...dialog, local: ours, remote: from(invite), remoteTarget: target ?? "", routeSet: [] };
    layer.request(requestIn(turned, { method: "BYE", cseq: 1 }), call.flow, {
      onResponse: () => {},
      onFailure: () => {},
    });
  }

  return {
    target: {
      type: "trunk",
      host: "127.0.0.1",
      port: layer.sentBy.port,
      transport: "udp",
      user: name,
      codecs: ["PCMU"],
    },
    will: (wanted) => {
      reaction = wanted;
    },
    answers: () => {
      if (ringing !== undefined) void pickUp(ringing);
    },
    hangsUp: () => {
      if (talking !== undefined) bye(talking);
    },
    presses: (digits) => void media.sendDtmf(line, digits),
    close: () => layer.close(),
  };
}

testUnitContract("real unit", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tandem-unit-"));
  const socketPath = join(folder, "unit.sock");
  const parts = { clock: systemClock, random: secureRandom, log: silentLog };
  const mediaEngine = await openEmbeddedEngine({
    portRange: { first: 37_000, last: 37_099 },
    log: silentLog,
  });
  const phoneMedia = await openEmbeddedEngine({ portRange: { first: 37_100, last: 37_199 }, log: silentLog });
  const voiceResponse = await openVoiceResponse({ ...parts, promptFolder: folder });
  const settings = { socketPath, sip: { address: "127.0.0.1", port: 0 }, maxLegs: 10 };
  const running = await openTelecomUnit({ settings, ...parts, mediaEngine, voiceResponse });
  const phones = [await openPhone("1001", phoneMedia), await openPhone("1002", phoneMedia)] as const;
  let unit = connectTelecomUnit({ socketPath, clock: systemClock, log: silentLog });
  return {
    unit,
    ann: phones[0],
    bob: phones[1],
    now: () => Date.now(),
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    async reconnect() {
      await unit.close();
      unit = connectTelecomUnit({ socketPath, clock: systemClock, log: silentLog });
      return unit;
    },
    async close() {
      await unit.close();
      await running.close();
      // Nothing of any leg is left behind.
      assert.deepEqual(await mediaEngine.audit(), { terminations: [], bridges: [], plays: [] });
      for (const phone of phones) await phone.close();
      await mediaEngine.close();
      await phoneMedia.close();
      await voiceResponse.close();
      rmSync(folder, { recursive: true });
    },
  };
});
