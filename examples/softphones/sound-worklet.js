// Between the page's sound and the phone's line: 8 kHz both ways. What comes from the line is played a little later than it came, so
// that packets may be late; what the microphone hears leaves 20 ms at a time.

/** 60 ms wait before the first sample of a talk is played; beyond 400 ms the oldest are left out. */
const begins = 480;
const most = 3_200;
const frame = 160;

class Handset extends AudioWorkletProcessor {
  constructor() {
    super();
    /** @type {number[]} */
    this.line = [];
    this.playing = false;
    /** @type {number[]} */
    this.said = [];
    this.port.onmessage = ({ data }) => {
      for (const sample of data) this.line.push(sample / 32_768);
      if (this.line.length > most) this.line.splice(0, this.line.length - most);
    };
  }

  /** @param {Float32Array[][]} inputs @param {Float32Array[][]} outputs */
  process([microphone], [ear]) {
    const out = ear?.[0];
    if (out !== undefined) this.play(out);
    const voice = microphone?.[0];
    if (voice !== undefined) this.say(voice);
    return true;
  }

  /** @param {Float32Array} out */
  play(out) {
    if (!this.playing && this.line.length >= begins) this.playing = true;
    if (!this.playing) return;
    out.set(this.line.splice(0, out.length));
    if (this.line.length === 0) this.playing = false;
  }

  /** @param {Float32Array} voice */
  say(voice) {
    this.said.push(...voice);
    while (this.said.length >= frame) {
      const samples = this.said.splice(0, frame);
      this.port.postMessage(Int16Array.from(samples, (sample) => Math.max(-1, Math.min(1, sample)) * 32_767));
    }
  }
}

registerProcessor("handset", Handset);
