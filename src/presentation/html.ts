import { html as escaping } from "ghtml";

/**
 * A piece of markup that is known to be safe: made by `html` alone. Escaping follows the type, not the author's attention:
 * whatever is not `Html` is escaped, so there is no spelling of a template that lets a visitor's text become markup.
 */
export class Html {
  readonly markup: string;

  /** Only `html` below calls this; a test of the sources keeps it so. */
  constructor(markup: string) {
    this.markup = markup;
  }
}

export type HtmlValue = Html | string | number | undefined | readonly Html[];

/** Tags a template. Attribute values must stand in double quotes; `undefined` prints nothing. */
export function html(literals: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const printed = values.map((value, at) => print(value) + (literals[at + 1] ?? ""));
  return new Html((literals[0] ?? "") + printed.join(""));
}

export const nothing = html``;

function print(value: HtmlValue): string {
  if (value === undefined) return "";
  if (value instanceof Html) return value.markup;
  if (typeof value === "object") return value.map((piece) => piece.markup).join("");
  // ghtml escapes " & ' < = > of an expression, which is all that a text node or a quoted attribute needs.
  return escaping`${value}`;
}
