/**
 * A browser without script: requests, cookies, forms and links, as any browser does them at the least. What a page says is its text
 * without the tags. Chromium tells the same story with script in `test/rig/chromium.ts`.
 */
export class PlainBrowser {
  readonly #origin: string;
  readonly #cookies = new Map<string, string>();
  #page: VisitedPage = { url: "", status: 0, html: "" };

  constructor(origin: string) {
    this.#origin = origin;
  }

  get page(): VisitedPage {
    return this.#page;
  }

  /** What it sends as `Cookie`. */
  get cookies(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  /** A second tab of the same browser: it shares the cookies, and stands on no page. */
  newTab(): PlainBrowser {
    const tab = new PlainBrowser(this.#origin);
    for (const [name, value] of this.#cookies) tab.#cookies.set(name, value);
    return tab;
  }

  async opens(path: string): Promise<VisitedPage> {
    return await this.#follow(new URL(path, this.#origin), { method: "GET" });
  }

  /** The back button, to a page that it had: no request. */
  goesBackTo(page: VisitedPage): void {
    this.#page = page;
  }

  async reloads(): Promise<VisitedPage> {
    return await this.opens(this.#page.url);
  }

  /** Sends the form whose action holds `action`, its hidden fields as they stand, the others as given. */
  async submits(action: string, fields: Readonly<Record<string, string>> = {}): Promise<VisitedPage> {
    const form = formsOf(this.#page.html).find((each) => each.action.includes(action));
    if (form === undefined)
      throw new Error(`No form "${action}" on ${this.#page.url}:\n${textOf(this.#page.html)}`);
    return await this.#follow(new URL(form.action, new URL(this.#page.url, this.#origin)), {
      method: "POST",
      body: new URLSearchParams({ ...form.fields, ...fields }),
    });
  }

  /**
   * Resolves when the page's live connection tells of something newer than the page, or when the connection ends: then it is worth
   * looking again. A page without one never changes by itself: that is an error here.
   */
  async changes(giveUp: AbortSignal): Promise<void> {
    const events = attribute(this.#page.html, "data-events");
    if (events === undefined) throw new Error(`This page does not change: ${this.text}`);
    const after = attribute(this.#page.html, "data-after") ?? "0";
    const url = new URL(`${events}?after=${after}`, this.#origin);
    try {
      const answer = await fetch(url, { headers: this.#headers("GET"), signal: giveUp });
      const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
      for (let text = ""; ; ) {
        const chunk = await reader?.read();
        text += chunk?.value ?? "";
        if (chunk === undefined || chunk.done || /^event: page$/m.test(text)) return await reader?.cancel();
      }
    } catch {
      // The web process died, or patience is at its end: whoever asked looks again, and decides.
    }
  }

  /** Keeps the page's live connection open until the platform closes it, as a browser with script does; gives what came. Rejects when
   * `giveUp` fires. */
  async watches(giveUp: AbortSignal): Promise<string> {
    const events = attribute(this.#page.html, "data-events");
    if (events === undefined) throw new Error(`This page does not change: ${this.text}`);
    const after = attribute(this.#page.html, "data-after") ?? "0";
    const url = new URL(`${events}?after=${after}`, this.#origin);
    const answer = await fetch(url, { headers: this.#headers("GET"), signal: giveUp });
    return await answer.text();
  }

  get text(): string {
    return textOf(this.#page.html);
  }

  async #follow(
    first: URL,
    request: { readonly method: string; readonly body?: URLSearchParams },
  ): Promise<VisitedPage> {
    let url = first;
    let next: { readonly method: string; readonly body?: URLSearchParams } = request;
    for (let hops = 0; hops < 5; hops++) {
      const answer = await fetch(url, { ...next, redirect: "manual", headers: this.#headers(next.method) });
      this.#keepCookies(answer);
      const html = await answer.text();
      const location = answer.headers.get("location");
      if (answer.status < 300 || answer.status > 399 || location === null) {
        this.#page = { url: url.pathname + url.search, status: answer.status, html };
        return this.#page;
      }
      url = new URL(location, url);
      next = { method: "GET" };
    }
    throw new Error(`Too many redirections from ${first.href}`);
  }

  #headers(method: string): Record<string, string> {
    return {
      "accept-language": "en",
      cookie: this.cookies,
      ...(method === "POST" ? { origin: this.#origin } : {}),
    };
  }

  #keepCookies(answer: Response): void {
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ""] = line.split(";");
      const at = pair.indexOf("=");
      this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
  }
}

export interface VisitedPage {
  /** Path and query. */
  readonly url: string;
  readonly status: number;
  readonly html: string;
}

interface Form {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

function formsOf(html: string): readonly Form[] {
  return [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, head = "", inner = ""]) => ({
    action: attribute(head, "action") ?? "",
    // Of the buttons a form is sent with one: pressing Enter presses the first.
    fields: Object.fromEntries(
      [
        ...inner.matchAll(/<input\b([^>]*)>/g),
        ...[...inner.matchAll(/<button\b([^>]*)>/g)].slice(0, 1),
      ].flatMap(([, tag = ""]) => {
        const name = attribute(tag, "name");
        return name === undefined ? [] : [[name, attribute(tag, "value") ?? ""]];
      }),
    ),
  }));
}

function attribute(tag: string, name: string): string | undefined {
  const found = tag.match(new RegExp(`\\b${name}=(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`));
  const text = found?.[1] ?? found?.[2] ?? found?.[3];
  return text === undefined ? undefined : decoded(text);
}

/** The words of a page, in reading order. */
export function textOf(html: string): string {
  const body = html.replace(/<(script|style|noscript|head)\b.*?<\/\1>/gs, " ").replace(/<[^>]*>/g, " ");
  return decoded(body).replace(/\s+/g, " ").trim();
}

function decoded(text: string): string {
  const named: Readonly<Record<string, string>> = {
    amp: "&",
    lt: "<",
    gt: ">",
    quot: '"',
    apos: "'",
    nbsp: " ",
  };
  return text.replace(
    /&(?:#(\d+)|#x([0-9a-f]+)|([a-z]+));/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      return named[name ?? ""] ?? whole;
    },
  );
}
