import { nearest, Path } from "../../errors";
import { Findings } from "./findings";
import { Group, List, Node, Place } from "./tree";

// `${{ name }}`: Compose has no such form (it refuses `${{`), so its own `${NAME}` stays for Compose, and a dollar sign that
// Compose is to pass on ($$) stays one too. Unlike `{{ name }}` it may begin a YAML text, and it is no template of Docker's.
const VARIABLE = /\$\$|\$\{\{\s*([A-Za-z_]\w*)\s*\}\}|\$\{\{/g;
const WHOLE = /^\$\{\{\s*([A-Za-z_]\w*)\s*\}\}$/;

/** Whether a text has something of the form `${{`. */
export function mentionsVariable(text: string): boolean {
  return text.includes("${{");
}

/** The values that a text may refer to; the first scope that has a name decides. */
export class Scope {
  /** `owner` and `path` are of what the innermost values are given to: where a person adds one. */
  constructor(
    private readonly values: ReadonlyMap<string, Node>,
    readonly owner: Place,
    readonly path: Path,
    private readonly outer?: Scope,
  ) {}

  get(name: string): Node | undefined {
    return this.values.get(name) ?? this.outer?.get(name);
  }

  /** The same scope with `outermost` behind it. */
  over(outermost: Scope): Scope {
    return new Scope(this.values, this.owner, this.path, this.outer?.over(outermost) ?? outermost);
  }

  names(): string[] {
    return [...this.values.keys(), ...(this.outer?.names() ?? [])];
  }
}

/** Whether anything below a node refers to a variable. */
function mentioning(node: Node): boolean {
  if (node.kind === "scalar") return typeof node.value === "string" && mentionsVariable(node.value);
  return (node.mentions ??= node.kind === "list" ? node.items.some(mentioning) : entriesMention(node));
}

function entriesMention({ entries }: Group): boolean {
  for (const [key, { node }] of entries) if (mentionsVariable(key) || mentioning(node)) return true;
  return false;
}

/** The names of all variables that a node refers to. */
export function variablesOf(node: Node, names = new Set<string>()): Set<string> {
  if (!mentioning(node)) return names;
  if (node.kind === "list") for (const item of node.items) variablesOf(item, names);
  else if (node.kind === "group") for (const { node: below } of node.entries.values()) variablesOf(below, names);
  else for (const [, name] of (node.value as string).matchAll(VARIABLE)) if (name !== undefined) names.add(name);
  return names;
}

/** Puts in the values of variables. A text that is nothing but one variable becomes its value, whatever kind that is. */
export function interpolate(node: Node, scope: Scope, path: Path, findings: Findings): Node {
  if (!mentioning(node)) return node;
  if (node.kind === "list")
    return new List(
      node.at,
      node.items.map((item, i) => interpolate(item, scope, [...path, i], findings)),
    );
  if (node.kind === "group") return interpolateGroup(node, scope, path, findings);
  const text = node.value as string;
  const whole = WHOLE.exec(text)?.[1];
  if (whole !== undefined) {
    const value = lookUp(whole, scope, node.at, path, findings);
    return value ?? { ...node, value: undefined };
  }
  const replaced = text.replace(VARIABLE, (found: string, name: string | undefined) => {
    if (found === "$$") return found;
    if (name === undefined) {
      findings.add(node.at, path, "has ${{ without the name of a variable and }}", "write ${{ name }}");
      return found;
    }
    const value = lookUp(name, scope, node.at, path, findings);
    if (value === undefined) return found;
    if (value.kind === "scalar") return value.written ?? String(value.value);
    findings.add(
      node.at,
      path,
      `the variable ${name} is a ${value.kind}, which cannot be a part of a text`,
      "let the variable be the whole value",
    );
    return found;
  });
  return { ...node, value: replaced };
}

function interpolateGroup(group: Group, scope: Scope, path: Path, findings: Findings): Group {
  const entries = new Map(group.entries);
  group.entries.forEach((entry, key) => {
    if (mentionsVariable(key))
      findings.add(entry.key, [...path, key], "a key cannot have a variable", "write ${{ … }} in values only");
    if (mentioning(entry.node))
      entries.set(key, { key: entry.key, node: interpolate(entry.node, scope, [...path, key], findings) });
  });
  return new Group(group.at, entries);
}

function lookUp(name: string, scope: Scope, at: Place, path: Path, findings: Findings): Node | undefined {
  const value = scope.get(name);
  if (value !== undefined && !(value.kind === "scalar" && value.value === null)) return value;
  if (value !== undefined) {
    findings.add(
      scope.owner,
      [...scope.path, "vars", name],
      "has no value",
      "give it here, or under vars of the host or its LAN",
    );
    return undefined;
  }
  const near = nearest(name, scope.names());
  const remedy =
    near === undefined
      ? "give it under vars of the appliance, the template, the host or its LAN"
      : `did you mean ${near}?`;
  findings.add(at, path, `there is no variable ${name}`, remedy);
  return undefined;
}
