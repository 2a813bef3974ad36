import type { MicrophoneState } from "../readiness.ts";
import { chosenDevice } from "./device-choice.ts";

/**
 * The person's microphone, asked for when `open` is said and not before. It is watched: one that is pulled out is looked for again when
 * the machine's devices change, and a permission that is given late is noticed.
 */
export class Microphone {
  state: MicrophoneState = "asked";
  stream: MediaStream | undefined;
  readonly #changed: () => void;
  readonly #closed = new AbortController();
  #isWatched = false;
  #context: AudioContext | undefined;
  #source: MediaStreamAudioSourceNode | undefined;
  #analyser: AnalyserNode | undefined;
  #opening: Promise<void> | undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Safe to say twice; resolves when it is known what came of it. */
  async open(): Promise<void> {
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
    await this.#opening;
  }

  /** For who has an answer waiting: undefined when there is no microphone to be had. */
  async opened(): Promise<MediaStreamTrack | undefined> {
    if (this.state !== "live") await this.open();
    return this.track;
  }

  /** Another device was chosen. */
  async change(): Promise<void> {
    await this.#opening;
    await this.open();
  }

  get track(): MediaStreamTrack | undefined {
    return this.stream?.getAudioTracks()[0];
  }

  /** Browsers let a page make sound once a person has touched it, and Chromium also while it may use the microphone. */
  get soundRuns(): boolean {
    return this.#context?.state === "running";
  }

  get context(): AudioContext | undefined {
    return this.#context;
  }

  /** In the click or key press that gives the page its voice. */
  async wake(): Promise<void> {
    if (this.#context?.state === "suspended") await this.#context.resume();
  }

  /** What comes in now, from 0 (nothing) to 1 (as loud as can be), on a scale of 60 dB. */
  level(): number {
    if (this.#analyser === undefined) return 0;
    const samples = new Float32Array(this.#analyser.fftSize);
    this.#analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    return power === 0 ? 0 : Math.max(0, Math.min(1, 1 + (10 * Math.log10(power)) / 60));
  }

  close(): void {
    this.#closed.abort();
    this.#stop();
    void this.#context?.close();
  }

  async #open(): Promise<void> {
    // MDN, "Secure context": there are no devices on a page that anybody on the way could have changed.
    if (navigator.mediaDevices === undefined) return this.#become("insecure");
    this.#watch();
    try {
      this.#take(await askFor(chosenDevice("microphone")));
    } catch (error) {
      this.#stop();
      this.#become(meaningOf(error));
    }
  }

  #watch(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    const { signal } = this.#closed;
    const lookAgain = (): void => {
      if (this.state !== "live") void this.open();
      this.#changed();
    };
    navigator.mediaDevices.addEventListener("devicechange", lookAgain, { signal });
    navigator.permissions.query({ name: "microphone" }).then(
      (permission) => permission.addEventListener("change", lookAgain, { signal }),
      // A browser that tells no permissions needs a reload instead.
      () => {},
    );
  }

  #take(stream: MediaStream): void {
    // Closed while the person was asked.
    if (this.#closed.signal.aborted) return stream.getTracks().forEach((track) => track.stop());
    this.#stop();
    this.stream = stream;
    this.track?.addEventListener("ended", () => {
      if (this.stream === stream) this.#become("none");
    });
    // Only now: made before, it would be silent after a reload, until somebody touches the page.
    this.#context ??= this.#makeContext();
    this.#analyser ??= this.#context.createAnalyser();
    this.#source = this.#context.createMediaStreamSource(stream);
    this.#source.connect(this.#analyser);
    this.#become("live");
  }

  #makeContext(): AudioContext {
    const context = new AudioContext();
    context.addEventListener("statechange", () => this.#changed(), { signal: this.#closed.signal });
    return context;
  }

  #stop(): void {
    this.#source?.disconnect();
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = undefined;
  }

  #become(state: MicrophoneState): void {
    this.state = state;
    this.#changed();
  }
}

async function askFor(deviceId: string): Promise<MediaStream> {
  const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  // `ideal`: a device that is gone since must not leave the person without any.
  return await navigator.mediaDevices.getUserMedia({
    audio: deviceId === "" ? audio : { ...audio, deviceId: { ideal: deviceId } },
  });
}

/** Media Capture and Streams 10.2.1: what `getUserMedia` throws. */
function meaningOf(error: unknown): MicrophoneState {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "refused";
  return name === "NotFoundError" || name === "OverconstrainedError" ? "none" : "taken";
}
