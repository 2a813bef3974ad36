import { PlainBrowser } from "#rig/plain-browser.ts";
import { signedToken } from "#rig/story.ts";

/**
 * One visitor of the bench: clicks with a number that the bank signed, confirms it on the welcome page, and keeps the connect page's
 * live connection open, as a browser with script does, until the platform closes it. Throws when any page is not what it should be.
 */
export async function visit(
  platformUrl: string,
  visitor: { readonly phone: string; readonly whisperCode: string; readonly pageTitle: string },
): Promise<void> {
  const browser = new PlainBrowser(platformUrl);
  const token = await signedToken({ context: visitor });
  await browser.opens(`/talk/bank/mortgages?token=${token}`);
  await browser.submits("/talk/");
  await browser.watches(AbortSignal.timeout(longestFlowMs));
}

const longestFlowMs = 60_000;
