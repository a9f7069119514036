import { dirname, resolve } from "node:path";
import { Path } from "../../errors";
import { parse } from "../../validate";
import { Files, shown } from "./files";
import { Findings } from "./findings";
import { InventoryArgs, inventorySchema } from "./spec";
import { child, entriesOf, groupOf, Group, Node, Place, placeOfEntry, plain, textOf, trail, treeOf } from "./tree";
import { mentionsVariable } from "./variables";
import { readYaml } from "./yaml";

/** One file of an inventory, or an object of a program. */
export interface Part {
  readonly root: Group;
  /** The defaults that hold for its hosts, outermost first. */
  readonly defaults: readonly Node[];
}

/** The parts of an inventory, in the order in which they are read, and the files among them. */
export interface Loaded {
  readonly parts: readonly Part[];
  readonly files: readonly string[];
  /** The only part is one host's specification: nothing of it is below hosts.NAME. */
  readonly bare?: string;
}

interface Seen {
  readonly at: Place;
  readonly defaults: readonly Node[];
  readonly done: boolean;
  /** It or what it includes has hosts. */
  readonly hosts: boolean;
}

/** Reads files and objects with everything that they include; what cannot be read is told and left out. */
export function load(inputs: readonly (string | InventoryArgs)[], files: Files, findings: Findings): Loaded {
  const loader = new Loader(files, findings);
  for (const input of inputs) {
    if (typeof input === "string") loader.file(input, []);
    else loader.object(input);
  }
  return { parts: loader.parts, files: [...loader.seen.keys()], bare: inputs.length === 1 ? loader.bare : undefined };
}

class Loader {
  readonly parts: Part[] = [];
  readonly seen = new Map<string, Seen>();
  bare?: string;
  private order = 0;

  constructor(
    private readonly files: Files,
    private readonly findings: Findings,
  ) {}

  object(args: InventoryArgs): void {
    const at: Place = {
      source: { folder: process.cwd(), order: this.order++, lineAt: () => ({ line: 1, column: 1 }) },
      offset: 0,
    };
    this.part(treeOf(args, at), []);
  }

  /** Reads one file with what it includes; `from` is the place that includes it. Whether there are hosts in any of them. */
  file(path: string, defaults: readonly Node[], from?: Place, written = path): boolean {
    const full = resolve(path);
    const nowhere: Place = {
      source: { file: shown(path), folder: dirname(full), order: this.order, lineAt: () => ({ line: 1, column: 1 }) },
      offset: 0,
    };
    const before = this.seen.get(full);
    if (before) return this.again(path, before, defaults, from);
    const { value: text, fault } = this.files.read(path, written);
    if (fault) {
      this.findings.add(from ?? nowhere, from ? ["include"] : [], fault.message, fault.remedy);
      return false;
    }
    const { root, faults, at } = readYaml(text, { file: shown(path), folder: dirname(full), order: this.order++ });
    for (const each of faults) this.findings.add(each.at, [], each.message, each.remedy);
    this.seen.set(full, { at, defaults, done: false, hosts: false });
    const hosts = root === undefined ? false : this.part(root, defaults);
    this.seen.set(full, { at, defaults, done: true, hosts });
    return hosts;
  }

  private again(path: string, before: Seen, defaults: readonly Node[], from: Place | undefined): boolean {
    const at = from ?? before.at;
    if (!before.done)
      this.findings.add(at, ["include"], `${shown(path)} includes itself in a circle`, "take this out of include");
    else if (
      before.hosts &&
      (defaults.length !== before.defaults.length || defaults.some((node, i) => node !== before.defaults[i]))
    )
      this.findings.add(
        at,
        ["include"],
        `${shown(path)} has hosts and is included twice, with different defaults`,
        "include it once; files without hosts may be included as often as they are needed",
      );
    return before.hosts;
  }

  private part(given: Node, outer: readonly Node[]): boolean {
    const root = this.asInventory(given);
    if (root === undefined) return false;
    const { problems } = parse(inventorySchema, plain(root));
    for (const { path, message, remedy } of problems) this.report(root, path, message, remedy);
    const own = child(root, "defaults");
    const defaults = own?.kind === "group" ? [...outer, own] : outer;
    this.parts.push({ root, defaults });
    let hosts = entriesOf(child(root, "hosts")).length > 0;
    const include = child(root, "include");
    for (const item of include?.kind === "list" ? include.items : []) {
      const pattern = textOf(item);
      if (pattern === undefined) continue;
      const found = this.files.matching(resolve(item.at.source.folder, pattern));
      // A pattern never means the file that it is in.
      const self = resolve(item.at.source.file ?? "");
      const paths = pattern.includes("*") ? found.filter((path) => path !== self) : found;
      if (paths.length === 0)
        this.findings.add(item.at, ["include"], `${pattern} stands for no file`, "correct the path");
      for (const path of paths) hosts = this.file(path, defaults, item.at, pattern) || hosts;
    }
    return hosts;
  }

  /** One host's specification is an inventory of one host. */
  private asInventory(given: Node): Group | undefined {
    if (given.kind !== "group") {
      this.findings.add(given.at, [], "is not a group of fields", "an inventory has at least hosts:");
      return undefined;
    }
    const host = ["ssh", "interface", "network", "appliances"].some((key) => given.entries.has(key));
    // A host has further LANs under the same key as an inventory has all.
    const inventory = Object.keys(inventorySchema.shape).some((key) => key !== "lans" && given.entries.has(key));
    if (inventory || !host) return given;
    const destination = textOf(child(child(given, "ssh"), "destination")) ?? "host";
    const name =
      destination
        .replace(/^ssh:\/\//, "")
        .replace(/^.*@/, "")
        .replace(/[^\w.-].*$/, "") || "host";
    this.bare = name;
    const hosts = groupOf([[name, { key: given.at, node: given }]], given.at);
    return groupOf([["hosts", { key: given.at, node: hosts }]], given.at);
  }

  private report(root: Group, path: Path, message: string, remedy: string): void {
    const met = trail(root, path);
    const last = met.at(-1);
    // Whether a text that has variables is right shows when they have their values.
    const text = met.map(({ node }) => textOf(node)).find((value) => value !== undefined);
    if (text !== undefined && mentionsVariable(text)) return;
    const place =
      last === undefined
        ? root.at
        : isAboutKey(path, message) && met.length === path.length
          ? last.key
          : placeOfEntry(last);
    const shownPath = this.bare !== undefined && path[0] === "hosts" ? path.slice(2) : path;
    this.findings.add(place, shownPath, message, remedy);
  }
}

/** Whether a problem is about the name of an entry rather than about its value. */
export function isAboutKey(path: Path, message: string): boolean {
  const key = String(path.at(-1));
  return (
    message.startsWith("there is no field") || message.startsWith(`${key} `) || message.startsWith(JSON.stringify(key))
  );
}
