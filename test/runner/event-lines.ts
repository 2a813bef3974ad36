import type { TestEvent } from "node:test/reporters";

/** What the runner reads of a test: a line of JSON after the mark. `idle`: no test waits or runs. */
export type TestLine =
  | { readonly type: "begin" | "done" | "pass" | "skip"; readonly name: string }
  | { readonly type: "note"; readonly text: string }
  | { readonly type: "fail"; readonly name: string; readonly error: string }
  | { readonly type: "idle" };

/** Stands before each of the reporter's lines, so that what a test prints is never taken for one. */
export const mark = "\u0001tandem-test ";

type Source = AsyncIterable<TestEvent>;

/**
 * A reporter of node:test in marked lines. A suite counts when it is skipped, for its tests are never heard of, and when it
 * fails by something of its own; not when its one fault, or a test's, is what failed in it.
 */
export default async function* eventLines(source: Source): AsyncGenerator<string> {
  const path: string[] = [];
  let open = 0;
  let over = false;
  for await (const event of source) {
    if (event.type === "test:enqueue") {
      open++;
      yield line({ type: "begin", name: event.data.name });
    }
    if (event.type === "test:complete") {
      open--;
      yield line({ type: "done", name: event.data.name });
    }
    yield* verdict(event, path);
    // The file's own plan comes when all is done. After it the reporter's sums are told, as notes too.
    if (event.type === "test:plan" && event.data.nesting === 0) over = true;
    if (event.type === "test:diagnostic" && !over) yield line({ type: "note", text: event.data.message });
    if (open === 0) yield line({ type: "idle" });
  }
}

function* verdict(event: TestEvent, path: string[]): Generator<string> {
  if (event.type === "test:start") {
    path.length = event.data.nesting;
    path.push(event.data.name);
  }
  if (event.type !== "test:pass" && event.type !== "test:fail") return;
  const name = [...path.slice(0, event.data.nesting), event.data.name].join(" > ");
  const { skip, todo, details } = event.data;
  if (skip !== undefined && skip !== false) {
    yield line({ type: "skip", name: `${name} (${skip === true ? "no reason given" : skip})` });
  } else if (event.type === "test:pass") {
    if (details.type !== "suite") yield line({ type: "pass", name });
  } else if (failureType(event.data.details.error) === "subtestsFailed") {
    return;
  } else if (todo !== undefined && todo !== false) {
    yield line({ type: "skip", name: `${name} (to do, and fails${todo === true ? "" : `: ${todo}`})` });
  } else {
    yield line({ type: "fail", name, error: told(event.data.details.error) });
  }
}

function failureType(error: Error): unknown {
  return "failureType" in error ? error.failureType : undefined;
}

function line(test: TestLine): string {
  return `${mark}${JSON.stringify(test)}\n`;
}

/** The failure whole: node:test wraps what was thrown, the cause is the thing itself; and that may have been caused in turn. */
function told(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause : error;
  const details = "generatedMessage" in cause ? "" : (cause.message ?? "");
  const whole = cause.stack?.includes(details) === true ? cause.stack : `${details}\n${cause.stack ?? ""}`;
  return cause.cause instanceof Error && cause !== error ? `${whole}\ncaused by ${told(cause)}` : whole;
}
