import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { sequence } from "./sound.ts";
import { wavOf } from "./wav.ts";

/**
 * A speech program that whistles: every text is 0.6 s of one tone, chosen by what the text says. Given to the unit as the
 * operator's own (`TANDEM_SPEECH_COMMAND`), it lets a measurement say which words a telephone heard, and when.
 */
export const voiceHz = {
  question: 500,
  greeting: 550,
  callingCenter: 620,
  signOn: 800,
  subject: 1150,
  customerCode: 1400,
  spelled: 1750,
  spanish: 2000,
  other: 2500,
} as const;
export const voiceSeconds = 0.6;

const pitches: readonly (readonly [RegExp, number])[] = [
  [/hipotecas|llamada|cuelgue|esperando|código/i, voiceHz.spanish],
  [/somebody asked/i, voiceHz.question],
  [/this is the call/i, voiceHz.greeting],
  [/hold the line/i, voiceHz.callingCenter],
  [/customer from the web/i, voiceHz.signOn],
  [/mortgages/i, voiceHz.subject],
  [/customer code/i, voiceHz.customerCode],
  // A letter's or a digit's name stands alone.
  [/^\w+\W*$/, voiceHz.spelled],
];

/** For `openPlatform`'s environment. */
export const toneVoice = { TANDEM_SPEECH_COMMAND: `${process.execPath} ${fileURLToPath(import.meta.url)}` };

if (import.meta.main) {
  const said = await text(process.stdin);
  const hz = pitches.find(([pattern]) => pattern.test(said))?.[1] ?? voiceHz.other;
  process.stdout.write(wavOf(sequence([{ hz: [hz], seconds: voiceSeconds }])));
}
