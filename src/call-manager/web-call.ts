import type { Policy } from "#network/records.ts";
import type { ConnectStage } from "./pages.ts";

/**
 * The patent's call flow (EP 0 829 996, figure 2, steps 205-219) as data. An entry is a step, or lanes that run side by
 * side until all have arrived. A call stores the order that it began with. To rename a step is a migration.
 */
export type StepOrder = readonly (StepName | readonly Lane[])[];
type Lane = readonly StepName[];

/** Ann's telephone first; while Bob's rings and he signs on, she hears the announcement, then ringback. */
const userFirst: StepOrder = [
  "choose-center", // 205
  "call-user", // 206-208
  "user-confirms", // 209
  "announce", // 209
  "call-center", // 210-212
  "agent-signs-on", // 213
  "whisper", // 214
  "bridge", // 215
  "converse", // 216-218
  "say-goodbye", // 219
];

/** Bob first; after the whisper he hears that the customer is being called, then ringback. Ann is greeted and joined. */
const centerFirst: StepOrder = [
  "choose-center", // 205
  "call-center", // 210-212
  "agent-signs-on", // 213
  "whisper", // 214
  "call-user", // 206-208
  "announce", // 209
  "bridge", // 215
  "converse", // 216-218
  "say-goodbye", // 219
];

/** Both telephones ring. Who is there first waits: Ann with announcement and ringback, Bob with silence after his sign-on. */
const bothAtOnce: StepOrder = [
  "choose-center", // 205
  [
    ["call-center", "agent-signs-on"], // 210-213
    ["call-user", "announce"], // 206-209
  ],
  "whisper", // 214
  "bridge", // 215
  "converse", // 216-218
  "say-goodbye", // 219
];

export type StepName =
  | "choose-center"
  | "call-user"
  | "user-confirms"
  | "announce"
  | "call-center"
  | "agent-signs-on"
  | "whisper"
  | "bridge"
  | "converse"
  | "say-goodbye";

/** What the connect page shows from a step's beginning on; a step without one leaves the page as it is. */
export function stageOf(
  step: StepName,
  { order, done }: { readonly order: StepOrder; readonly done: readonly StepName[] },
): ConnectStage | undefined {
  // The announcement says so already.
  if (step === "call-center" && done.includes("announce")) return undefined;
  // The visitor is the last to come: an agent is there already, and the page does not go back to calling one.
  if (step === "announce" && done.includes("agent-signs-on")) return undefined;
  // Both telephones ring, and the visitor's page tells of the visitor's: also when the center's next route is tried meanwhile.
  if (step === "call-center" && stepsToRun(order, done).includes("call-user")) return undefined;
  return stages[step];
}

const stages: Readonly<Partial<Record<StepName, ConnectStage>>> = {
  "choose-center": "placing",
  "call-user": "calling-you",
  "user-confirms": "confirm-on-phone",
  announce: "calling-center",
  "call-center": "calling-center",
  whisper: "agent-briefed",
  converse: "connected",
  "say-goodbye": "ending",
};

/**
 * 206. Who is called first is the subscriber's policy. No center without consent: where the visitor must agree on the
 * telephone, theirs rings first whatever the policy says (docs/decisions/0031-consent-before-center.md).
 *
 * Who talks from the browser has agreed by the click that gave us the microphone: no key is asked for. That browser comes first
 * whatever the policy says, so that a click alone, of a page that is gone again, rings no center.
 */
export function planCall(
  policy: Policy,
  visitor: "typed-number" | "signed-number" | "browser",
): { legOrder: Policy["legOrder"]; order: StepOrder } {
  if (visitor === "browser")
    return { legOrder: "user-first", order: userFirst.filter((step) => step !== "user-confirms") };
  const isTyped = visitor === "typed-number";
  const asks = policy.confirmation === "always" || (policy.confirmation === "unless-signed" && isTyped);
  if (asks) return { legOrder: "user-first", order: userFirst };
  switch (policy.legOrder) {
    case "user-first":
      return { legOrder: "user-first", order: userFirst.filter((step) => step !== "user-confirms") };
    case "center-first":
      return { legOrder: "center-first", order: centerFirst };
    case "both-at-once":
      return { legOrder: "both-at-once", order: bothAtOnce };
  }
}

/** 209. Whether this call waits for the visitor's key. */
export function asksToAgree(order: StepOrder): boolean {
  return order.includes("user-confirms");
}

/** The steps whose turn it is: one, or the first unfinished one of each lane. None when all are done. */
export function stepsToRun(order: StepOrder, done: readonly StepName[]): readonly StepName[] {
  for (const entry of order) {
    if (typeof entry === "string") {
      if (!done.includes(entry)) return [entry];
      continue;
    }
    const heads = entry.flatMap((lane) => lane.filter((step) => !done.includes(step)).slice(0, 1));
    if (heads.length > 0) return heads;
  }
  return [];
}

/** `step` and all that follows it in its lane: what is to be done again when the next route is tried. */
export function fromStepOn(order: StepOrder, step: StepName): readonly StepName[] {
  const lane = order.find((entry) => typeof entry !== "string" && entry.some((l) => l.includes(step)));
  const row =
    lane === undefined || typeof lane === "string"
      ? order.flat(2)
      : (lane.find((l) => l.includes(step)) ?? []);
  return row.slice(row.indexOf(step));
}
