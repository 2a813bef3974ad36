import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./processes.ts";
import { sequence } from "./sound.ts";
import { writeWav } from "./wav.ts";

/**
 * A speech program that whistles: every text is 0.6 s of one tone, chosen by what the text says. Given to the unit as the
 * operator's own, it lets a measurement say which words a telephone heard, and when.
 */
export interface ToneVoice extends Disposable {
  /** For `openPlatform`. */
  readonly environment: Readonly<Record<string, string>>;
}

export const voiceHz = {
  question: 500,
  greeting: 550,
  callingCenter: 620,
  signOn: 800,
  subject: 1150,
  customerCode: 1400,
  spelled: 1750,
  other: 2500,
} as const;
export const voiceSeconds = 0.6;

/** A shell and files made beforehand: on a busy machine a larger program would miss the unit's deadline, and another voice speak. */
const script = `read -r said
case "$said" in
  *"Somebody asked"*) cat question.wav ;;
  *"This is the call"*) cat greeting.wav ;;
  *"hold the line"*) cat callingCenter.wav ;;
  *"customer from the web"*) cat signOn.wav ;;
  *Mortgages*) cat subject.wav ;;
  *"Customer code"*) cat customerCode.wav ;;
  *" "*) cat other.wav ;;
  *) cat spelled.wav ;; # A letter's or a digit's name stands alone.
esac
`;

export function openToneVoice(): ToneVoice {
  const folder = temporaryFolder("voice");
  for (const [name, hz] of Object.entries(voiceHz))
    writeWav(join(folder.path, `${name}.wav`), sequence([{ hz: [hz], seconds: voiceSeconds }]));
  const program = join(folder.path, "voice.sh");
  writeFileSync(program, `cd ${folder.path}\n${script}`);
  return {
    environment: { TANDEM_SPEECH_COMMAND: `/bin/sh ${program}` },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}
