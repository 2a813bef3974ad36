import { pino } from "pino";

/**
 * Structured logs. Personal data never goes in: telephone numbers pass through `maskedNumber` first,
 * context values and session ids are not logged at all.
 */
export interface Log {
  debug(facts: Facts, message: string): void;
  info(facts: Facts, message: string): void;
  warn(facts: Facts, message: string): void;
  error(facts: Facts, message: string): void;
  with(facts: Facts): Log;
}

type Facts = Readonly<Record<string, unknown>>;

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** Writes one JSON object a line to standard output (or to `destination`). */
export function makeLog(options: {
  process: string;
  level: LogLevel;
  destination?: { write(line: string): void };
}): Log {
  const settings = {
    level: options.level,
    base: { process: options.process },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  const logger = options.destination === undefined ? pino(settings) : pino(settings, options.destination);
  return around(logger);
}

/** For tests, and for parts that have nothing to say. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => silentLog,
};

function around(logger: pino.Logger): Log {
  return {
    debug: (facts, message) => logger.debug(facts, message),
    info: (facts, message) => logger.info(facts, message),
    warn: (facts, message) => logger.warn(facts, message),
    error: (facts, message) => logger.error(facts, message),
    with: (facts) => around(logger.child(facts)),
  };
}

/** `+14155550100` becomes `+1415*****00`: enough to recognise a complaint, too little to call. */
export function maskedNumber(number: string): string {
  if (number.length <= 6) return "*".repeat(number.length);
  return number.slice(0, 5) + "*".repeat(number.length - 7) + number.slice(-2);
}
