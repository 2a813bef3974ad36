/**
 * What should not happen. What people do (busy, no answer, a wrong key) is an outcome and is returned, never thrown.
 * Each code is told in docs/errors.md; `test/tidy.test.ts` keeps the two equal.
 */
export class TandemError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, details: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(`${errorCodes[code]} (${code})`, cause === undefined ? undefined : { cause });
    this.name = "TandemError";
    this.code = code;
    this.details = details;
  }
}

/** Every error the platform throws: its code and one sentence for the person who reads the log. */
export const errorCodes = {
  BUG: "Something happened that the code holds to be impossible.",
  CONFIG_INVALID: "The configuration file has errors.",
  DATABASE_UNAVAILABLE: "The database does not answer.",
  DATABASE_NEWER: "The database was written by a newer Tandem.",
  BACKUP_FAILED: "The database could not be copied or put in place.",
  SETTINGS_INVALID: "A setting from the environment cannot be used.",
  WIRE_INVALID: "A message between our processes does not fit its schema.",
  UNIT_UNREACHABLE: "The telecommunications unit does not answer.",
  SIP_UNSERIALIZABLE: "A SIP message holds a character that must never reach the wire.",
  SDP_UNACCEPTABLE: "The far end's session description cannot be used.",
  MEDIA_EXHAUSTED: "No RTP port is free.",
  WEBRTC_UNAVAILABLE: "There is no WebRTC on this machine.",
  WEBRTC_NO_RELAY:
    "A browser that may come by TURN alone has no address there: no server was reached, or none took its login.",
  WEBRTC_FAILED: "A browser's audio connection did not come up.",
  TERMINATION_UNKNOWN: "The media engine has no termination of that name.",
  SPEECH_FAILED: "The speech engine gave no audio.",
  PROMPT_UNREADABLE: "An announcement's audio file cannot be read.",
  CRASH_LOOP: "One of our processes dies again and again.",
  UPGRADE_FAILED: "The other version was not put in place; what ran before runs.",
  VERSIONS_APART: "Two of our processes are of versions that do not understand each other.",
  CALL_TAKEN: "Another process has gone on with the same call.",
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** The place that a union's last case leads to: the compiler refuses it while a case is missing. */
export function unreachable(value: never): never {
  throw new TandemError("BUG", { value });
}
