import type { Clock } from "#base/clock.ts";
import type { Settings } from "../settings.ts";
import { reasonOf } from "./finding.ts";

/** What a web server says when it is asked for a file that every Tandem has. */
export type PageAnswer =
  | { readonly type: "tandem"; readonly dateMs: number | undefined; readonly tookMs: number }
  | { readonly type: "another"; readonly status: number; readonly dateMs: number | undefined }
  | { readonly type: "none"; readonly why: string };

const patienceMs = 5_000;
const ownFile = "/assets/tandem.css";

export async function getPage(origin: string, clock: Clock): Promise<PageAnswer> {
  const patience = new AbortController();
  const cancel = clock.at(clock.now() + patienceMs, () => patience.abort(new Error("no answer within 5 s")));
  const beganAtMs = clock.now();
  try {
    const response = await fetch(`${origin}${ownFile}`, { redirect: "manual", signal: patience.signal });
    await response.body?.cancel();
    const dateMs = momentOf(response.headers.get("date"));
    const ours = response.status === 200 && response.headers.get("content-type")?.startsWith("text/css");
    return ours === true
      ? { type: "tandem", dateMs, tookMs: clock.now() - beganAtMs }
      : { type: "another", status: response.status, dateMs };
  } catch (error) {
    return { type: "none", why: reasonOf(error) };
  } finally {
    cancel();
  }
}

/** How this machine itself reaches the web process. */
export function localOrigin({ http }: { readonly http: Pick<Settings["http"], "host" | "port"> }): string {
  const host = http.host === "0.0.0.0" ? "127.0.0.1" : http.host === "::" ? "::1" : http.host;
  return `http://${host.includes(":") ? `[${host}]` : host}:${http.port}`;
}

function momentOf(date: string | null): number | undefined {
  const ms = Date.parse(date ?? "");
  return Number.isNaN(ms) ? undefined : ms;
}
