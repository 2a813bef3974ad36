import {
  createScanner,
  type JSONPath,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";
import { Settings } from "typebox/system";
import { Value } from "typebox/value";
import { type ConfigShape, configSchema } from "../config-schema.ts";
import { Complaints } from "./complaints.ts";

/** Reads JSON with comments and checks its shape. `shape` is there only when nothing is wrong so far. */
export function readShape(told: string): {
  readonly shape: ConfigShape | undefined;
  readonly complaints: Complaints;
} {
  // Some editors begin a file with a byte order mark; it is not part of the text, nor counted as a column.
  const text = told.replace(/^\ufeff/, "");
  const tooDeepAt = offsetOfDepth(text);
  if (tooDeepAt !== undefined) {
    const complaints = new Complaints(text, undefined);
    complaints.addAt(tooDeepAt, [], `is nested more than ${mostLevels} levels deep`);
    return { shape: undefined, complaints };
  }
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true });
  const complaints = new Complaints(text, tree);
  for (const error of errors) {
    const words = printParseErrorCode(error.error).replace(/([a-z])([A-Z])/g, "$1 $2");
    complaints.addAt(error.offset, [], `is no JSON here: ${words.toLowerCase()}`);
  }
  if (tree === undefined || errors.length > 0) {
    if (errors.length === 0) complaints.addAt(0, [], "is empty");
    return { shape: undefined, complaints };
  }
  complainOfDuplicates(tree, [], complaints);
  const value = plainValue(tree);
  if (Value.Check(configSchema, value)) return { shape: value, complaints };
  complainOfShape(value, complaints);
  return { shape: undefined, complaints };
}

/** No configuration needs ten; whoever reads a tree calls itself once a level, and a stack has an end. */
const mostLevels = 100;

/** Where the text is nested too deep. The scanner goes through it without calling itself. */
function offsetOfDepth(text: string): number | undefined {
  const scanner = createScanner(text, true);
  let level = 0;
  while (scanner.getPosition() < text.length) {
    scanner.scan();
    const offset = scanner.getTokenOffset();
    const mark = text.charAt(offset);
    if (mark === "{" || mark === "[") level++;
    if (mark === "}" || mark === "]") level--;
    if (level > mostLevels) return offset;
  }
  return undefined;
}

/** Ids are names of properties, so an id that stands twice is a name that stands twice; JSON would take the last. */
function complainOfDuplicates(node: Node, path: JSONPath, complaints: Complaints): void {
  if (node.type === "array") {
    node.children?.forEach((child, index) => complainOfDuplicates(child, [...path, index], complaints));
  }
  if (node.type !== "object") return;
  const seen = new Set<string>();
  for (const property of node.children ?? []) {
    const [name, value] = property.children ?? [];
    if (name === undefined) continue;
    const key = String(name.value);
    if (seen.has(key)) complaints.addAt(name.offset, [...path, key], "stands here twice");
    seen.add(key);
    if (value !== undefined) complainOfDuplicates(value, [...path, key], complaints);
  }
}

// Not jsonc-parser's getNodeValue: a property called __proto__ must become a property.
function plainValue(node: Node): unknown {
  if (node.type === "array") return (node.children ?? []).map(plainValue);
  if (node.type !== "object") return node.value;
  const entries = (node.children ?? []).flatMap((property): [string, unknown][] => {
    const [name, value] = property.children ?? [];
    return name === undefined || value === undefined ? [] : [[String(name.value), plainValue(value)]];
  });
  return Object.fromEntries(entries);
}

const mostErrors = 2000;

function shapeErrors(value: unknown) {
  // The library stops at 8 errors unless its one global setting says otherwise.
  const { maxErrors } = Settings.Get();
  Settings.Set({ maxErrors: mostErrors });
  try {
    return Value.Errors(configSchema, value);
  } finally {
    Settings.Set({ maxErrors });
  }
}

function complainOfShape(value: unknown, complaints: Complaints): void {
  const errors = shapeErrors(value);
  // Where none of several shapes fits, each of them complains; one sentence for them all says more.
  const choices = errors.filter(({ keyword }) => keyword === "anyOf").map(({ instancePath }) => instancePath);
  const isInsideChoice = (place: string): boolean =>
    choices.some((choice) => place === choice || place.startsWith(`${choice}/`));

  for (const error of errors) {
    const path = pathOf(error.instancePath, value);
    switch (error.keyword) {
      case "anyOf": {
        const inner = choices.filter((choice) => choice !== error.instancePath);
        if (inner.some((choice) => error.instancePath.startsWith(`${choice}/`))) continue;
        complaints.add(path, described(error.schemaPath) ?? "fits none of the shapes allowed here");
        continue;
      }
      case "boolean": // Told by additionalProperties.
      case "propertyNames": // Told by the name's own error.
        continue;
      default:
    }
    if (isInsideChoice(error.instancePath)) continue;
    switch (error.keyword) {
      case "additionalProperties":
        for (const name of error.params.additionalProperties) {
          complaints.add([...path, name], "is not known here", "name");
        }
        continue;
      case "required":
        complaints.add(path, `lacks ${error.params.requiredProperties.join(", ")}`);
        continue;
      default: {
        const isName = error.schemaPath.endsWith("/propertyNames");
        complaints.add(path, described(error.schemaPath) ?? error.message, isName ? "name" : "value");
      }
    }
  }
}

/** "must be " and the schema's own description, where it has one. */
function described(schemaPath: string): string | undefined {
  const schema: unknown = Value.Pointer.Get(configSchema, schemaPath.replace(/^#/, ""));
  if (typeof schema !== "object" || schema === null || !("description" in schema)) return undefined;
  return `must be ${String(schema.description)}`;
}

/** RFC 6901, with numbers for places in arrays. */
function pathOf(pointer: string, value: unknown): JSONPath {
  const path: (string | number)[] = [];
  let at: unknown = value;
  for (const part of pointer.split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    path.push(Array.isArray(at) ? Number(name) : name);
    at = typeof at === "object" && at !== null ? (at as Readonly<Record<string, unknown>>)[name] : undefined;
  }
  return path;
}
