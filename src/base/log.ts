import { pino } from "pino";
import { TandemError } from "./errors.ts";

/**
 * Structured logs. Personal data never goes in: telephone numbers pass through `maskedNumber` first,
 * context values are not logged at all, and sessions by their `sessionMark` alone. An Error is handed in as `error`: it is told with its message, its
 * stack and what caused it, and its code stands at the top of the line.
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
    debug: (facts, message) => logger.debug(told(facts), message),
    info: (facts, message) => logger.info(told(facts), message),
    warn: (facts, message) => logger.warn(told(facts), message),
    error: (facts, message) => logger.error(told(facts, "BUG"), message),
    with: (facts) => around(logger.child(told(facts))),
  };
}

/** `unforeseen` is the code of an error that has none: where it could not be mended, nobody had thought of it. */
function told(facts: Facts, unforeseen?: "BUG"): Facts {
  const { error } = facts;
  if (!(error instanceof Error)) return facts;
  const code = error instanceof TandemError ? error.code : unforeseen;
  return { ...(code !== undefined && { code }), ...facts, error: toldError(error, mostCauses) };
}

/**
 * Of a foreign error the message and the stack alone: what else hangs on it may be personal, as `detail` of a PostgreSQL error
 * is, which quotes the row.
 */
function toldError(error: Error, causes: number): Facts {
  const { name, message, stack, cause } = error;
  const details = error instanceof TandemError ? { details: error.details } : {};
  const because = cause instanceof Error && causes > 0 ? { cause: toldError(cause, causes - 1) } : {};
  return { name, message, stack, ...details, ...because };
}

const mostCauses = 4;

/** `+14155550100` becomes `+1415*****00`: enough to recognise a complaint, too little to call. */
export function maskedNumber(number: string): string {
  if (number.length <= 6) return "*".repeat(number.length);
  return number.slice(0, 5) + "*".repeat(number.length - 7) + number.slice(-2);
}
