/** What one check says: a sentence on how things are, and, where they are not well, one on what to do. */
export interface Finding {
  /** Which part was looked at: `ports`, `test call`. */
  readonly check: string;
  /** `wrong`: calls, or some of them, do not work. `warning`: they do, and something may come of it. */
  readonly verdict: "ok" | "warning" | "wrong";
  readonly says: string;
  readonly mend?: string;
  /** What was measured, by name and unit. */
  readonly figures?: Figures;
}

export type Figures = Readonly<Record<string, number | string>>;

export function well(check: string, says: string, figures?: Figures): Finding {
  return { check, verdict: "ok", says, ...(figures === undefined ? {} : { figures }) };
}

export function doubtful(check: string, says: string, mend: string, figures?: Figures): Finding {
  return { check, verdict: "warning", says, mend, ...(figures === undefined ? {} : { figures }) };
}

export function wrong(check: string, says: string, mend: string, figures?: Figures): Finding {
  return { check, verdict: "wrong", says, mend, ...(figures === undefined ? {} : { figures }) };
}

/** The innermost reason of an error, in the words of whoever threw it. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  // A connection that was refused at several addresses has no words of its own.
  return error.message === "" && "code" in error ? String(error.code) : error.message;
}
