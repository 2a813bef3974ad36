import { VirtualClock } from "#base/clock.ts";
import { silentLog } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import type { Readiness } from "#presentation/health-routes.ts";
import { makePresentation, openPresentation, type Presentation } from "#presentation/open-presentation.ts";
import type { PresentationSettings } from "#presentation/settings.ts";
import type { FastifyInstance } from "fastify";
import { VirtualCallManager } from "./virtual-call-manager.ts";

/** The presentation above a virtual call manager, for injected requests: no socket, and a clock that stands still. */
export async function presentationWithoutSocket(
  settings: Partial<PresentationSettings> = {},
  callManager = new VirtualCallManager(),
  readiness: Readiness = asReady,
): Promise<{
  readonly app: FastifyInstance;
  readonly callManager: VirtualCallManager;
  readonly clock: VirtualClock;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const clock = new VirtualClock();
  const { app, live } = await makePresentation({ ...parts(settings, callManager), readiness, clock });
  callManager.pages = live;
  return { app, callManager, clock, [Symbol.asyncDispose]: async () => await app.close() };
}

/** The same behind a socket on loopback, for browsers and live connections. */
export async function presentationOnLoopback(
  settings: Partial<PresentationSettings> = {},
  callManager = new VirtualCallManager(),
): Promise<{
  readonly url: string;
  readonly callManager: VirtualCallManager;
  readonly clock: VirtualClock;
  readonly presentation: Presentation;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const clock = new VirtualClock();
  const presentation = await openPresentation({ ...parts(settings, callManager), clock });
  callManager.pages = presentation.pages;
  const url = `http://127.0.0.1:${presentation.port}`;
  return { url, callManager, clock, presentation, [Symbol.asyncDispose]: () => presentation.close() };
}

export const testOperatorToken = "an-operator's-token-for-tests";

const asReady: Readiness = async () => ({
  ready: true,
  database: "ok",
  unit: "ok",
  configuration: "ok",
  calls: "placed",
});

function parts(settings: Partial<PresentationSettings>, callManager: VirtualCallManager) {
  const random = seededRandom("presentation");
  return {
    callManager,
    visitorDesk: callManager,
    wire: callManager.wire,
    readiness: asReady,
    metrics: { contentType: "text/plain", read: async () => "tandem_test 1\n" },
    random,
    log: silentLog,
    settings: {
      host: "127.0.0.1",
      port: 0,
      publicUrl: undefined,
      trustProxy: [],
      secretKeys: [random.bytes(32)],
      operatorToken: testOperatorToken,
      development: false,
      framedBy: [],
      browserPhones: undefined,
      ...settings,
    },
  };
}
