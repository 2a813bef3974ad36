/** A telephone of JsSIP's in a page: registers as the address says, answers by itself, and tells what it hears. */
import JsSIP from "jssip";

const { searchParams } = new URL(location.href);
const told = (name) => searchParams.get(name) ?? "";
const socket = new JsSIP.WebSocketInterface(told("socket"));
const ua = new JsSIP.UA({
  sockets: [socket],
  uri: `sip:${told("name")}@tandem.invalid`,
  authorization_user: told("name"),
  password: told("password"),
  register_expires: 300,
  session_timers: false,
});

const state = { registered: false, invites: [], session: undefined, ended: [], analyser: undefined };
globalThis.phone = {
  state,
  /** The loudest frequency that is heard now, in Hz; 0 in silence. */
  loudest() {
    const { analyser } = state;
    if (analyser === undefined) return 0;
    const levels = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(levels);
    const peak = levels.reduce((best, level, at) => (level > levels[best] ? at : best), 0);
    return levels[peak] > -60 ? (peak * analyser.context.sampleRate) / analyser.fftSize : 0;
  },
  async isReportedTo() {
    const statistics = await state.session.connection.getStats();
    return [...statistics.values()].some(({ type }) => type === "remote-inbound-rtp");
  },
  answers: () => answer(state.ringing),
  presses: (key) => state.session.connection.getSenders()[0].dtmf.insertDTMF(key, 160, 80),
  holds: () => new Promise((resolve) => state.session.hold({}, resolve)),
  resumes: () => new Promise((resolve) => state.session.unhold({}, resolve)),
  hangsUp: () => state.session.terminate(),
};

ua.on("registered", () => {
  state.registered = true;
});
ua.on("newRTCSession", ({ originator, request, session }) => {
  if (originator !== "remote") return;
  const resumes = request.getHeader("X-Tandem-Resume") === "1";
  state.invites.push(resumes ? "resume" : "ring");
  session.on("ended", ({ cause }) => state.ended.push(cause));
  session.on("failed", ({ cause }) => state.ended.push(cause));
  session.on("sdp", (description) => {
    // A telephone that lies about its certificate.
    if (description.originator === "local" && told("lies") === "fingerprint")
      description.sdp = description.sdp.replace(/(a=fingerprint:sha-256 )(..):(..)/, "$1$3:$2");
  });
  session.on("peerconnection", ({ peerconnection }) => {
    peerconnection.addEventListener("track", ({ streams }) => listen(streams[0]));
  });
  state.ringing = session;
  if (resumes || told("answers") !== "when-told") answer(session);
});
ua.start();

function answer(session) {
  state.session = session;
  session.answer({
    mediaConstraints: {
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
      video: false,
    },
  });
}

function listen(stream) {
  // Chromium feeds a stream from afar to nobody until an element plays it.
  const element = new Audio();
  element.muted = true;
  element.srcObject = stream;
  void element.play();
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 8192;
  analyser.smoothingTimeConstant = 0;
  context.createMediaStreamSource(stream).connect(analyser);
  state.analyser = analyser;
  state.element = element;
}
