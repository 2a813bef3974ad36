import type { Click } from "#call-manager/visitor-desk.ts";
import { type ContextFields, contextFields } from "#contract/interaction-context.ts";
import Type from "typebox";
import { Compile } from "typebox/compile";
import { type FieldFault, readFields } from "./form-fields.ts";

/**
 * 202. The click's URL, `/talk/<subscriber>/<subject>?...`, read at the door (docs/wire.md, "The click").
 *
 * The query is outside data: until this function has parsed it, it is a string that anybody may have written. What comes out
 * has the right shape and length and no control characters; whether it may be *believed* is another question, which
 * `VisitorDesk.readClick` answers by the token.
 */
export function readClick(url: {
  readonly subscriber: string;
  readonly subject: string;
  /** Everything after the `?`, still encoded. */
  readonly query: string;
}): ClickReading {
  if (!isSlug(url.subscriber) || !isSlug(url.subject)) return { type: "unknown" };

  const reading = readFields(url.query);
  if (reading.type === "faulty") return { type: "malformed", fault: reading.fault };

  const { known, extra } = sortOut(reading.fields);
  for (const [name, value] of known) {
    if (!parameters[name].Check(value)) return malformed(name, value);
  }
  for (const [name, value] of extra) {
    if (!extraName.Check(name) || !extraValue.Check(value)) {
      return malformed(extraPrefix + name, value);
    }
  }
  const bare: unknown = bareFields(known, extra);
  // Each field is right by itself; what TAG1's own schema can still mind is their number.
  if (!context.Check(bare)) return { type: "malformed", fault: { field: "", why: "too-many" } };
  return { type: "click", click: assemble(url, known.get("token"), bare), language: language(known) };
}

export type ClickReading =
  | {
      readonly type: "click";
      readonly click: Click;
      /** `lang`, when the link asks for a language that we speak. */
      readonly language: "en" | "es" | undefined;
    }
  /** Neither part of the path can be anybody's name: the same page as for a name that nobody has. */
  | { readonly type: "unknown" }
  | { readonly type: "malformed"; readonly fault: FieldFault };

/** Whether this can be a subscriber's or a subject's name at all. */
export function isSlug(text: string): boolean {
  return slug.Check(text);
}

/** How subscribers and subjects are spelled in URLs. */
const slug = Compile(Type.String({ pattern: "^[a-z0-9][a-z0-9-]{0,62}$" }));

const context = Compile(contextFields);

/** The click's own parameters and the most characters of each. All are optional; each stands at most once. */
const longest = { token: 4096, page: 500, title: 120, ref: 500, code: 64, phone: 40, lang: 20 } as const;
type ParameterName = keyof typeof longest;
const parameters = {
  /** Compact JWS of the subscriber's site: what it says is verified. */
  token: Compile(
    Type.String({
      maxLength: longest.token,
      pattern: "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$",
    }),
  ),
  /** Address and title of the page that the button stood on, and the page before it. */
  page: Compile(Type.String({ maxLength: longest.page })),
  title: Compile(Type.String({ maxLength: longest.title })),
  ref: Compile(Type.String({ maxLength: longest.ref })),
  /** Whisper code and telephone number, unverified when they stand here. */
  code: Compile(Type.String({ maxLength: longest.code })),
  phone: Compile(Type.String({ maxLength: longest.phone })),
  lang: Compile(Type.String({ maxLength: longest.lang, pattern: "^[A-Za-z]{2}(-[A-Za-z0-9]{1,8})*$" })),
};

/** `x-<name>=value`: any other short field that the subscriber wants at the agent's side. */
const extraPrefix = "x-";
const extraName = Compile(Type.String({ pattern: "^[a-z][a-z0-9-]{0,19}$" }));
const longestExtra = 100;
const extraValue = Compile(Type.String({ maxLength: longestExtra }));

/**
 * An empty value counts as none (a template with nothing to fill in). Names that are not ours are left alone: campaign tools
 * add theirs to every link, and a visitor must not pay for that.
 */
function sortOut(fields: ReadonlyMap<string, string>): {
  known: Map<ParameterName, string>;
  extra: Map<string, string>;
} {
  const known = new Map<ParameterName, string>();
  const extra = new Map<string, string>();
  for (const [name, value] of fields) {
    if (value === "") continue;
    if (isParameter(name)) known.set(name, value);
    else if (name.startsWith(extraPrefix)) extra.set(name.slice(extraPrefix.length), value);
  }
  return { known, extra };
}

function isParameter(name: string): name is ParameterName {
  return Object.hasOwn(parameters, name);
}

/** From the URL's names to TAG1's. */
function bareFields(known: ReadonlyMap<ParameterName, string>, extra: ReadonlyMap<string, string>): object {
  const named = {
    whisperCode: known.get("code"),
    phone: known.get("phone"),
    page: known.get("page"),
    pageTitle: known.get("title"),
    referrer: known.get("ref"),
    extra: extra.size === 0 ? undefined : Object.fromEntries(extra),
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
}

function assemble(
  url: { readonly subscriber: string; readonly subject: string },
  token: string | undefined,
  bare: ContextFields,
): Click {
  const { subscriber, subject } = url;
  return token === undefined ? { subscriber, subject, bare } : { subscriber, subject, token, bare };
}

/** `es-MX` is Spanish. A language that we do not speak is no fault: the browser's own wish decides then. */
function language(known: ReadonlyMap<ParameterName, string>): "en" | "es" | undefined {
  const primary = known.get("lang")?.slice(0, 2).toLowerCase();
  return primary === "en" || primary === "es" ? primary : undefined;
}

function malformed(field: string, value: string): ClickReading {
  const why = value.length > longestValue(field) ? "too-long" : "not-readable";
  return { type: "malformed", fault: { field, why } };
}

function longestValue(field: string): number {
  return isParameter(field) ? longest[field] : longestExtra;
}
