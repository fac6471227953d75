import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLError } from "yaml";
import { error, type Fault, type Place } from "./fault.ts";
import type { SourceEntry, SourceNode } from "./source.ts";

/** Anchors can make a small file explode; no file that a person writes comes near this. */
const maxNodes = 200_000;

export interface YamlFile {
  /** undefined: the file is not YAML that we can read; `faults` say why. */
  readonly root: SourceNode | undefined;
  readonly faults: readonly Fault[];
}

/** Reads YAML 1.2, strictly: a duplicate key is a fault. `file` is only for messages. */
export function readYaml(text: string, file: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { version: "1.2", strict: true, lineCounter: lines, prettyErrors: false });
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  // An unknown tag is only a warning to the parser; here it would silently change what the value is.
  const trouble = [...document.errors, ...document.warnings.filter(({ code }) => code === "TAG_RESOLVE_FAILED")];
  if (trouble.length > 0) {
    return { root: undefined, faults: onePerLine(trouble.map((each) => syntaxFault(each, at(each.pos[0]), text))) };
  }
  if (document.contents === null) {
    return { root: undefined, faults: [error(at(0), "the file is empty", "write something, or delete it")] };
  }
  const reading: Reading = { at, faults: [], nodes: 0, open: new Set(), resolve: (node) => node };
  reading.resolve = (node) => (isAlias(node) ? node.resolve(document) : node);
  const root = toSource(document.contents, reading);
  return { root, faults: reading.faults };
}

interface Reading {
  readonly at: (offset: number) => Place;
  readonly faults: Fault[];
  nodes: number;
  /** Nodes being read: meeting one again means an alias that holds itself. */
  readonly open: Set<unknown>;
  resolve: (node: Node) => Node | undefined;
}

function toSource(written: Node, reading: Reading): SourceNode {
  const place = reading.at(written.range?.[0] ?? 0);
  const node = reading.resolve(written);
  reading.nodes += 1;
  if (node === undefined || reading.open.has(node) || reading.nodes > maxNodes) {
    if (reading.nodes <= maxNodes + 1)
      reading.faults.push(error(place, "this alias cannot be followed", "write the value out"));
    return { kind: "scalar", place, value: null, text: "" };
  }
  if (isScalar(node)) return scalar(node.value, node.source ?? "", place, reading);
  reading.open.add(node);
  try {
    if (isSeq<Node>(node)) {
      return { kind: "list", place, items: node.items.map((item) => toSource(item, reading)) };
    }
    const entries = new Map<string, SourceEntry>();
    if (isMap<Node, Node | null>(node)) {
      for (const { key, value } of node.items) {
        const keyPlace = reading.at(key.range?.[0] ?? 0);
        const name = isScalar(key) ? (key.source ?? String(key.value)) : undefined;
        if (name === undefined || name === "__proto__") {
          reading.faults.push(error(keyPlace, "this cannot be a key", "keys are plain words"));
          continue;
        }
        const empty: SourceNode = { kind: "scalar", place: keyPlace, value: null, text: "" };
        entries.set(name, { key: keyPlace, node: value === null ? empty : toSource(value, reading) });
      }
    }
    return { kind: "map", place, entries };
  } finally {
    reading.open.delete(node);
  }
}

function scalar(value: unknown, text: string, place: Place, reading: Reading): SourceNode {
  if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    reading.faults.push(error(place, `the number ${text} is too large to keep its digits`, `quote it: "${text}"`));
  }
  if (typeof value === "number" && !Number.isFinite(value)) {
    reading.faults.push(error(place, `${text} is no number that a destination understands`, `quote it: "${text}"`));
  }
  const known = typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
  return { kind: "scalar", place, value: known, text };
}

/** What the parser says after the first trouble of a line only follows from it; of a tab it speaks last. */
function onePerLine(faults: readonly Fault[]): Fault[] {
  const tabs = new Set(faults.flatMap(({ line, mend }) => (mend === noTabs ? line : [])));
  const told = new Set<number>();
  return faults.filter(({ line, mend }) => {
    if (told.has(line) || (tabs.has(line) && mend !== noTabs)) return false;
    told.add(line);
    return true;
  });
}

const noTabs = "YAML indents with spaces";

function syntaxFault({ code, message, pos }: YAMLError, place: Place, text: string): Fault {
  const word = /^"?([^\s":]+)/.exec(text.slice(pos[0], pos[0] + 80))?.[1] ?? "";
  switch (code) {
    case "DUPLICATE_KEY":
      return error(place, `the key "${word}" is given twice`, "keep one of them");
    case "TAB_AS_INDENT":
      return error(place, "a tab indents this line", noTabs);
    case "MULTIPLE_DOCS":
      return error(place, "a second YAML document begins here", "write one document per file");
    case "BAD_ALIAS":
      return error(place, "this alias has no anchor", "write the value out, or quote it if it begins with *");
    case "TAG_RESOLVE_FAILED":
      return error(place, "YAML tags (!…) are not used here", "quote the text if it begins with !");
    default:
      return error(
        place,
        `this is not YAML: ${message}`,
        "check the indentation, the quotes and the brackets around it",
      );
  }
}
