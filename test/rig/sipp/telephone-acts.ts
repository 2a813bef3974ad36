import {
  asks,
  hears,
  hearsResponse,
  pause,
  says,
  saysInDialog,
  saysToInvite,
  type Saying,
} from "./far-end.ts";

/** What a telephone does, in a person's words; each is a part of a sipp scenario (`far-end.ts`). */
export type Act = readonly string[];

export const isCalled: Act = [hears("INVITE")];

export const rings: Act = [hears("INVITE"), says(180)];

/** Picks up what rings. */
export const picksUp: Act = [says(200, { sdp: true, retransmitted: true }), hears("ACK")];

export const answers: Act = [...rings, ...picksUp];

/** 183 with a description: something is heard before anybody picked up. */
export const playsEarlyMedia: Act = [hears("INVITE"), says(183, { sdp: true }), pause(300)];

export const hangsUp: Act = [asks("BYE"), hearsResponse(200)];

export const isHungUp: Act = [hears("BYE"), saysInDialog(200)];

/** The platform takes its call back while the telephone rings. RFC 3261 9.2. */
export const isCancelled: Act = [
  hears("CANCEL"),
  saysInDialog(200),
  saysToInvite(487, { retransmitted: true }),
  hears("ACK"),
];

/** Somebody picked up while the CANCEL was on its way; the far end may have answered it 200 all the same. RFC 3261 9.1, 15. */
export function picksUpTooLate(cancelAnswer: 200 | 481): Act {
  return [
    hears("CANCEL"),
    saysInDialog(cancelAnswer),
    saysToInvite(200, { sdp: true, retransmitted: true }),
    hears("ACK"),
    ...isHungUp,
  ];
}

export function refuses(status: number, headers: readonly string[] = []): Act {
  return [says(status, { headers, retransmitted: true }), hears("ACK")];
}

/** When something else was heard since the INVITE. */
export function refusesAfterAll(status: number): Act {
  return [saysToInvite(status, { retransmitted: true }), hears("ACK")];
}

/** RFC 3261 8.1.3.4 */
export function redirectsTo(uri: string): Act {
  const [redirection = "", ...rest] = refuses(302, [`Contact: <${uri}>`]);
  return [redirection.replace(/^Contact: <sip:far.*\n/m, ""), ...rest];
}

/** RFC 3261 22: 401 as a far end does, 407 as a proxy does. */
export function challenges(status: 401 | 407): Act {
  const header = status === 401 ? "WWW-Authenticate" : "Proxy-Authenticate";
  const realm = 'realm="trunk.example", nonce="once and for all", algorithm=MD5, qop="auth"';
  return refuses(status, [`${header}: Digest ${realm}`]);
}

/** sipp computes the digest itself, and rings when it is the same. Its command for that does not know the proxy's header. */
export function ringsWhenProved(login: { readonly username: string; readonly password: string }): Act {
  const proof = `<verifyauth assign_to="valid" username="${login.username}" password="${login.password}" />`;
  const proved = hears("INVITE")
    .replace("<recv", '<recv next="proved" test="valid"')
    .replace("<action>", `<action>${proof}`);
  return [proved, ...refuses(403), '<label id="proved" />', says(180)];
}

export function holds(onHold: boolean): Act {
  return [asks("INVITE", { sdp: onHold ? "sendonly" : true }), hearsResponse(200), asks("ACK")];
}

/** RFC 4028 7.4: the far end refreshes the session, by either method. */
export function refreshes(method: "UPDATE" | "INVITE"): Act {
  const wish: Saying = {
    sdp: method === "INVITE",
    headers: ["Supported: timer", "Session-Expires: 90;refresher=uac"],
  };
  return [asks(method, wish), hearsResponse(200), ...(method === "INVITE" ? [asks("ACK")] : [])];
}

/** RFC 4028 9: the answer asks us to refresh, and a refresh comes. */
export const picksUpAndWantsRefreshes: Act = [
  says(200, {
    sdp: true,
    retransmitted: true,
    headers: [
      "Allow: INVITE, ACK, CANCEL, BYE, UPDATE",
      "Require: timer",
      "Session-Expires: 90;refresher=uac",
    ],
  }),
  hears("ACK"),
];

export const isRefreshed: Act = [
  hears("UPDATE"),
  saysInDialog(200, { headers: ["Require: timer", "Session-Expires: 90;refresher=uac"] }),
];

/** RFC 3311: a new description in mid-call, without an INVITE. */
export const updates: Act = [asks("UPDATE", { sdp: true }), hearsResponse(200)];

/** A key by SIP INFO: sipp has no voice for the others. */
export function presses(key: string): Act {
  const content = { type: "application/dtmf-relay", text: `Signal=${key}\nDuration=120\n` };
  return [asks("INFO", { content }), hearsResponse(200)];
}

/** Its 200 leaves and never arrives; the next one does. */
export const picksUpUnheard: Act = [
  says(200, { sdp: true, lost: true }),
  pause(500),
  says(200, { sdp: true, retransmitted: true }),
  hears("ACK"),
];

/** The first ACK never arrives: the 200 goes out again. */
export const picksUpAndMissesAck: Act = [
  says(200, { sdp: true }),
  hears("ACK"),
  pause(500),
  saysToInvite(200, { sdp: true }),
  hears("ACK"),
];

/** Nothing for so long that the caller has given up, and then a first word. RFC 3261 9.1: no CANCEL before a provisional response. */
export const wakesUpLate: Act = [hears("INVITE"), pause(6_500)];

/** RFC 3262: the 183 wants a PRACK. */
export const playsEarlyMediaReliably: Act = [
  hears("INVITE"),
  says(183, { sdp: true, headers: ["Require: 100rel", "RSeq: 4711"] }),
  hears("PRACK"),
  saysInDialog(200),
];

/** When something else was heard since the INVITE. */
export const picksUpAfterAll: Act = [saysToInvite(200, { sdp: true, retransmitted: true }), hears("ACK")];

/** A codec that nobody offered. RFC 3264 6. */
export const picksUpSpeakingOtherwise: Act = [
  says(200, { sdp: true, retransmitted: true })
    .replace("RTP/AVP 0 101", "RTP/AVP 18")
    .replace(/^a=(?:rtpmap:101|fmtp).*\n/gm, "")
    .replace("a=rtpmap:0 PCMU/8000", "a=rtpmap:18 G729/8000"),
  hears("ACK"),
];

export const picksUpWithoutDescription: Act = [says(200, { retransmitted: true }), hears("ACK")];

/** Goes on when the story gives it the word: `Telephone.cue()`. */
export const waits: Act = [hears("CUE")];

/** Answers what comes again after the end, as the RFC's timers J and K want. */
export const lingers: Act = ['<timewait milliseconds="3000" />'];
