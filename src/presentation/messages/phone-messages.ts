import type { PhoneWords } from "#contract/browser-phone.ts";

/** Every word of the telephones in pages: what the program says by itself, and what always stands on the page around it. */
export interface PhoneMessages {
  readonly program: PhoneWords;
  /** Of both, the agent's and the visitor's. */
  readonly sound: {
    readonly microphone: string;
    readonly speaker: string;
    readonly level: string;
    readonly mute: string;
    readonly useThisTab: string;
    readonly tryAgain: string;
  };
  readonly agent: {
    readonly title: string;
    readonly lead: string;
    readonly name: string;
    readonly nameHint: string;
    readonly password: string;
    readonly passwordHint: string;
    readonly signIn: string;
    readonly signOut: string;
    readonly signedInAs: string;
    readonly needsScripts: string;
    readonly answer: string;
    readonly decline: string;
    readonly hold: string;
    readonly hangUp: string;
    readonly keypad: string;
    readonly keypadHint: string;
    readonly soundTitle: string;
    readonly off: string;
  };
  readonly visitor: {
    /** On the welcome page, beside the telephone. */
    readonly title: string;
    readonly lead: string;
    readonly begin: string;
    readonly speak: string;
    readonly now: string;
    readonly consent: (subscriber: string) => string;
    /** On the pages of the call. */
    readonly panel: string;
    /** Also while an agent is still being called. */
    readonly soundIsOn: string;
    readonly otherWay: string;
  };
}
