// The phone's handset: listens to its line and speaks into it, when its buttons say so. Nothing sounds by itself: with two telephones on
// one page, and a microphone open in each, they would hear each other.
const by = (id) => document.getElementById(id);
const words = {
  "": "",
  NotAllowedError:
    "The browser does not let this page use the microphone. The telephone's own voice goes on.",
  NotFoundError: "There is no microphone here. The telephone's own voice goes on.",
  NotReadableError: "Another program has the microphone. The telephone's own voice goes on.",
};
let handset;
let microphone;
let listens = false;

/** Opened by the first press of a button: a browser plays nothing before. */
async function openHandset() {
  const context = new AudioContext({ sampleRate: 8000 });
  await context.audioWorklet.addModule("/sound-worklet.js");
  const line = new AudioWorkletNode(context, "handset", { outputChannelCount: [1] });
  const ear = new GainNode(context, { gain: 0 });
  const meter = new AnalyserNode(context, { fftSize: 256 });
  line.connect(meter);
  line.connect(ear).connect(context.destination);
  const socket = new WebSocket(`ws://${location.host}/sound`);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => line.port.postMessage(new Int16Array(data));
  // The phone's process ended, or started anew: the next press of a button opens another one.
  socket.onclose = () => {
    stopSpeaking();
    handset = undefined;
    listens = false;
    by("listen").setAttribute("aria-pressed", "false");
    void context.close();
  };
  line.port.onmessage = ({ data }) => {
    if (microphone !== undefined && socket.readyState === WebSocket.OPEN) socket.send(data);
  };
  await context.resume();
  showLevel(meter);
  return { context, line, ear, socket };
}

function showLevel(meter) {
  const samples = new Float32Array(meter.fftSize);
  const timer = setInterval(() => {
    if (meter.context.state === "closed") return clearInterval(timer);
    meter.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample ** 2, 0) / samples.length;
    // -60 dB is the meter's left end, 0 dB its right one.
    const level = power === 0 ? 0 : Math.max(0, 1 + (10 * Math.log10(power)) / 60);
    by("level").setAttribute("value", level.toFixed(2));
  }, 100);
}

async function toggleListening() {
  handset ??= openHandset();
  const { ear } = await handset;
  listens = !listens;
  ear.gain.value = listens ? 1 : 0;
  by("listen").setAttribute("aria-pressed", String(listens));
}

async function toggleSpeaking() {
  if (microphone !== undefined) return stopSpeaking();
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    handset ??= openHandset();
    const { context, line, socket } = await handset;
    const source = new MediaStreamAudioSourceNode(context, { mediaStream: stream });
    source.connect(line);
    microphone = { stream, source, socket };
    stream.getAudioTracks()[0].onended = stopSpeaking;
    tell("");
  } catch (error) {
    tell(error.name);
  }
  by("speak").setAttribute("aria-pressed", String(microphone !== undefined));
}

function stopSpeaking() {
  if (microphone === undefined) return;
  microphone.source.disconnect();
  for (const track of microphone.stream.getTracks()) track.stop();
  // An empty message: the phone's own voice speaks again.
  if (microphone.socket.readyState === WebSocket.OPEN) microphone.socket.send(new ArrayBuffer(0));
  microphone = undefined;
  by("speak").setAttribute("aria-pressed", "false");
}

function tell(name) {
  by("sound").textContent = words[name] ?? `The microphone cannot be used (${name}).`;
}

by("listen").onclick = () => void toggleListening();
by("speak").onclick = () => void toggleSpeaking();
