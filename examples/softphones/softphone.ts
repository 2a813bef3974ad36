import { writeFile } from "node:fs/promises";
import { systemClock } from "#base/clock.ts";
import type { Digit } from "#contract/telecom.ts";
import { agreementOf, describe } from "./description.ts";
import { Hearing, type Heard } from "./hearing.ts";
import { type IncomingCall, incomingCall, toldBy } from "./incoming.ts";
import { type Dialog, SipLine } from "./sip-line.ts";
import { RecordedVoice, type Voice } from "./voice.ts";
import { VoiceLine } from "./voice-line.ts";

export interface SoftphoneWish {
  readonly name: string;
  /** 0 takes a free one. */
  readonly sipPort: number;
  readonly address?: string;
  /** Mu-law that is said over and over while a call is up, unless somebody lends the phone a voice; silence without it. */
  readonly says?: Uint8Array;
  /** Picks up by itself after so many ms of ringing. */
  readonly answerAfterMs?: number;
}

export type PhoneState = "idle" | "ringing" | "talking";

export type PhoneEvent =
  | { readonly type: "state"; readonly state: PhoneState }
  | { readonly type: "rings"; readonly call: IncomingCall }
  | { readonly type: "answered" }
  | { readonly type: "heard"; readonly heard: Heard }
  /** What is heard now: linear, 8 kHz. */
  | { readonly type: "audio"; readonly pcm: Int16Array }
  /** A key of the far end's. */
  | { readonly type: "digit"; readonly digit: Digit }
  | { readonly type: "ended"; readonly why: string }
  | { readonly type: "log"; readonly line: LogLine };

export interface LogLine {
  readonly seq: number;
  readonly atMs: number;
  readonly text: string;
}

/** `speech` (or any beginning of what is heard), a pattern, or a question asked of each thing heard. */
export type HeardMatcher = string | RegExp | ((heard: Heard) => boolean);

/**
 * A telephone in software: rings, is answered, hears and says, presses keys, hangs up. One call at a time; another caller hears
 * busy. As a program with a page it is `phone.ts`; in a test, open it and drive it.
 */
export async function openSoftphone(wish: SoftphoneWish): Promise<Softphone> {
  const phone = new Softphone(wish);
  await phone.open();
  return phone;
}

const mostLogLines = 500;
const mostRecordedSamples = 8000 * 600;

interface LiveCall {
  readonly dialog: Dialog;
  readonly incoming: IncomingCall;
  readonly hearing: Hearing;
  voice: VoiceLine | undefined;
  version: number;
  cancelAnswer: (() => void) | undefined;
}

export class Softphone {
  readonly name: string;
  readonly heard: Heard[] = [];
  readonly log: LogLine[] = [];
  readonly digitsHeard: Digit[] = [];
  readonly #wish: SoftphoneWish;
  readonly #listeners = new Set<(event: PhoneEvent) => void>();
  #line: SipLine | undefined;
  #call: LiveCall | undefined;
  #recorded: Int16Array[] = [];
  #recordedSamples = 0;
  #nextSeq = 1;
  readonly #own: Voice;
  #lent: Voice | undefined;

  constructor(wish: SoftphoneWish) {
    this.name = wish.name;
    this.#wish = wish;
    this.#own = new RecordedVoice(wish.says ?? new Uint8Array(0));
  }

  async open(): Promise<void> {
    this.#line = await SipLine.open({
      name: this.name,
      address: this.#wish.address ?? "127.0.0.1",
      port: this.#wish.sipPort,
      listener: {
        invited: (dialog) => this.#invited(dialog),
        reinvited: (dialog, offer) => this.#reinvited(dialog, offer),
        acknowledged: (dialog, body) => this.#acknowledged(dialog, body),
        ended: (dialog, why) => this.#ended(dialog, why),
        note: (text) => this.#note(text),
      },
    });
  }

  get sipPort(): number {
    return this.#line?.port ?? 0;
  }

  get state(): PhoneState {
    if (this.#call === undefined) return "idle";
    return this.#call.dialog.confirmed ? "talking" : "ringing";
  }

  /** The call that rings or is up. */
  get call(): IncomingCall | undefined {
    return this.#call?.incoming;
  }

  on(listener: (event: PhoneEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves with the call that rings, now or next. */
  async rings(signal?: AbortSignal): Promise<IncomingCall> {
    if (this.#call !== undefined && this.state === "ringing") return this.#call.incoming;
    return await this.#next((event) => (event.type === "rings" ? event.call : undefined), signal);
  }

  /** Resolves with the first thing of this call that was heard to its end and matches, after the first `after` ones. */
  async hears(matcher: HeardMatcher, options: { after?: number; signal?: AbortSignal } = {}): Promise<Heard> {
    const matches = (heard: Heard): boolean =>
      typeof matcher === "string"
        ? heard.what.startsWith(matcher)
        : matcher instanceof RegExp
          ? matcher.test(heard.what)
          : matcher(heard);
    const known = this.heard.slice(options.after ?? 0).find(matches);
    if (known !== undefined) return known;
    return await this.#next(
      (event) => (event.type === "heard" && matches(event.heard) ? event.heard : undefined),
      options.signal,
    );
  }

  /** Resolves when no call is up, with the reason of the last end. */
  async ends(signal?: AbortSignal): Promise<string> {
    if (this.#call === undefined) return "idle";
    return await this.#next((event) => (event.type === "ended" ? event.why : undefined), signal);
  }

  /** Picks up. Nothing happens when nothing rings. */
  async answer(): Promise<void> {
    const call = this.#call;
    if (call === undefined || call.dialog.confirmed || call.voice !== undefined) return;
    call.cancelAnswer?.();
    const offer = call.dialog.invite.body;
    const agreement = offer.length === 0 ? undefined : agreementOf(offer);
    if (offer.length > 0 && agreement === undefined) {
      this.#line?.refuse(call.dialog, 488);
      return this.#over(call, "no codec in common");
    }
    const voice = await VoiceLine.open({
      address: this.#wish.address ?? "127.0.0.1",
      voice: { next: () => (this.#lent ?? this.#own).next() },
      listener: {
        audio: (pcm) => this.#audio(call, pcm),
        digit: (digit) => {
          this.digitsHeard.push(digit);
          this.#note(`heard key ${digit}`);
          this.#tell({ type: "digit", digit });
        },
      },
    });
    // The caller may have given up while the port was opened.
    if (this.#call !== call || call.voice !== undefined) return voice.close();
    call.voice = voice;
    if (agreement !== undefined) voice.agree(agreement);
    this.#line?.accept(call.dialog, this.#describe(call, agreement));
    this.#note("answered");
    this.#tell({ type: "answered" });
    this.#tell({ type: "state", state: "talking" });
  }

  /** 486 while it rings. */
  busy(): void {
    this.#refuse(486, "busy");
  }

  /** 603 while it rings. */
  reject(): void {
    this.#refuse(603, "rejected");
  }

  /** BYE when a call is up; while it rings it is rejected. */
  hangUp(): void {
    const call = this.#call;
    if (call === undefined) return;
    if (!call.dialog.confirmed) return this.reject();
    this.#line?.hangUp(call.dialog);
    this.#over(call, "hung up here");
  }

  /** Keys, as on a keypad; `w` waits half a second. */
  press(digits: string): void {
    const keys = Array.from(digits).filter((key): key is Digit | "w" => /^[0-9*#A-Dw]$/.test(key));
    this.#call?.voice?.press(keys);
    if (this.#call?.voice !== undefined) this.#note(`pressed ${keys.join(" ")}`);
  }

  /** Says what `voice` says, in place of its own sentence or of the voice before, until what is returned here is called. */
  lend(voice: Voice): () => void {
    this.#lent = voice;
    this.#note("somebody speaks into it");
    return () => {
      if (this.#lent !== voice) return;
      this.#lent = undefined;
      this.#note("nobody speaks into it any more");
    };
  }

  /** All that was heard in the last call, linear, 8 kHz; at most ten minutes. */
  recording(): Int16Array {
    const all = new Int16Array(this.#recordedSamples);
    let at = 0;
    for (const part of this.#recorded) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  recordingAsWav(): Buffer {
    const pcm = this.recording();
    const head = Buffer.alloc(44);
    head.write("RIFF", 0);
    head.writeUInt32LE(36 + pcm.byteLength, 4);
    head.write("WAVEfmt ", 8);
    head.writeUInt32LE(16, 16);
    head.writeUInt16LE(1, 20);
    head.writeUInt16LE(1, 22);
    head.writeUInt32LE(8000, 24);
    head.writeUInt32LE(16_000, 28);
    head.writeUInt16LE(2, 32);
    head.writeUInt16LE(16, 34);
    head.write("data", 36);
    head.writeUInt32LE(pcm.byteLength, 40);
    return Buffer.concat([head, new Uint8Array(pcm.buffer)]);
  }

  async saveHeard(path: string): Promise<void> {
    await writeFile(path, this.recordingAsWav());
  }

  async close(): Promise<void> {
    if (this.state === "talking") this.hangUp();
    if (this.#call !== undefined) this.#over(this.#call, "the phone was closed");
    this.#line?.close();
    this.#listeners.clear();
  }

  #invited(dialog: Dialog): void {
    if (this.#call !== undefined) {
      this.#line?.refuse(dialog, 486);
      return this.#note("another caller heard busy");
    }
    const incoming = incomingCall(dialog.invite);
    const call: LiveCall = {
      dialog,
      incoming,
      hearing: new Hearing((heard) => this.#heard(heard)),
      voice: undefined,
      version: 1,
      cancelAnswer: undefined,
    };
    this.#call = call;
    this.heard.length = 0;
    this.digitsHeard.length = 0;
    this.#recorded = [];
    this.#recordedSamples = 0;
    this.#line?.ring(dialog);
    this.#note("rings");
    for (const line of toldBy(incoming)) this.#note(line);
    this.#tell({ type: "state", state: "ringing" });
    this.#tell({ type: "rings", call: incoming });
    if (this.#wish.answerAfterMs !== undefined) {
      const atMs = systemClock.now() + this.#wish.answerAfterMs;
      call.cancelAnswer = systemClock.at(atMs, () => void this.answer());
    }
  }

  #reinvited(dialog: Dialog, offer: Uint8Array): string | undefined {
    const call = this.#call;
    if (call?.dialog !== dialog || call.voice === undefined) return undefined;
    call.version += 1;
    if (offer.length === 0) return this.#describe(call, undefined);
    const agreement = agreementOf(offer);
    if (agreement === undefined) return undefined;
    call.voice.agree(agreement);
    this.#note(agreement.sends ? "the far end changed the call" : "on hold");
    return this.#describe(call, agreement);
  }

  /** The ACK of a late offer brings its answer (RFC 3261 13.2.1). */
  #acknowledged(dialog: Dialog, body: Uint8Array): void {
    const agreement = body.length === 0 ? undefined : agreementOf(body);
    if (this.#call?.dialog === dialog && agreement !== undefined) this.#call.voice?.agree(agreement);
  }

  #ended(dialog: Dialog, why: string): void {
    if (this.#call?.dialog === dialog) this.#over(this.#call, why);
  }

  #refuse(status: number, why: string): void {
    const call = this.#call;
    if (call === undefined || call.dialog.confirmed) return;
    this.#line?.refuse(call.dialog, status);
    this.#over(call, why);
  }

  #over(call: LiveCall, why: string): void {
    call.cancelAnswer?.();
    call.voice?.close();
    call.hearing.end();
    this.#call = undefined;
    this.#note(`call ended: ${why}`);
    this.#tell({ type: "state", state: "idle" });
    this.#tell({ type: "ended", why });
  }

  #describe(call: LiveCall, agreement: ReturnType<typeof agreementOf>): string {
    const address = this.#wish.address ?? "127.0.0.1";
    return describe({ address, port: call.voice?.port ?? 0, version: call.version }, agreement);
  }

  #audio(call: LiveCall, pcm: Int16Array): void {
    call.hearing.take(pcm);
    this.#tell({ type: "audio", pcm });
    if (this.#recordedSamples + pcm.length > mostRecordedSamples) return;
    this.#recorded.push(pcm);
    this.#recordedSamples += pcm.length;
  }

  #heard(heard: Heard): void {
    this.heard.push(heard);
    const level = Number.isFinite(heard.levelDbm0) ? `, ${heard.levelDbm0.toFixed(0)} dBm0` : "";
    this.#note(`heard ${heard.what} ${heard.seconds.toFixed(1)} s${level}`);
    this.#tell({ type: "heard", heard });
  }

  #note(text: string): void {
    const line = { seq: this.#nextSeq++, atMs: systemClock.now(), text };
    this.log.push(line);
    if (this.log.length > mostLogLines) this.log.shift();
    this.#tell({ type: "log", line });
  }

  #tell(event: PhoneEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #next<T>(pick: (event: PhoneEvent) => T | undefined, signal: AbortSignal | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = this.on((event) => {
        const picked = pick(event);
        if (picked === undefined) return;
        stop();
        signal?.removeEventListener("abort", abort);
        resolve(picked);
      });
      const abort = (): void => {
        stop();
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", abort, { once: true });
    });
  }
}
