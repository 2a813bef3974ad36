import type { Prompt, Segment } from "#contract/telecom.ts";
import type { Announcement, Language, Subject, Subscriber, Texts } from "#network/records.ts";
import { spokenSegments, whisperSegments } from "#network/whisper.ts";

/** What the platform says when the subscriber chose nothing else. */
const builtIn = {
  userGreeting: {
    en: "Hello. This is the call from {subscriber} that you asked for.",
    es: "Hola. Esta es la llamada de {subscriber} que usted pidió.",
  },
  userConfirm: {
    en: "Hello. Somebody asked on the web for a call between {subscriber} and this number, about {subject}. If it was you, press 1. If you never want such calls, press 9.",
    es: "Hola. Alguien pidió en internet una llamada entre {subscriber} y este número, sobre {subject}. Si fue usted, pulse 1. Si no quiere recibir nunca estas llamadas, pulse 9.",
  },
  callingCenter: {
    en: "Please hold the line. An agent is being called.",
    es: "No cuelgue, por favor. Estamos llamando a un agente.",
  },
  signOnPrompt: {
    en: "A customer from the web is waiting. Please press {key}.",
    es: "Un cliente de la web está esperando. Pulse {key}, por favor.",
  },
  signOnPromptWithPin: {
    en: "A customer from the web is waiting. Please key your code, then {key}.",
    es: "Un cliente de la web está esperando. Marque su código y luego {key}, por favor.",
  },
  callingUser: {
    en: "The customer is being called. Please hold the line.",
    es: "Estamos llamando al cliente. No cuelgue, por favor.",
  },
  centerUnavailable: {
    en: "We are sorry. No agent can take your call now. Please try again later. Goodbye.",
    es: "Lo sentimos. Ningún agente puede atenderle ahora. Inténtelo más tarde. Adiós.",
  },
  userUnavailable: {
    en: "The customer cannot be reached. Goodbye.",
    es: "No se puede contactar con el cliente. Adiós.",
  },
  callsRefused: {
    en: "You will not be called again. Goodbye.",
    es: "No volveremos a llamarle. Adiós.",
  },
  goodbye: { en: "Thank you for calling. Goodbye.", es: "Gracias por llamar. Adiós." },
  unsignedWhisper: { en: "A call from the web: {subject}.", es: "Una llamada de la web: {subject}." },
} as const satisfies Record<string, Texts>;

const keyNames = { en: { "#": "pound", "*": "star" }, es: { "#": "almohadilla", "*": "asterisco" } } as const;

const mostSegments = 20;
/** A prompt of nothing is not a prompt; this is heard as nothing. */
const nothing: Segment = { type: "pause", ms: 20 };

type Said = Exclude<keyof typeof builtIn, "unsignedWhisper" | "signOnPromptWithPin">;

/** An announcement of the subscriber's, or the platform's own, in one language. Behind a file stand the platform's own words. */
export function announcement(
  which: Said,
  subscriber: Pick<Subscriber, "name" | "policy">,
  subject: Pick<Subject, "name">,
  language: Language,
): Prompt {
  const chosen: Announcement | undefined = Object.entries(subscriber.policy.announcements).find(
    ([name]) => name === which,
  )?.[1];
  const { signOn } = subscriber.policy;
  const ours = which === "signOnPrompt" && signOn.pin !== undefined ? "signOnPromptWithPin" : which;
  const text = inLanguage(chosen !== undefined && "text" in chosen ? chosen.text : builtIn[ours], language);
  const names: Readonly<Record<string, string>> = {
    subscriber: subscriber.name,
    subject: inLanguage(subject.name, language),
    key: keyNames[language][signOn.key],
  };
  // An unknown name stays silent.
  const filled = text.replace(/\{([a-z]+)\}/g, (_, name: string) => names[name] ?? "");
  const said = spokenSegments(filled).slice(0, mostSegments);
  if (chosen !== undefined && "file" in chosen) {
    const instead = said.filter((segment) => segment.type === "text");
    return { language, private: false, segments: [{ type: "file", path: chosen.file, instead }] };
  }
  return { language, private: false, segments: said.length > 0 ? said : [nothing] };
}

/** 214. What the agent alone hears, by the subject's template. A field that the click did not verify is left out. */
export function whisper(of: {
  readonly subject: Subject;
  readonly language: Language;
  readonly page: string | undefined;
  readonly code: string | undefined;
  readonly reference: string;
  /** An agent who did not sign on is not entitled to more than what the call is about. */
  readonly signedOn: boolean;
}): Prompt {
  const { subject, language } = of;
  const template = inLanguage(of.signedOn ? subject.whisper : builtIn.unsignedWhisper, language);
  const segments = whisperSegments(template, {
    subject: inLanguage(subject.name, language),
    page: of.page,
    code: of.code,
    reference: of.reference,
  });
  return { language, private: true, segments: [...segments] };
}

export const ringback: Prompt = {
  language: "en",
  private: false,
  segments: [{ type: "tone", tone: "ringback" }],
};

export function tone(which: "confirm" | "refuse"): Prompt {
  return { language: "en", private: false, segments: [{ type: "tone", tone: which }] };
}

/** The first that there is: the language asked for, then the order in which the subscriber gave them. */
export function inLanguage(texts: Texts, language: Language): string {
  return texts[language] ?? Object.values(texts)[0] ?? "";
}
