/** What is heard in a page. */
let analyser;
let element;

export function listenTo(stream) {
  // Chromium feeds a stream from afar to nobody until an element plays it.
  element = new Audio();
  element.muted = true;
  element.srcObject = stream;
  void element.play();
  const context = new AudioContext();
  analyser = context.createAnalyser();
  analyser.fftSize = 8192;
  analyser.smoothingTimeConstant = 0;
  context.createMediaStreamSource(stream).connect(analyser);
}

/** The loudest frequency that is heard now, in Hz; 0 in silence. */
export function loudest() {
  if (analyser === undefined) return 0;
  const levels = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(levels);
  const peak = levels.reduce((best, level, at) => (level > levels[best] ? at : best), 0);
  return levels[peak] > -60 ? (peak * analyser.context.sampleRate) / analyser.fftSize : 0;
}
