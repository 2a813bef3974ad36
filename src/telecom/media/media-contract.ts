import { checkBridging } from "./contract/bridging.ts";
import { checkDescriptions } from "./contract/descriptions.ts";
import { checkDigits } from "./contract/digits.ts";
import { checkLifetime } from "./contract/lifetime.ts";
import { checkLocking } from "./contract/locking.ts";
import { checkPlaying } from "./contract/playing.ts";
import { checkRestoring } from "./contract/restoring.ts";
import { checkSecured } from "./contract/secured.ts";
import type { MediaTransport } from "./media-engine.ts";
import { type Check, type EngineFactory, portRange, Rig } from "./contract/rig.ts";
import { test } from "node:test";

/**
 * The contract of `MediaEngine`: registers the test cases that every engine must pass, named for `name`. The phones are raw
 * UDP sockets, and speak `transport`; nothing of the engine is looked at but its port.
 */
export function describeMediaEngine(
  name: string,
  open: EngineFactory,
  transport: MediaTransport = "rtp",
): void {
  const check: Check = (title, body, options = {}) =>
    test(`${name}: ${title}`, { timeout: 20_000, skip: options.skip ?? false }, async () => {
      const engine = await open({
        portRange: (await options.portRange?.()) ?? portRange,
        mediaTimeoutMs: options.mediaTimeoutMs ?? 60_000,
      });
      await using rig = new Rig(engine, transport);
      await body(rig);
    });
  checkPlaying(check);
  checkBridging(check);
  checkDigits(check);
  checkLocking(check);
  checkDescriptions(check);
  checkLifetime(check);
  checkRestoring(check, transport);
  if (transport === "srtp") checkSecured(check);
}
