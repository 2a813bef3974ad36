import assert from "node:assert/strict";

/** A reader of Server-Sent Events as a browser is one (WHATWG HTML 9.2.6), for the events of a call's page. */
export class EventStream {
  readonly #abort: AbortController;
  readonly #lines: AsyncGenerator<string>;
  /** Heartbeats seen so far. */
  comments = 0;

  /** Ends with `until`: after twenty seconds unless told. */
  static async open(
    url: string,
    headers: Record<string, string>,
    until: AbortSignal = AbortSignal.timeout(20_000),
  ): Promise<EventStream> {
    const abort = new AbortController();
    const response = await fetch(url, { headers, signal: AbortSignal.any([abort.signal, until]) });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    if (response.body === null) throw new Error("no body");
    return new EventStream(abort, lines(response.body.pipeThrough(new TextDecoderStream())));
  }

  private constructor(abort: AbortController, read: AsyncGenerator<string>) {
    this.#abort = abort;
    this.#lines = read;
  }

  /** Resolves when the server has said its first words. */
  async opened(): Promise<void> {
    const { value } = await this.#lines.next();
    assert.match(String(value), /^retry: \d+$/);
  }

  async next(): Promise<{ readonly id: string; readonly data: LivePage }> {
    let id = "";
    let isPage = false;
    for (;;) {
      const { value: line, done } = await this.#lines.next();
      if (done === true) throw new Error("the stream ended");
      if (line.startsWith(":")) this.comments += 1;
      if (line.startsWith("id: ")) id = line.slice(4);
      if (line.startsWith("event: ")) isPage = line === "event: page";
      if (isPage && line.startsWith("data: ")) return { id, data: JSON.parse(line.slice(6)) as LivePage };
    }
  }

  /** Resolves when the server has ended the stream; fails when there was one more event. */
  async ended(): Promise<void> {
    for await (const line of this.#lines) assert.notEqual(line, "event: page");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
  }
}

export interface LivePage {
  readonly title: string;
  readonly main: string;
  readonly said: string;
  readonly language: string;
  readonly turn: boolean;
  readonly push?: number;
  readonly final: boolean;
}

async function* lines(text: ReadableStream<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const piece of text) {
    const parts = (rest + piece).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}
