import { bankConfig } from "#rig/bank.ts";
import { startBaresip } from "#rig/baresip.ts";
import { mayCapture } from "#rig/capture.ts";
import { openBrowser } from "#rig/chromium.ts";
import { openMeasuredCall } from "#rig/measured-call.ts";
import { installed } from "#rig/processes.ts";
import { sequence } from "#rig/sound.ts";
import { permitsOf } from "#rig/stored-permits.ts";
import { annsNumber } from "#rig/story.ts";
import { annsTone, bobsTone } from "#rig/who-hears-what.ts";
import { type Check, check } from "./checks.ts";
import { openBankPage, type Seen, stepsOfCall } from "./flow-call.ts";
import { type Proof, proofs } from "./flow-proofs.ts";

/**
 * Steps 201 to 219 on real things: Ann has Chromium and baresip, Bob has baresip, the platform runs as two processes. The call is
 * made from its beginning to its end; then each step is held against what was captured, one line a step: SIP as the table wants
 * it, and who heard what when. The platform whistles instead of speaking, so that its words can be told apart.
 */
export async function* proveFlow(): AsyncGenerator<Check> {
  if (!installed("chromium", "baresip", "tcpdump") || !mayCapture()) {
    const detail = "needs chromium, baresip, tcpdump and the right to capture: bin/test --setup, as root";
    yield { name: "peers", passed: false, detail };
    return;
  }
  await using ann = await startBaresip({
    user: annsNumber,
    answers: "when-told",
    says: sequence([{ hz: [annsTone], seconds: 1 }]),
  });
  await using bob = await startBaresip({
    user: "7001",
    answers: "when-told",
    says: sequence([{ hz: [bobsTone], seconds: 1 }]),
  });
  await using call = await openMeasuredCall({
    config: bankConfig({ user: ann.port, center: bob.port }),
    ann,
    bob,
  });
  await using bank = await openBankPage(call.platform.url);
  await using browser = await openBrowser();
  const visitor = await browser.visitor();
  const seen: Seen = { ann, bob, page: await visitor.newPage(), bank, pageShownAtMs: 0, pageOctets: 0 };

  for (const [step, happens] of Object.entries(stepsOfCall)) {
    const { passed, ...told } = await check(step, () => happens(seen));
    if (passed) continue;
    // What follows stands on this one: the first failure says all there is to say.
    yield { ...told, passed, detail: `${told.detail}\n${call.platform.output().slice(-6_000)}` };
    return;
  }
  await visitor.close();
  const permits = permitsOf(call.platform);
  const proof: Proof = { ...(await call.measures()), seen, permits };
  for (const [step, { promise, prove }] of Object.entries(proofs))
    yield await check(`${step}  ${promise}`, () => prove(proof));
}
