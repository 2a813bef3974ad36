import assert from "node:assert/strict";
import { test } from "node:test";
import { type MicrophoneReport, ofNobody, ofReport } from "./microphone-report.ts";

const granted: MicrophoneReport = {
  secure: true,
  hasDevices: true,
  permission: "granted",
  microphones: ["Headset"],
};
const insecure: MicrophoneReport = {
  secure: false,
  hasDevices: false,
  permission: "unknown",
  microphones: [],
};
const sound = { microphone: "Headset", sampleRate: 48_000, muted: false, loudestDb: -21.4 };

function refused(name: string, message = "", permission: MicrophoneReport["permission"] = "denied") {
  return { ...granted, permission, error: { name, message } };
}

for (const [what, report, verdict, says, mend] of [
  ["a voice", { ...granted, sound }, "ok", /"Headset" was heard, 21 dB below full scale.*48000/, undefined],
  ["a quiet one", { ...granted, sound: { ...sound, loudestDb: -60 } }, "warning", /60 dB below/, /Speak/],
  ["silence", { ...granted, sound: { ...sound, loudestDb: -120 } }, "wrong", /open, and silent\./, /switch/],
  ["a mute key", { ...granted, sound: { ...sound, muted: true } }, "wrong", /muted outside/, /switch/],
  ["a refusal", refused("NotAllowedError"), "wrong", /refuses the microphone to this page/, /sign before/],
  [
    "a closed question",
    refused("NotAllowedError", "Permission dismissed", "prompt"),
    "wrong",
    /closed without an answer/,
    /choose Allow/,
  ],
  [
    "the system's refusal",
    refused("NotAllowedError", "Permission denied by system"),
    "wrong",
    /operating system keeps/,
    /privacy settings/,
  ],
  ["no microphone", refused("NotFoundError", "", "granted"), "wrong", /finds no microphone/, /Plug one in/],
  [
    "one that is taken",
    refused("NotReadableError", "", "granted"),
    "wrong",
    /another program has it/,
    /Close/,
  ],
  ["an insecure page", insecure, "wrong", /not a secure context/, /https/],
  ["no sound at all", granted, "wrong", /no sound of it could be measured/, /another browser/],
] as const) {
  test(`of a browser's microphone: ${what} is ${verdict}, and said in words`, () => {
    const finding = ofReport(report);
    assert.equal(finding.verdict, verdict);
    assert.match(finding.says, says);
    if (mend === undefined) assert.equal(finding.mend, undefined);
    else assert.match(finding.mend ?? "", mend);
  });
}

test("whoever does not come to an end is told what to do next, by how far they came", () => {
  const url = "http://127.0.0.1:40123/key/";
  assert.match(ofNobody("nobody", url).mend ?? "", /ssh -L 40123:127\.0\.0\.1:40123/);
  assert.match(ofNobody("opened", url).says, /button was not pressed/);
  assert.match(ofNobody("pressed", url).says, /had no answer/);
});
