import { Entry, groupOf, Node } from "./tree";

/**
 * `over` goes before `base`: groups are merged field by field, everything else replaces, and null takes away what is
 * inherited. Parts that only one of them has are shared with it.
 */
export function merge(base: Node | undefined, over: Node): Node {
  if (base?.kind !== "group" || over.kind !== "group") return over;
  const entries = new Map<string, Entry>(base.entries);
  for (const [key, entry] of over.entries) {
    const inherited = entries.get(key);
    if (inherited === undefined) entries.set(key, entry);
    else if (entry.node.kind === "scalar" && entry.node.value === null) entries.delete(key);
    else entries.set(key, { key: entry.key, node: merge(inherited.node, entry.node) });
  }
  return groupOf(entries, over.at);
}
