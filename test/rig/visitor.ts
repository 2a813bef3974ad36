import type { FastifyInstance, LightMyRequestResponse } from "fastify";

/** A browser without script, for injected requests: keeps cookies by path, sends `Origin` with forms, reads forms from pages. */
export class Visitor {
  readonly #app: FastifyInstance;
  readonly #origin: string;
  readonly #cookies = new Map<string, { readonly value: string; readonly path: string }>();

  constructor(app: FastifyInstance, origin = "http://127.0.0.1:0") {
    this.#app = app;
    this.#origin = origin;
  }

  cookie(name: string): string | undefined {
    return this.#cookies.get(name)?.value;
  }

  async get(url: string, headers: Record<string, string> = {}): Promise<LightMyRequestResponse> {
    return this.#keep(await this.#app.inject({ method: "GET", url, headers: this.#headers(url, headers) }));
  }

  async post(
    url: string,
    form: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<LightMyRequestResponse> {
    const payload = new URLSearchParams(form).toString();
    return this.#keep(
      await this.#app.inject({
        method: "POST",
        url,
        payload,
        headers: this.#headers(url, {
          "content-type": "application/x-www-form-urlencoded",
          origin: this.#origin,
          ...headers,
        }),
      }),
    );
  }

  #headers(url: string, more: Record<string, string>): Record<string, string> {
    const cookie = [...this.#cookies]
      .filter(([, { path }]) => url.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join("; ");
    return { ...(cookie === "" ? {} : { cookie }), ...more };
  }

  #keep(response: LightMyRequestResponse): LightMyRequestResponse {
    for (const { name, value, path } of response.cookies) {
      this.#cookies.set(name, { value, path: path ?? "/" });
    }
    return response;
  }
}

/** The sealed ticket in a welcome page. */
export function ticketIn(page: LightMyRequestResponse): string {
  const ticket = /name="ticket" value="([^"]+)"/.exec(page.body)?.[1];
  if (ticket === undefined) throw new Error(`no ticket in this page:\n${page.body}`);
  return ticket;
}
