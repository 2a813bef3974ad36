import type { Cancel, Clock } from "#base/clock.ts";
import type { ServerResponse } from "node:http";

type Entry = Readonly<Record<string, unknown>> & { readonly type: string };

const mostKept = 2000;
const againAfterMs = 250;

/**
 * Tandem's wire view, followed over the deaths of its web process, with a memory: a page that is opened late or reloaded sees what
 * was. Beside Tandem's own entries stand `web` (`up`: whether its web process is there) and `web-killed`.
 */
export class WireHistory {
  readonly #wish: { readonly tandem: string; readonly operatorToken: string; readonly clock: Clock };
  readonly #kept: { readonly seq: number; readonly text: string }[] = [];
  readonly #viewers = new Set<ServerResponse>();
  readonly #closing = new AbortController();
  #cancelRetry: Cancel = () => {};
  #seq = 0;
  #lastAtMs: number | undefined;
  #up: boolean | undefined;

  constructor(wish: { readonly tandem: string; readonly operatorToken: string; readonly clock: Clock }) {
    this.#wish = wish;
  }

  begin(): void {
    void this.#follow().finally(() => {
      if (this.#closing.signal.aborted) return;
      this.#is(false);
      const { clock } = this.#wish;
      this.#cancelRetry = clock.at(clock.now() + againAfterMs, () => this.begin());
    });
  }

  note(entry: Entry): void {
    this.#keep(JSON.stringify({ ...entry, atMs: this.#wish.clock.now() }));
  }

  serve(viewer: ServerResponse, afterSeq: number): void {
    viewer.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    viewer.write("retry: 500\n\n");
    for (const { seq, text } of this.#kept) if (seq > afterSeq) viewer.write(block(seq, text));
    this.#viewers.add(viewer);
    viewer.once("close", () => this.#viewers.delete(viewer));
  }

  close(): void {
    this.#closing.abort();
    this.#cancelRetry();
    for (const viewer of this.#viewers) viewer.end();
  }

  /** Ends when the stream does, however that is. */
  async #follow(): Promise<void> {
    try {
      const since = this.#lastAtMs === undefined ? "" : `?since=${this.#lastAtMs}`;
      const answer = await fetch(`${this.#wish.tandem}/api/wire${since}`, {
        headers: { authorization: `Bearer ${this.#wish.operatorToken}` },
        signal: this.#closing.signal,
      });
      const { body } = answer;
      if (!answer.ok || body === null) return await body?.cancel();
      this.#is(true);
      let held = "";
      for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
        const blocks = (held + chunk).split("\n\n");
        held = blocks.pop() ?? "";
        for (const each of blocks) {
          const data = /^data: (.*)$/m.exec(each)?.[1];
          if (data !== undefined) this.#take(data);
        }
      }
    } catch {
      // The web process died or is not there yet: it is asked again in a moment.
    }
  }

  /** Steps that the next process tells once more are known. */
  #take(text: string): void {
    const { type, atMs } = JSON.parse(text) as Entry & { atMs: number };
    if (type === "step") {
      if (this.#kept.some((kept) => kept.text === text)) return;
      this.#lastAtMs = atMs;
    }
    this.#keep(text);
  }

  #is(up: boolean): void {
    if (this.#up === up) return;
    this.#up = up;
    this.note({ type: "web", up });
  }

  #keep(text: string): void {
    const seq = ++this.#seq;
    this.#kept.push({ seq, text });
    if (this.#kept.length > mostKept) this.#kept.shift();
    for (const viewer of this.#viewers) viewer.write(block(seq, text));
  }
}

function block(seq: number, text: string): string {
  return `id: ${seq}\ndata: ${text}\n\n`;
}
