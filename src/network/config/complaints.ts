import { findNodeAtLocation, type JSONPath, type Node } from "jsonc-parser";

/** One thing that is wrong in a configuration file, and where. Lines and columns count from 1. */
export interface Complaint {
  readonly line: number;
  readonly column: number;
  /** `subscribers.bank.subjects.mortgages.routes[0].center` */
  readonly path: string;
  readonly message: string;
}

/** Gathers what is wrong, so that a person who edits the file is told everything at once. */
export class Complaints {
  readonly #text: string;
  readonly #tree: Node | undefined;
  readonly #found = new Map<string, Complaint & { readonly offset: number }>();

  constructor(text: string, tree: Node | undefined) {
    this.#text = text;
    this.#tree = tree;
  }

  /** `place: "name"` points at a property's name instead of its value. */
  add(path: JSONPath, message: string, place: "name" | "value" = "value"): void {
    this.addAt(this.#offsetOf(path, place), path, message);
  }

  addAt(offset: number, path: JSONPath, message: string): void {
    const before = this.#text.slice(0, offset);
    const line = before.split("\n").length;
    const column = offset - before.lastIndexOf("\n");
    const complaint = { offset, line, column, path: written(path), message };
    this.#found.set(`${line}:${column}:${message}`, complaint);
  }

  /** In the order of the file. */
  get all(): readonly Complaint[] {
    return [...this.#found.values()]
      .sort((x, y) => x.offset - y.offset)
      .map(({ line, column, path, message }) => ({ line, column, path, message }));
  }

  /** The place itself, or the nearest thing around it that is in the file. */
  #offsetOf(path: JSONPath, place: "name" | "value"): number {
    if (this.#tree === undefined) return 0;
    for (let length = path.length; length >= 0; length--) {
      const node = findNodeAtLocation(this.#tree, path.slice(0, length));
      if (node === undefined) continue;
      const isName = place === "name" && length === path.length && node.parent?.type === "property";
      return isName ? (node.parent?.offset ?? node.offset) : node.offset;
    }
    return this.#tree.offset;
  }
}

function written(path: JSONPath): string {
  return path
    .map((part, index) => {
      if (typeof part === "number") return `[${part}]`;
      const plain = /^[\w$-]+$/.test(part) ? part : JSON.stringify(part);
      return index === 0 ? plain : `.${plain}`;
    })
    .join("");
}
