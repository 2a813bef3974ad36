import type { FastifyRequest } from "fastify";
import type { Language } from "./messages/messages.ts";

/** The same address with `lang` set: a link to this page in the other language. Undefined where a GET would not show this page. */
export function sameUrlIn(request: FastifyRequest): ((language: Language) => string) | undefined {
  const [path, query = ""] = splitOnce(request.raw.url ?? "/", "?");
  if (request.method !== "GET" || !path.startsWith("/") || path.length + query.length > longest)
    return undefined;
  // A browser takes two slashes at the beginning for another host.
  const own = path.replace(/^[/\\]+/, "/");
  const rest = query.split("&").filter((pair) => pair !== "" && !pair.startsWith("lang="));
  return (language) => `${own}?${[...rest, `lang=${language}`].join("&")}`;
}

/** What stands before and after the first `mark`. */
export function splitOnce(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** A link that is refused for its length need not be made longer. */
const longest = 8000;
