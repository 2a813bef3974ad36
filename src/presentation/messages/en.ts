import type { Messages } from "./messages.ts";
import { phoneEn } from "./phone-en.ts";

export const en: Messages = {
  languageName: "English",
  locale: "en-US",
  skipToContent: "Skip to content",
  otherLanguage: "Language",
  poweredBy: "Connected by Tandem",
  development: "Development keys are in use: nothing here is secret.",
  welcome: {
    title: (subject) => `${subject}: talk to us`,
    lead: (subscriber) =>
      `We call you, then connect you with a person at ${subscriber}. You need nothing but a telephone.`,
    about: "You were reading",
    phoneLabel: "Your telephone number",
    phoneHint: (country, code) =>
      `Country: ${country} (+${code}). For another country, begin with + and its code.`,
    phoneFromLink: "This number came with the link. Please check that it is yours.",
    confirmNumber: (masked) => `We will call you at ${masked}.`,
    numberEnding: (lastDigits) => `the number that ends in ${lastDigits}`,
    otherNumber: "Call me at another number",
    submit: "Call me now",
    next: "What happens next",
    nextSteps: {
      rings: "Your telephone rings within seconds.",
      pressOne: "Press 1 on its keypad to go on, so that nobody is called without wanting it.",
      tellsPage: "We call the right person and tell them what you were reading.",
      tellsSubject: (subject) => `We call the right person and tell them what this is about: ${subject}.`,
      ringsThen: "As soon as they are there, your telephone rings.",
      talk: "You talk. They can show you pages right here.",
    },
    consent: (subscriber) => `Your number is used for this call to ${subscriber} only.`,
    tokenRefused: "The link you followed is no longer valid, so please enter your number again.",
    stale: "This page had been open for too long. Please check your number and try once more.",
    liveCall: "You already have a call in progress.",
    liveCallLink: "Go to your call",
    problem: "There is a problem",
  },
  refused: {
    title: "We cannot take your call now",
    closed: (subscriber, subject) => `${subscriber} takes no calls about “${subject}” at the moment.`,
    opensAt: ({ day, time, zone }) => `You can call again on ${day} at ${time} ${zone}.`,
    opensUnknown: "The next opening time is not known yet.",
    region: (subscriber) => `${subscriber} does not take calls about this subject from where you are.`,
    stopped: "Calls are switched off for a short time. Please try again later.",
    otherSubjects: "What you can ask about now",
    backToSite: (subscriber) => `Go to the website of ${subscriber}`,
  },
  refusals: {
    "unknown-subject": "Calls about this subject are no longer taken.",
    "number-impossible":
      "This is not a telephone number that can be called. Check the digits, or enter it with its country code, such as +1 415 555 0100.",
    "number-type-not-allowed":
      "Numbers of this kind cannot be called from here. Enter a fixed-line or mobile number.",
    "country-not-allowed": "Numbers in this country cannot be called from here.",
    "number-refuses-calls": "The owner of this number asked not to be called.",
    "too-many-calls-to-number": "This number was called several times already. Please wait a few minutes.",
    "too-many-calls-from-address":
      "Too many calls were asked for from your network. Please try again in an hour.",
    "too-many-calls-for-subscriber": "All lines are busy. Please try again in a few minutes.",
    "outside-hours": "The call center has just closed.",
    "outside-region": "Calls to this number are not taken for this subject.",
    "token-already-used":
      "This link was used for a call already. Go back to the page you came from and click again.",
    "platform-stopped": "Calls are switched off for a short time. Please try again later.",
    "browser-not-allowed":
      "Calls from the browser are not taken just now. Please give us a telephone number instead.",
    overloaded:
      "So many people are on the telephone with us that we can take no more calls at this moment. Nobody was called. Your number is kept here: wait a minute and press the button again, or come back later.",
    "unit-unreachable": "We cannot place calls right now. Please try again in a minute.",
  },
  connect: {
    callTo: (subscriber) => `Your call to ${subscriber}`,
    progress: "Progress of your call",
    stages: {
      placing: { headline: "We are about to call you", text: "Please keep your telephone at hand." },
      "calling-you": {
        headline: "Your telephone is ringing",
        text: "Please answer it. We stay on this page with you.",
      },
      "confirm-on-phone": {
        headline: "Press 1 on your telephone",
        text: "We go on as soon as you press it.",
      },
      "calling-center": {
        headline: "We are calling the right person",
        text: "Please hold the line. You hear it ringing.",
      },
      "agent-briefed": {
        headline: "Somebody has answered",
        text: "They are being told what this is about. You will hear them in a moment.",
      },
      connected: {
        headline: "You are connected",
        text: "Leave this page open: pages that the agent wants to show you appear here.",
      },
      ending: { headline: "The call is ending", text: "One moment, please." },
    },
    stagesCenterFirst: {
      placing: {
        headline: "We are about to call the right person",
        text: "Your telephone rings when they are there. Please keep it at hand.",
      },
      "calling-center": {
        headline: "We are calling the right person",
        text: "Your telephone rings when they are there. Please keep it at hand.",
      },
      "agent-briefed": {
        headline: "Somebody has answered",
        text: "They are being told what this is about. Your telephone rings next.",
      },
      "calling-you": {
        headline: "Your telephone is ringing",
        text: "Please answer it: the agent is waiting for you.",
      },
    },
    stagesInBrowser: {
      placing: {
        headline: "We are about to begin",
        text: "Please leave this page open: the sound is in it.",
      },
      "calling-you": {
        headline: "We are connecting your browser",
        text: "Your microphone and your loudspeaker are your telephone now.",
      },
      "calling-center": {
        headline: "We are calling the right person",
        text: "Please stay here. You hear it ringing.",
      },
    },
    yourBrowser: "Your browser is connected",
    confirmKeys: {
      one: "Connect me.",
      nine: "I did not ask for this call, and want no more of them.",
    },
    milestones: {
      "your-phone": "Your telephone rings",
      confirmed: "You agree on the telephone",
      center: "We call the call center",
      agent: "An agent is told what this is about",
      connected: "You are connected",
    },
    done: "done",
    now: "now",
    later: "to come",
    cancel: "Cancel the call",
    hangUp: "Hang up",
    from: (subscriber) => `From ${subscriber}`,
    connectionLost: "The connection to this page was lost. Your call goes on; we are trying to reconnect.",
    connectionBack: "The page is connected again.",
    staysOpen: "Please leave this page open during the call.",
    refreshes: "This page refreshes itself every few seconds.",
  },
  pushed: {
    headline: (title) => title,
    shownBy: (subscriber) => `Shown to you by your agent at ${subscriber}`,
    frameTitle: (title) => `Page from your agent: ${title}`,
    openInTab: "Open in a new tab",
    opensNewTab: "opens in a new tab",
    emptyFrame: "If the page stays empty here, open it in a new tab.",
    close: "Close this page",
    missing: "The page that the agent wanted to show is no longer there.",
  },
  outcomes: {
    completed: { title: "Goodbye", text: "Your call has ended. Thank you for talking with us." },
    "visitor-cancelled": {
      title: "The call was cancelled",
      text: "You ended the call on this page. We call you no more, unless you ask again.",
    },
    "user-busy": {
      title: "Your telephone was busy",
      text: "We called you, but the line was busy. Once it is free, ask for the call again.",
    },
    "user-no-answer": {
      title: "You did not answer",
      text: "We let your telephone ring, and nobody picked up. Keep it at hand and ask for the call again.",
    },
    "user-declined": {
      title: "The call was declined",
      text: "Your telephone declined our call. If you did not mean that, ask for the call again.",
    },
    "user-unreachable": {
      title: "We could not reach your telephone",
      text: "The number does not answer to calls. Please check it and try again.",
    },
    "user-did-not-confirm": {
      title: "We did not hear you press 1",
      text: "You answered, but 1 was not pressed, so we did not go on. Ask for the call again, and press 1 when you are asked to.",
    },
    "user-refused-calls": {
      title: "You will not be called again",
      text: "You pressed 9: this number receives no further calls from us. There is nothing more to do.",
    },
    "user-hung-up-early": {
      title: "The call ended early",
      text: "Your telephone hung up before we could connect you. If you still want to talk, ask for the call again.",
    },
    "center-busy": {
      title: "All lines are busy",
      text: "Nobody was free to take your call. Please try again in a few minutes.",
    },
    "center-no-answer": {
      title: "Nobody answered",
      text: "We let it ring, but nobody was free to take your call. Please try again in a few minutes.",
    },
    "center-declined": {
      title: "The call was not taken",
      text: "The call center declined the call. Please try again later.",
    },
    "center-unreachable": {
      title: "The call center cannot be reached",
      text: "Its line is out of order at the moment. Please try again later.",
    },
    "center-closed": {
      title: "The call center is closed",
      text: "It closed before your call got through. Please try again during opening hours.",
    },
    "nobody-signed-on": {
      title: "No agent was available",
      text: "The call was answered, but no agent took it. Please try again in a few minutes.",
    },
    "agent-hung-up-early": {
      title: "The call ended early",
      text: "The line at the call center was cut before you were connected. Please try again.",
    },
    "not-permitted": {
      title: "The call was not allowed",
      text: "Calls to this number are not allowed at the moment. Ask for a call to another number, or try again later.",
    },
    "time-limit": {
      title: "The call reached its time limit",
      text: "Calls are limited in length. You are welcome to call again.",
    },
    "platform-failed": {
      title: "Something went wrong on our side",
      text: "We are sorry: the call could not be completed. Please try again.",
    },
  },
  outcomesInBrowser: {
    "user-no-answer": {
      title: "Your browser was not connected",
      text: "We waited for its microphone, and it did not come. Ask for the call again, or give us a telephone number.",
    },
    "user-unreachable": {
      title: "Your browser could not be reached",
      text: "Its sound could not be connected. Try once more, or give us a telephone number.",
    },
    "user-declined": {
      title: "Your browser was not connected",
      text: "It could not use its microphone. Ask for the call again, or give us a telephone number.",
    },
    "user-busy": {
      title: "Your browser was not connected",
      text: "It could not use its microphone. Ask for the call again, or give us a telephone number.",
    },
    "user-hung-up-early": {
      title: "The call ended early",
      text: "The sound of your browser was cut before we could connect you. If you still want to talk, ask for the call again.",
    },
  },
  phone: phoneEn,
  disconnect: { again: "Call again", back: (subscriber) => `Back to ${subscriber}` },
  notice: {
    notFoundTitle: "This page does not exist",
    notFoundSubscriber:
      "The link you followed leads to nobody that we know. Please go back and try another one.",
    notFoundSubject: (subscriber) => `${subscriber} takes no calls about this subject.`,
    notFoundCall: "There is no call of yours at this address. It may have been made in another browser.",
    notFoundPage: "Nothing is kept at this address.",
    badLinkTitle: "This link cannot be read",
    badLink:
      "The link you followed is damaged. Nothing was stored and nobody was called. Please go back and try again.",
    fieldFault: {
      repeated: (field) => `The part “${field}” stands in it twice.`,
      "too-long": (field) => `The part “${field}” is too long.`,
      "not-readable": (field) =>
        field === "" ? "A part of it cannot be read." : `The part “${field}” cannot be read.`,
      "too-many": () => "It has too many parts.",
    },
    slowDownTitle: "Please wait a moment",
    slowDown: (seconds) =>
      `Too many requests came from your network. Please try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.`,
    foreignTitle: "Please start again",
    foreign:
      "This form was not made by this page, or its cookies were removed. Nobody was called. Please go back to the website and click again.",
    brokenTitle: "Something went wrong on our side",
    broken: "We are sorry. Please try again in a minute.",
    unavailableTitle: "We are busy",
    unavailable: "Too many visitors at once. Please try again in a minute.",
  },
};
