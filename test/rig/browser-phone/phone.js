/** A telephone of JsSIP's in a page: registers as the address says, answers by itself, and tells what it hears. */
import JsSIP from "jssip";
import { listenTo, loudest } from "./ear.js";

const { searchParams } = new URL(location.href);
const told = (name) => searchParams.get(name) ?? "";
const state = { registered: false, invites: [], session: undefined, ended: [], ua: undefined };
globalThis.phone = {
  state,
  loudest,
  async isReportedTo() {
    const statistics = await state.session.connection.getStats();
    return [...statistics.values()].some(({ type }) => type === "remote-inbound-rtp");
  },
  /** Of the pair of addresses that the sound takes: what kind its own is. */
  async wayOfSound() {
    const statistics = await state.session.connection.getStats();
    const reports = [...statistics.values()];
    const pair = reports.find(({ type, nominated, state: is }) => {
      return type === "candidate-pair" && nominated && is === "succeeded";
    });
    return statistics.get(pair?.localCandidateId)?.candidateType;
  },
  answers: () => answer(state.ringing),
  presses: (key) => state.session.connection.getSenders()[0].dtmf.insertDTMF(key, 160, 80),
  holds: () => new Promise((resolve) => state.session.hold({}, resolve)),
  resumes: () => new Promise((resolve) => state.session.unhold({}, resolve)),
  hangsUp: () => state.session.terminate(),
  /** From another connection, as the same telephone: with its instance, and a Contact of its own. */
  registersElsewhere() {
    state.registered = false;
    start();
  },
  unregisters() {
    const unregistered = new Promise((resolve) => state.ua.on("unregistered", () => resolve()));
    state.ua.unregister();
    return unregistered;
  },
};
const instance = crypto.randomUUID();
start();

function start() {
  const ua = new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface(told("socket"))],
    uri: `sip:${told("name")}@tandem.invalid`,
    authorization_user: told("name"),
    password: told("password"),
    instance_id: instance,
    register_expires: 300,
    session_timers: false,
  });
  state.ua = ua;
  ua.on("registered", () => {
    state.registered = true;
  });
  ua.on("newRTCSession", rings);
  ua.start();
}

function rings({ originator, request, session }) {
  if (originator !== "remote") return;
  const resumes = request.getHeader("X-Tandem-Resume") === "1";
  state.invites.push(resumes ? "resume" : "ring");
  session.on("ended", ({ cause }) => state.ended.push(cause));
  session.on("failed", ({ cause }) => state.ended.push(cause));
  session.on("sdp", (description) => {
    if (description.originator === "local") description.sdp = lie(description.sdp);
  });
  session.on("peerconnection", ({ peerconnection }) => {
    peerconnection.addEventListener("track", ({ streams }) => listenTo(streams[0]));
  });
  state.ringing = session;
  state.request = request;
  if (resumes || told("answers") !== "when-told") answer(session);
}

/** What a telephone says that does not say the truth. */
function lie(sdp) {
  switch (told("lies")) {
    case "fingerprint":
      return sdp.replace(/(a=fingerprint:sha-256 )(..):(..)/, "$1$3:$2");
    case "nonsense":
      return sdp.replaceAll("=", "");
    case "enormous":
      return sdp + "a=candidate:1 1 udp 2122260223 127.0.0.1 9 typ host\r\n".repeat(20_000);
    default:
      return sdp;
  }
}

/** Where it may come by: as the INVITE tells (docs/wire.md). */
function iceOf(request) {
  const servers = request.getHeaders("X-Tandem-Relay").map((relay) => relay.trim().split(" "));
  return {
    iceServers: servers.map(([urls, username, credential]) => ({ urls, username, credential })),
    iceTransportPolicy: request.getHeader("X-Tandem-Relay-Only") === "1" ? "relay" : "all",
  };
}

function answer(session) {
  state.session = session;
  session.answer({
    pcConfig: iceOf(state.request),
    mediaConstraints: {
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
      video: false,
    },
  });
}
