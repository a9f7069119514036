import { Path } from "../../errors";

/** A file that was read, or an object of a program, which has no lines. */
export interface Source {
  /** As a person would type it: the path from the folder that the program runs in; undefined for an object. */
  readonly file?: string;
  /** The folder that relative paths in it start from. */
  readonly folder: string;
  /** Place of the file among those that were read: problems are told in this order. */
  readonly order: number;
  /** Line and column of an offset, both from 1. */
  readonly lineAt: (offset: number) => { line: number; column: number };
}

/** Where something is written. */
export interface Place {
  readonly source: Source;
  readonly offset: number;
}

/** Text, a number, true or false, or null. */
export interface Scalar {
  readonly kind: "scalar";
  readonly at: Place;
  readonly value: unknown;
  /** As it is written, where that may differ from the value: 1.10 is the number 1.1. */
  readonly written?: string;
}

/** What is worked out about a list or a group once, for all hosts that share it. */
abstract class Shared {
  plain?: unknown = undefined;
  /** Whether anything below refers to a variable. */
  mentions?: boolean = undefined;
}

export class List extends Shared {
  readonly kind = "list" as const;
  constructor(
    readonly at: Place,
    readonly items: readonly Node[],
  ) {
    super();
  }
}

/** One entry of a group: where its key is, and its value. */
export interface Entry {
  readonly key: Place;
  readonly node: Node;
}

export class Group extends Shared {
  readonly kind = "group" as const;
  constructor(
    readonly at: Place,
    readonly entries: ReadonlyMap<string, Entry>,
  ) {
    super();
  }
}

/** A value with the place of each of its parts. Never changed, so that hosts share what they take from a template. */
export type Node = Scalar | List | Group;

/** The value without places. The same node is the same object: nobody may change it. */
export function plain(node: Node): unknown {
  if (node.kind === "scalar") return node.value;
  return (node.plain ??= node.kind === "list" ? node.items.map(plain) : plainGroup(node));
}

function plainGroup({ entries }: Group): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  // Assigned, __proto__ would be no field of its own.
  if (entries.has("__proto__")) return Object.fromEntries([...entries].map(([key, { node }]) => [key, plain(node)]));
  entries.forEach(({ node }, key) => (value[key] = plain(node)));
  return value;
}

/** The tree of an object of a program. */
export function treeOf(value: unknown, at: Place): Node {
  if (Array.isArray(value)) {
    const items = value.map((item) => treeOf(item, at));
    return new List(at, items);
  }
  const prototype: unknown = typeof value === "object" && value !== null ? Object.getPrototypeOf(value) : undefined;
  if (prototype !== Object.prototype && prototype !== null) return { kind: "scalar", at, value };
  const given = Object.entries(value as object).filter(([, item]) => item !== undefined);
  return groupOf(
    given.map(([key, item]) => [key, { key: at, node: treeOf(item, at) }]),
    at,
  );
}

export function groupOf(entries: Iterable<readonly [string, Entry]>, at: Place): Group {
  return new Group(at, new Map(entries));
}

/** The value of an entry; undefined where there is none or `node` is no group. */
export function child(node: Node | undefined, key: string): Node | undefined {
  return node?.kind === "group" ? node.entries.get(key)?.node : undefined;
}

/** The entries of the group `key` of `node`; none where it is absent or no group. */
export function entriesOf(node: Node | undefined): [string, Entry][] {
  return node?.kind === "group" ? [...node.entries] : [];
}

/** The text of a scalar; undefined if it is anything else. */
export function textOf(node: Node | undefined): string | undefined {
  return node?.kind === "scalar" && typeof node.value === "string" ? node.value : undefined;
}

/** The same group without some of its entries. */
export function without(group: Group, ...keys: string[]): Group {
  const entries = new Map(group.entries);
  for (const key of keys) entries.delete(key);
  return new Group(group.at, entries);
}

/** The same group with an entry replaced or added. */
export function withEntry(group: Group, key: string, entry: Entry): Group {
  return new Group(group.at, new Map(group.entries).set(key, entry));
}

/** Keys and values met on the way along `path`, as far as it exists. */
export function trail(root: Node, path: Path): Entry[] {
  const met: Entry[] = [];
  let node: Node | undefined = root;
  for (const key of path) {
    const next: Entry | undefined =
      node.kind === "group"
        ? node.entries.get(String(key))
        : node.kind === "list" && typeof key === "number" && node.items[key] !== undefined
          ? { key: node.items[key].at, node: node.items[key] }
          : undefined;
    if (next === undefined) break;
    met.push(next);
    node = next.node;
  }
  return met;
}

/** Where a person looks for an entry: at its value if that is on one line, else at its key. */
export function placeOfEntry({ key, node }: Entry): Place {
  return node.kind === "scalar" && node.value !== null && node.value !== "" ? node.at : key;
}
