import type { Call } from "./call.ts";
import type { SessionPage } from "./pages.ts";
import type { BecameTrue, StepEnd } from "./step.ts";
import { fromStepOn, type StepName, stageOf, stepsToRun } from "./web-call.ts";

/** The call after a checkpoint of `step`; `end` is given when the step ended with it. */
export function nextCall(
  call: Call,
  step: StepName,
  became: BecameTrue,
  end: StepEnd | undefined,
  nowMs: number,
): Call {
  const { took } = became;
  const digitsTaken =
    took === undefined ? call.digitsTaken : { ...call.digitsTaken, [took.leg]: took.throughSeq };
  // What failed before has been overcome, unless this says otherwise.
  const facts: Call = { ...call, bugs: 0, ...became.call, digitsTaken };
  if (end === undefined) return facts;

  const again = end.backTo === undefined ? [] : fromStepOn(call.order, end.backTo);
  const done = [...call.done, step].filter((each) => !again.includes(each));
  // Of two lanes that end the call at the same time, the first to be written down says why.
  const outcome = facts.outcome ?? end.over;
  const over = outcome === undefined ? {} : { outcome, overAtMs: call.overAtMs ?? nowMs };
  const ended: Call = { ...facts, ...over, done };

  // A step that runs on in the other lane keeps its moment; one that begins, or begins again, gets this one.
  const began = stepsOf(ended).map((each) => [
    each,
    each === step || again.includes(each) ? nowMs : (call.began[each] ?? nowMs),
  ]);
  return { ...ended, began: Object.fromEntries(began) };
}

/** The steps whose turn it is. */
export function stepsOf(call: Call): readonly StepName[] {
  if (call.state === "ended") return [];
  return call.outcome === undefined ? stepsToRun(call.order, call.done) : ["say-goodbye"];
}

/** The connect page's next stage, for each step that this checkpoint let begin. */
export function stagePages(before: Call, call: Call): readonly SessionPage[] {
  return stepsOf(call)
    .filter((step) => before.began[step] !== call.began[step])
    .flatMap((step) => stageOf(step, call) ?? [])
    .map((stage) => ({ type: "connect", stage }));
}
