import Type from "typebox";
import { doubtful, type Finding, type Figures, well, wrong } from "./finding.ts";

const check = "microphone";
const name = Type.String({ maxLength: 200 });

/** What the page measured, as it posts it. */
export const microphoneReport = Type.Object({
  /** `isSecureContext`, and whether the page was given `navigator.mediaDevices`, which is missing without it. */
  secure: Type.Boolean(),
  hasDevices: Type.Boolean(),
  /** Of the Permissions API, after the question was answered; `unknown` where the browser does not tell. */
  permission: Type.Union([
    Type.Literal("granted"),
    Type.Literal("denied"),
    Type.Literal("prompt"),
    Type.Literal("unknown"),
  ]),
  /** Media Capture and Streams 10.2.1: what `getUserMedia` was refused with. */
  error: Type.Optional(Type.Object({ name, message: name })),
  /** The names of the microphones that the browser lists; empty names before it has the permission. */
  microphones: Type.Array(name, { maxItems: 50 }),
  /** What was measured of the one that it gave. */
  sound: Type.Optional(
    Type.Object({
      microphone: name,
      sampleRate: Type.Number({ minimum: 0, maximum: 1_000_000 }),
      /** The operating system or a switch on the device holds it silent. */
      muted: Type.Boolean(),
      /** The loudest twentieth of a second, dB below full scale; -120 for nothing at all. */
      loudestDb: Type.Number({ minimum: -120, maximum: 20 }),
    }),
  ),
});
export type MicrophoneReport = Type.Static<typeof microphoneReport>;

/** Below this there is no air in it: a room where nobody speaks is louder. */
const silentBelowDb = -75;
/** Below this it is that room, or a voice from far away. */
const quietBelowDb = -50;

/** What the figures mean, and what to do. */
export function ofReport(report: MicrophoneReport): Finding {
  const { secure, hasDevices, error, sound } = report;
  if (!secure || !hasDevices)
    return wrong(
      check,
      "The page is not a secure context, so the browser keeps the microphone from it.",
      "Open it as http://127.0.0.1 or http://localhost, from another machine through `ssh -L`. Tandem's own pages need https: set TANDEM_PUBLIC_URL.",
    );
  if (error !== undefined) return ofError(error, report);
  if (sound === undefined)
    return wrong(
      check,
      "The browser gave a microphone, and no sound of it could be measured.",
      "Try another browser.",
    );
  return ofSound(sound);
}

function ofError(
  { name: word, message }: { name: string; message: string },
  report: MicrophoneReport,
): Finding {
  const { permission, microphones } = report;
  const figures = { error: word, message, permission, microphones: microphones.length };
  switch (word) {
    case "NotAllowedError":
    case "SecurityError":
      return refused(permission, message, figures);
    case "NotFoundError":
    case "OverconstrainedError":
      return wrong(
        check,
        "The browser finds no microphone.",
        "Plug one in, and see that the sound settings of the operating system show it; a virtual machine must be given one.",
        figures,
      );
    default:
      return wrong(
        check,
        `There is a microphone, and the browser could not open it (${word}): another program has it, or it does not work.`,
        "Close what may be using it (a conference, a recorder, another browser), plug it in anew, and try again.",
        figures,
      );
  }
}

/** By the browser's own setting, by the operating system, or by the person for this once. */
function refused(permission: string, message: string, figures: Figures): Finding {
  if (/system/i.test(message))
    return wrong(
      check,
      "The operating system keeps the microphone from the browser.",
      "Allow it in the privacy settings of the operating system, start the browser anew, and try again.",
      figures,
    );
  if (permission === "prompt")
    return wrong(
      check,
      "The browser's question was closed without an answer, or its answer was no.",
      "Try again, and choose Allow.",
      figures,
    );
  return wrong(
    check,
    "The browser refuses the microphone to this page.",
    "Choose Allow for the microphone in the browser's settings for this page (the sign before its address), and try again. If it asks nobody, an administrator's policy may forbid it.",
    figures,
  );
}

function ofSound({
  microphone,
  sampleRate,
  muted,
  loudestDb,
}: NonNullable<MicrophoneReport["sound"]>): Finding {
  const figures = { microphone, sampleRate, loudestDb: Math.round(loudestDb) };
  const which = microphone === "" ? "The microphone" : `The microphone "${microphone}"`;
  if (muted || loudestDb < silentBelowDb)
    return wrong(
      check,
      `${which} is open, and silent${muted ? ": it is muted outside of the browser" : ""}.`,
      "See its own switch and the sound settings of the operating system (muted, level at nothing), or choose another one there.",
      figures,
    );
  const level = `${Math.round(loudestDb)} dB below full scale`.replace("-", "");
  if (loudestDb < quietBelowDb)
    return doubtful(
      check,
      `${which} is open, and hardly anything was heard: ${level} at its loudest.`,
      "Speak while the page measures. If you did, turn its level up in the sound settings, or choose another one there.",
      figures,
    );
  return well(check, `${which} was heard, ${level} at its loudest, ${sampleRate} samples a second.`, figures);
}

/** How far the person had come when the patience was over. */
export function ofNobody(stage: "nobody" | "opened" | "pressed", url: string): Finding {
  switch (stage) {
    case "nobody":
      return wrong(
        check,
        "Nobody opened the page within two minutes.",
        `Open it in the browser to be tried, on this machine. For a browser elsewhere: ssh -L ${new URL(url).port}:127.0.0.1:${new URL(url).port} and the same address there.`,
      );
    case "opened":
      return wrong(
        check,
        "The page was opened, and its button was not pressed within two minutes.",
        "Say the command again, and press the button. If it does nothing, the browser is too old, or lets the page run no script.",
      );
    case "pressed":
      return wrong(
        check,
        "The browser asked for the microphone, and had no answer within two minutes.",
        "Say the command again, and answer the browser's question by Allow. It may stand behind a small sign in the address bar.",
      );
  }
}
