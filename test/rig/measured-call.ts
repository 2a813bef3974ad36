import assert from "node:assert/strict";
import type { CallRecord } from "#call-manager/call-record.ts";
import type { ConfigShape } from "#network/config-schema.ts";
import { type RtpStream, startCapture, type WireMessage } from "./capture.ts";
import { type Ear, earOf } from "./ear.ts";
import type { Packet } from "./pcap.ts";
import { openPlatform, type Platform } from "./platform.ts";
import { PlainBrowser } from "./plain-browser.ts";
import { ownRtpPorts } from "./ports.ts";
import { annsNumber, signedToken } from "./story.ts";
import { openToneVoice } from "./tone-voice.ts";

/**
 * One call on the real platform between telephones that nobody here wrote, with all that goes over loopback captured. The
 * platform's voice whistles (`tone-voice.ts`), so that what a telephone heard can be told from the sound alone.
 */
export interface MeasuredCall extends AsyncDisposable {
  readonly platform: Platform;
  readonly browser: PlainBrowser;
  /** 201-204: Ann clicks, and the bank has signed her number: nobody asks her for a key. */
  begins(): Promise<void>;
  /** Ann's page says so, now or after one of the next changes. */
  annSees(words: string | RegExp): Promise<void>;
  /** Kill -9; the people go on meanwhile, and the next life comes up. */
  webDies(): Promise<void>;
  /** Once the call has ended: its record, and who heard what. */
  measures(): Promise<Measures>;
  /** The same of a call whose other party talks to the platform in words that nobody else can read. */
  measuresOfAnn(): Promise<Omit<Measures, "toBob"> & { readonly datagrams: readonly Packet[] }>;
}

export interface Measures {
  readonly record: CallRecord;
  readonly messages: readonly WireMessage[];
  /** All RTP, both ways. */
  readonly streams: readonly RtpStream[];
  readonly toAnn: Ear;
  readonly toBob: Ear;
}

const patienceMs = 30_000;

export async function openMeasuredCall(options: {
  readonly config: ConfigShape;
  readonly ann: { readonly port: number };
  /** A telephone that registers is found by the call that it answers, whose DNIS this is. */
  readonly bob: { readonly port: number } | { readonly answersAs: string };
  readonly environment?: Readonly<Record<string, string>>;
}): Promise<MeasuredCall> {
  const { ann, bob } = options;
  await using opened = new AsyncDisposableStack();
  const rtpPorts = ownRtpPorts();
  const voice = opened.use(openToneVoice());
  const platform = opened.use(
    await openPlatform({
      rtpPorts,
      config: options.config,
      environment: { ...voice.environment, ...options.environment },
    }),
  );
  const capture = opened.use(
    await startCapture([platform.sipPort, ann.port, ...("port" in bob ? [bob.port] : [])], { rtpPorts }),
  );
  const browser = new PlainBrowser(platform.url);
  const measuresOfAnn: MeasuredCall["measuresOfAnn"] = async () => {
    const [record, ...others] = await platform.calls();
    assert.ok(record !== undefined && others.length === 0, "one attempt, one record");
    await capture.stop();
    const heard = { messages: capture.sip(), streams: capture.rtp() };
    return { record, ...heard, toAnn: earOf(heard, ann.port), datagrams: capture.datagrams() };
  };
  const all = opened.move();
  return {
    platform,
    browser,
    async begins() {
      const token = await signedToken({ context: { phone: annsNumber, whisperCode: "A47" } });
      await browser.opens(`/talk/bank/mortgages?token=${token}`);
      await browser.submits("/talk/");
    },
    async annSees(words) {
      const giveUp = AbortSignal.timeout(patienceMs);
      for (;;) {
        await browser.reloads();
        if (browser.text.match(words) !== null) return;
        if (giveUp.aborted)
          throw new Error(`Ann never saw ${words}, but: ${browser.text}\n${platform.output().slice(-6_000)}`);
        await browser.changes(giveUp);
      }
    },
    async webDies() {
      await platform.killWeb();
      await platform.startWeb();
    },
    async measures() {
      const { datagrams: _datagrams, ...measured } = await measuresOfAnn();
      const bobsPort = "port" in bob ? bob.port : answeringPort(measured.messages, bob.answersAs);
      return { ...measured, toBob: earOf(measured, bobsPort) };
    },
    measuresOfAnn,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

function answeringPort(messages: readonly WireMessage[], dnis: string): number {
  const answer = messages.find(
    ({ startLine, header }) =>
      startLine.startsWith("SIP/2.0 200") &&
      header("cseq")?.endsWith("INVITE") === true &&
      header("to")?.includes(`sip:${dnis}@`) === true,
  );
  assert.ok(answer !== undefined, `nobody answered as ${dnis}`);
  return Number(/:(\d+)$/.exec(answer.from)?.[1]);
}

/** How long people take: to listen, to talk. */
export function takesSeconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1000));
}
