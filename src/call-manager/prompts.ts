import type { Prompt, Segment } from "#contract/telecom.ts";
import type { Announcement, Language, Subject, Subscriber, Texts } from "#network/records.ts";

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

type Said = Exclude<keyof typeof builtIn, "unsignedWhisper" | "signOnPromptWithPin">;

/** An announcement of the subscriber's, or the platform's own, in one language. */
export function announcement(
  which: Said,
  subscriber: Subscriber,
  subject: Subject,
  language: Language,
): Prompt {
  const chosen: Announcement | undefined = Object.entries(subscriber.policy.announcements).find(
    ([name]) => name === which,
  )?.[1];
  if (chosen !== undefined && "file" in chosen)
    return { language, private: false, segments: [{ type: "file", path: chosen.file }] };
  const { signOn } = subscriber.policy;
  const ours = which === "signOnPrompt" && signOn.pin !== undefined ? "signOnPromptWithPin" : which;
  const text = inLanguage(chosen?.text ?? builtIn[ours], language);
  return prompt(text, language, {
    subscriber: spoken(subscriber.name),
    subject: spoken(inLanguage(subject.name, language)),
    key: spoken(keyNames[language][signOn.key]),
  });
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
  const said = prompt(template, language, {
    subject: spoken(inLanguage(subject.name, language)),
    page: of.page === undefined ? [] : spoken(of.page),
    code: of.code === undefined ? [] : [{ type: "spell", text: of.code, alphabet: "plain" }],
    reference: [{ type: "digits", digits: of.reference }],
    pause: [{ type: "pause", ms: 400 }],
  });
  return { ...said, private: true };
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

const longestText = 200;
const mostSegments = 20;

/** `{name}` in the template becomes its segments; what stands between becomes text. An unknown name stays silent. */
function prompt(
  template: string,
  language: Language,
  values: Readonly<Record<string, readonly Segment[]>>,
): Prompt {
  const segments = template.split(/(\{[a-z]+\})/).flatMap((part) => {
    const name = /^\{([a-z]+)\}$/.exec(part)?.[1];
    return name === undefined ? spoken(part) : (values[name] ?? []);
  });
  const said = joinTexts(segments).slice(0, mostSegments);
  // A prompt of nothing is not a prompt; a short pause is heard as nothing.
  return {
    language,
    private: false,
    segments: said.length > 0 ? said : [{ type: "pause", ms: 20 }],
  };
}

function spoken(text: string): readonly Segment[] {
  // Only what can be said: no control characters, and white space is one space.
  const clean = text.replace(/[\s\p{Cc}]+/gu, " ");
  return clean.trim() === "" ? [] : [{ type: "text", text: clean }];
}

/** Neighbouring texts are one sentence to the ear, and one segment as far as the limit allows. */
function joinTexts(segments: readonly Segment[]): readonly Segment[] {
  const joined: Segment[] = [];
  for (const segment of segments) {
    const last = joined.at(-1);
    if (segment.type === "text" && last?.type === "text")
      joined.splice(-1, 1, { type: "text", text: last.text + segment.text });
    else joined.push(segment);
  }
  return joined.flatMap((segment): readonly Segment[] =>
    segment.type === "text" ? cut(segment.text).map((text) => ({ type: "text", text })) : [segment],
  );
}

/** In pieces of at most 200 characters, between words where there are any. */
function cut(text: string): readonly string[] {
  const pieces: string[] = [];
  let rest = text.trim();
  while (rest.length > longestText) {
    const space = rest.lastIndexOf(" ", longestText);
    const end = space > 0 ? space : longestText;
    pieces.push(rest.slice(0, end));
    rest = rest.slice(end).trim();
  }
  return rest === "" ? pieces : [...pieces, rest];
}
