import { Alias, isAlias, isMap, isPair, isScalar, isSeq, Node as YamlNode, parseDocument, YAMLMap } from "yaml";
import { Fault } from "../../errors";
import { readPlainYaml } from "./fast-yaml";
import { Lines } from "./lines";
import { tooDeepAt } from "./nesting";
import { Entry, Group, groupOf, List, Node, Place, Source } from "./tree";

/** What is wrong with a text, and where in it. */
export interface TextFault extends Fault {
  readonly at: Place;
}

/** So many values a file may unfold to when its aliases are followed; a few lines of YAML can ask for billions. */
const MAX_VALUES = 5_000_000;

const TOO_DEEP: Fault = { message: "is nested too deeply", remedy: "write it flatter" };

/** What a text says, or what is wrong with it. */
export interface ReadText {
  readonly root?: Node;
  readonly faults: TextFault[];
  /** Where it begins. */
  readonly at: Place;
}

/**
 * Reads YAML 1.2 (and so JSON) with the place of every value. Not 1.1: there a MAC such as 10:20:30:40:50:59 is a number
 * in base 60, and `no` is false.
 */
export function readYaml(text: string, source: Omit<Source, "lineAt">): ReadText {
  const lines = new Lines(text);
  const at: Place = { source: { ...source, lineAt: (offset) => lines.at(offset) }, offset: 0 };
  const deep = tooDeepAt(text);
  if (deep !== undefined) return { at, faults: [{ at: { ...at, offset: deep }, ...TOO_DEEP }] };
  const root = readPlainYaml(text, at);
  return root === undefined ? readAnyYaml(text, at) : { at, root, faults: [] };
}

/** The same for every text, also one that is wrong, and slowly. */
export function readAnyYaml(text: string, at: Place): ReadText {
  const place = (offset: number): Place => ({ source: at.source, offset });
  // Its own check for equal keys compares each with each.
  const document = parseDocument(text, { version: "1.2", prettyErrors: false, uniqueKeys: false });
  const [error] = document.errors;
  // What follows the first error of syntax is guesswork.
  const wrong = [...(error === undefined ? [] : [error]), ...document.warnings];
  const faults = wrong.map(({ code, message, pos }) => ({ at: place(pos[0]), ...worded(code, message, text, pos) }));
  if (faults.length > 0) return { at, faults };
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null))
    return { at, faults: [{ at, message: "is empty", remedy: "an inventory has at least hosts:" }] };
  const reader = new TreeReader(place);
  const root = reader.read(document.contents);
  if (reader.sizeOf(root) > MAX_VALUES)
    reader.faults.push({
      at,
      message: `unfolds to more than ${MAX_VALUES} values by its aliases`,
      remedy: "use templates and defaults instead of aliases of aliases",
    });
  return reader.faults.length > 0 ? { at, faults: reader.faults } : { at, root, faults: [] };
}

function worded(code: string, message: string, text: string, [start, end]: readonly [number, number]): Fault {
  if (text.slice(start - 2, start + 2).includes("${{") || text.slice(start - 1, start + 2) === "${{")
    return { message: "${{ … }} is not text inside of { } and [ ]", remedy: 'quote it: "${{ name }}"' };
  switch (code) {
    case "TAB_AS_INDENT":
      return { message: "is indented with a tab", remedy: "YAML is indented with spaces" };
    case "MULTIPLE_DOCS":
      return {
        message: "a second document begins here (---)",
        remedy: "an inventory is one document: put the other into a file of its own, and include it",
      };
    case "TAG_RESOLVE_FAILED":
      return { message: `the tag ${text.slice(start, end)} is not known here`, remedy: "leave it out" };
    default:
      return { message: message.replace(/\.$/, ""), remedy: "correct the YAML" };
  }
}

class TreeReader {
  readonly faults: TextFault[] = [];
  /** What is below an anchor; undefined while that is being read. */
  private readonly anchors = new Map<string, Node | undefined>();
  private readonly sizes = new Map<Node, number>();

  constructor(private readonly place: (offset: number) => Place) {}

  read(node: unknown, otherwise = 0): Node {
    const at = this.place((node as YamlNode | null)?.range?.[0] ?? otherwise);
    if (isAlias(node)) return this.aliased(node, at);
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.anchors.set(anchor, undefined);
    const read = this.value(node, at);
    if (anchor !== undefined) this.anchors.set(anchor, read);
    return read;
  }

  /** Number of values below a node with every alias followed. */
  sizeOf(node: Node): number {
    const known = this.sizes.get(node);
    if (known !== undefined) return known;
    const below =
      node.kind === "scalar"
        ? []
        : node.kind === "list"
          ? node.items
          : [...node.entries.values()].map((entry) => entry.node);
    const size = below.reduce((sum, each) => sum + this.sizeOf(each), 1);
    this.sizes.set(node, size);
    return size;
  }

  private value(node: unknown, at: Place): Node {
    if (isMap(node)) return this.group(node, at);
    if (isSeq(node)) {
      const items = node.items.map((item) => this.read(item, at.offset));
      return new List(at, items);
    }
    if (!isScalar(node)) return { kind: "scalar", at, value: null };
    const { value, source } = node;
    if (node.type === "PLAIN" && source !== undefined && /^[-+]?0\d+$/.test(source)) {
      const octal = /^[-+]?0[0-7]+$/.test(source)
        ? `, or 0o${source.replace(/^([-+]?)0+/, "$1")} for the octal number`
        : "";
      this.fault(at, `${source} is octal to some programs and decimal to others`, `write "${source}" for text${octal}`);
    }
    return { kind: "scalar", at, value, ...(typeof value === "number" ? { written: source } : {}) };
  }

  private group(map: YAMLMap, at: Place): Group {
    const own = new Map<string, Entry>();
    const merged: Node[] = [];
    for (const pair of map.items) {
      if (!isPair(pair)) continue;
      const { key, value } = pair;
      const keyAt = this.place((key as YamlNode | null)?.range?.[0] ?? at.offset);
      if (!isScalar(key) || key.value === null) {
        this.fault(keyAt, "a key is plain text here", "write KEY: value");
        continue;
      }
      const name = typeof key.value === "string" ? key.value : (key.source ?? "");
      if (name === "<<" && key.type === "PLAIN") {
        const node = this.read(value, keyAt.offset);
        merged.push(...(node.kind === "list" ? node.items : [node]));
        continue;
      }
      const before = own.get(name);
      if (before !== undefined) {
        const { line } = before.key.source.lineAt(before.key.offset);
        this.fault(keyAt, `${JSON.stringify(name)} is here twice: the first is in line ${line}`, "remove one of them");
        continue;
      }
      own.set(name, { key: keyAt, node: this.read(value, keyAt.offset) });
    }
    for (const node of merged) {
      if (node.kind !== "group")
        this.fault(node.at, "is not a group of fields", "<<: takes a group, or a list of groups");
      else for (const [name, entry] of node.entries) if (!own.has(name)) own.set(name, entry);
    }
    return groupOf(own, at);
  }

  private aliased({ source }: Alias, at: Place): Node {
    const node = this.anchors.get(source);
    if (node !== undefined) return node;
    if (this.anchors.has(source)) this.fault(at, `*${source} stands inside of &${source} itself`, "leave it out");
    else this.fault(at, `there is no anchor &${source} before this`, "quote the text if it is to begin with *");
    return { kind: "scalar", at, value: null };
  }

  private fault(at: Place, message: string, remedy: string): void {
    this.faults.push({ at, message, remedy });
  }
}
