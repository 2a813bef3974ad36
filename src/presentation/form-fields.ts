/**
 * Reads `a=b&c=d` (a query string or a form's body) strictly: what a lenient parser would mend (a second value, a half percent
 * sign, octets that are no UTF-8, control characters) is told as a fault instead, because a mended value is one that two
 * readers may read differently.
 */
export type FieldsReading =
  | { readonly type: "fields"; readonly fields: ReadonlyMap<string, string> }
  | { readonly type: "faulty"; readonly fault: FieldFault };

export interface FieldFault {
  /** Printable and short: it is shown on the page. */
  readonly field: string;
  readonly why: "repeated" | "too-long" | "not-readable" | "too-many";
}

const mostFields = 50;
const longestName = 60;

export function readFields(encoded: string): FieldsReading {
  const fields = new Map<string, string>();
  const pairs = encoded.split("&", mostFields + 1).filter((pair) => pair !== "");
  if (pairs.length > mostFields) return fault("", "too-many");
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? "" : decode(pair.slice(equals + 1));
    if (name === undefined || name.length > longestName) return fault("", "not-readable");
    if (value === undefined) return fault(name, "not-readable");
    if (fields.has(name)) return fault(name, "repeated");
    fields.set(name, value);
  }
  return { type: "fields", fields };
}

function fault(field: string, why: FieldFault["why"]): FieldsReading {
  return { type: "faulty", fault: { field, why } };
}

// C0 and C1 controls (CR, LF and NUL among them), DEL, and the two Unicode line ends.
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/u;

function decode(encoded: string): string | undefined {
  try {
    // decodeURIComponent refuses broken percent signs and octets that are no UTF-8 (overlong forms and surrogates too).
    const text = decodeURIComponent(encoded.replaceAll("+", " "));
    return unprintable.test(text) ? undefined : text;
  } catch {
    // A URIError is the visitor's URL being wrong, which the caller tells them.
    return undefined;
  }
}
