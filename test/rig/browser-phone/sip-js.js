/** A telephone of SIP.js's in a page: registers as the address says, answers by itself, and tells what it hears. */
import { Registerer, RegistererState, SessionState, UserAgent } from "sip.js";
import { listenTo, loudest } from "./ear.js";

const { searchParams } = new URL(location.href);
const told = (name) => searchParams.get(name) ?? "";

const state = { registered: false, session: undefined };
const ua = new UserAgent({
  uri: UserAgent.makeURI(`sip:${told("name")}@tandem.invalid`),
  transportOptions: { server: told("socket") },
  authorizationUsername: told("name"),
  authorizationPassword: told("password"),
  // By itself it would ask a server on the internet for its address.
  sessionDescriptionHandlerFactoryOptions: { peerConnectionConfiguration: { iceServers: [] } },
  logLevel: "error",
  delegate: { onInvite: answer },
});
const registerer = new Registerer(ua, { expires: 300, regId: 1 });
registerer.stateChange.addListener((to) => {
  state.registered = to === RegistererState.Registered;
});
globalThis.phone = {
  state,
  loudest,
  hangsUp: () => state.session.bye(),
  /** Over the same connection, with another Contact. */
  async registersElsewhere() {
    ua.contact.uri.user = crypto.randomUUID();
    await accepted((requestDelegate) => registerer.register({ requestDelegate }));
  },
  unregisters: () => accepted((requestDelegate) => registerer.unregister({ requestDelegate })),
};
await ua.start();
await registerer.register();

function accepted(request) {
  return new Promise((resolve, reject) => {
    request({
      onAccept: () => resolve(),
      onReject: ({ message }) => reject(new Error(message.reasonPhrase)),
    });
  });
}

function answer(invitation) {
  state.session = invitation;
  invitation.stateChange.addListener((to) => {
    if (to === SessionState.Established) listenTo(invitation.sessionDescriptionHandler.remoteMediaStream);
  });
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  void invitation.accept({ sessionDescriptionHandlerOptions: { constraints: { audio, video: false } } });
}
