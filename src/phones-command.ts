import { type Clock, systemClock } from "#base/clock.ts";
import type { PhoneName } from "#base/ids.ts";
import { mostPhonesInPage, type RegisteredPhone, registeredPhones } from "#contract/registered-phones.ts";
import Type from "typebox";
import { Compile } from "typebox/compile";
import { columns, momentCell } from "./columns.ts";
import { reasonOf } from "./doctor/finding.ts";
import { localOrigin } from "./doctor/get-page.ts";
import { readOperatorDoor } from "./settings.ts";

/** What `tandem phones` does, and the sentences that it says: it asks the running platform, as any program of the operator's may. */
export interface PhonesQuestion {
  readonly limit: number;
  /** Those behind this name alone. */
  readonly after: string | undefined;
  readonly json: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const patienceMs = 10_000;
const { phones, next } = registeredPhones.properties;
const pageFits = Compile(Type.Object({ phones, next }));
const problemFits = Compile(Type.Object({ detail: Type.String() }));

export async function phonesCommand(
  question: PhonesQuestion,
): Promise<{ readonly code: number; readonly text: string }> {
  const { http, operatorToken } = readOperatorDoor(question.environment);
  if (operatorToken === undefined) {
    const text =
      "TANDEM_OPERATOR_TOKEN is not set: the platform tells its operator alone who is registered. Set it as the platform has it.\n";
    return { code: 1, text };
  }
  const origin = localOrigin({ http });
  const all: RegisteredPhone[] = [];
  let after = question.after;
  while (all.length < question.limit) {
    const limit = Math.min(question.limit - all.length, mostPhonesInPage);
    const page = await pageOf({ origin, operatorToken, limit, after, clock: systemClock });
    if ("trouble" in page) return { code: 1, text: `${page.trouble}\n` };
    all.push(...page.phones);
    after = page.next;
    if (after === undefined || page.phones.length === 0) break;
  }
  if (question.json) return { code: 0, text: `${JSON.stringify({ phones: all, next: after }, null, 2)}\n` };
  const more = after === undefined ? "" : `There are more: tandem phones --after ${after}\n`;
  return { code: 0, text: `${all.length === 0 ? "No phone is registered.\n" : table(all)}${more}` };
}

type Page =
  | { readonly phones: readonly RegisteredPhone[]; readonly next?: PhoneName }
  | { readonly trouble: string };

async function pageOf(wish: {
  readonly origin: string;
  readonly operatorToken: string;
  readonly limit: number;
  readonly after: string | undefined;
  readonly clock: Clock;
}): Promise<Page> {
  const { origin, operatorToken, limit, after, clock } = wish;
  const url = new URL("/api/phones", origin);
  url.searchParams.set("limit", String(limit));
  if (after !== undefined) url.searchParams.set("after", after);
  const patience = new AbortController();
  const cancel = clock.at(clock.now() + patienceMs, () => patience.abort(new Error("no answer within 10 s")));
  try {
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${operatorToken}` },
      redirect: "manual",
      signal: patience.signal,
    });
    return answerOf(origin, response.status, await response.json().catch(() => undefined));
  } catch (error) {
    const trouble = `No web process answers at ${origin} (${reasonOf(error)}). TANDEM_HTTP_HOST and TANDEM_HTTP_PORT say where it is.`;
    return { trouble };
  } finally {
    cancel();
  }
}

function answerOf(origin: string, status: number, body: unknown): Page {
  if (status === 200 && pageFits.Check(body)) return body;
  if (status === 401)
    return { trouble: `The platform at ${origin} has another TANDEM_OPERATOR_TOKEN than this one, or none.` };
  if (problemFits.Check(body)) return { trouble: `The platform at ${origin} says: ${body.detail}` };
  return { trouble: `What answers at ${origin} is no Tandem that knows of phones (status ${status}).` };
}

/** A line for each place. */
function table(all: readonly RegisteredPhone[]): string {
  const rows = all.flatMap(({ phone, guest, places }) =>
    places.map(({ transport, address, userAgent = "-", sinceMs, untilMs, readiness }) => [
      guest ? `${phone} (guest)` : phone,
      transport,
      address,
      readiness === undefined ? "-" : readinessWords[readiness],
      momentCell(sinceMs),
      momentCell(untilMs),
      userAgent,
    ]),
  );
  const head = ["phone", "transport", "address", "ready", "since (UTC)", "expires (UTC)", "User-Agent"];
  return columns([head, ...rows]);
}

const readinessWords = { asked: "asked", ready: "yes", "not-ready": "no" } as const;
