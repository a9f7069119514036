import { resolve } from "node:path";
import { nearest, Path } from "../../errors";
import { destinationFault } from "../../ssh";
import { Files } from "./files";
import { Findings, shortPlace } from "./findings";
import { Part } from "./load";
import { merge } from "./merge";
import { child, Entry, entriesOf, Group, groupOf, Node, Place, textOf, withEntry, without } from "./tree";
import { interpolate, Scope, variablesOf } from "./variables";

/** Names of an inventory with where they are written. */
export type Named = ReadonlyMap<string, Entry>;

/** A host put together from its own entry, its LAN and the defaults; variables are still to be put in. */
export interface Draft {
  readonly name: string;
  /** Where its parts stand in the inventory. */
  readonly path: Path;
  readonly key: Place;
  /** What is written for this host alone. */
  readonly own: Node;
  readonly lan?: string;
  /** Its further LANs, and whether the inventory describes each. */
  readonly lans: ReadonlyMap<string, { readonly described: boolean }>;
  readonly tags: readonly string[];
  /** What it is, without what only an inventory has. */
  readonly host: Group;
  readonly scope: Scope;
  readonly appliances: readonly ApplianceDraft[];
}

export interface ApplianceDraft {
  readonly name: string;
  /** Which of the host's further LANs it is on; undefined for the first one. */
  readonly lan?: string;
  readonly path: Path;
  readonly key: Place;
  readonly node: Node;
  readonly scope: Scope;
}

/** All entries of one kind of all parts. A name that is there twice is told. */
export function named(
  parts: readonly Part[],
  kind: "lans" | "templates" | "hosts",
  what: string,
  findings: Findings,
): Map<string, Entry & { part: Part }> {
  const all = new Map<string, Entry & { part: Part }>();
  for (const part of parts)
    for (const [name, entry] of entriesOf(child(part.root, kind))) {
      const before = all.get(name);
      if (before === undefined) all.set(name, { ...entry, part });
      else {
        const place = shortPlace(before.key);
        const where = place === "" ? "already" : `in ${place} already`;
        findings.add(entry.key, [kind, name], `there is a ${what} ${name} ${where}`, "give one of them another name");
      }
    }
  return all;
}

/** Puts one host together. */
export function draft(
  name: string,
  { key, node, part }: Entry & { part: Part },
  context: { path: Path; lans: Named; templates: Named; findings: Findings },
): Draft {
  const { path, findings } = context;
  // What is no group is told when its file is read; nothing at all is a host that inherits everything.
  if (node.kind !== "group" && !isNothing(node)) findings.doubt(path);
  const own: Group = node.kind === "group" ? node : groupOf([], key);
  const lanNode = [own, ...[...part.defaults].reverse()]
    .map((layer) => child(layer, "lan"))
    .find((found) => found !== undefined);
  const lan = textOf(lanNode);
  const lanEntry = lan === undefined ? undefined : context.lans.get(lan);
  if (lan !== undefined && lanEntry === undefined)
    findings.add(
      lanNode!.at,
      [...path, "lan"],
      `there is no LAN ${JSON.stringify(lan)}`,
      suggestion(lan, context.lans, "lans"),
    );
  // That a name cannot be a host's is told by itself.
  if (destinationFault(name)) findings.settle([...path, "ssh", "destination"]);
  const destination: Node = { kind: "scalar", at: key, value: name };
  const ssh = groupOf([["destination", { key, node: destination }]], key);
  const layers: Node[] = [
    groupOf(
      [
        ["ssh", { key, node: ssh }],
        ["appliances", { key, node: groupOf([], key) }],
      ],
      key,
    ),
    ...part.defaults,
  ];
  if (lanEntry !== undefined) {
    layers.push(networkOf(lanEntry));
    const defaults = child(lanEntry.node, "defaults");
    if (defaults?.kind === "group") layers.push(defaults);
  }
  const merged = [...layers, own].reduce((base, over) => merge(base, over)) as Group;
  const lans = furtherLans(merged, context.lans);
  const vars = child(merged, "vars");
  const inLan = child(merged, "network");
  const hostScope = new Scope(
    variables({ host: name, lan, subnet: child(inLan, "subnet"), gateway: child(inLan, "gateway") }, key),
    key,
    path,
    new Scope(values(vars), key, path),
  );
  const appliances = entriesOf(child(merged, "appliances")).map(([appliance, entry]) =>
    applianceDraft(appliance, entry, hostScope, {
      ...context,
      path: [...path, "appliances", appliance],
      first: lan,
      further: lans,
    }),
  );
  const tags = child(merged, "tags");
  const host = without(merged, "lan", "tags", "vars");
  return {
    name,
    path,
    key,
    own,
    lan: lanEntry === undefined ? undefined : lan,
    lans: new Map([...lans].map(([own]) => [own, { described: context.lans.has(own) }])),
    tags: tags?.kind === "list" ? tags.items.flatMap((tag) => textOf(tag) ?? []) : [],
    host: lans.size === 0 ? host : withEntry(host, "lans", { ...host.entries.get("lans")!, node: groupOf(lans, key) }),
    scope: hostScope,
    appliances,
  };
}

function applianceDraft(
  name: string,
  { key, node }: Entry,
  host: Scope,
  context: {
    path: Path;
    templates: Named;
    findings: Findings;
    first?: string;
    further: ReadonlyMap<string, Entry>;
  },
): ApplianceDraft {
  const { path, templates, findings, first, further } = context;
  const builtIn = variables({ appliance: name }, key);
  if (node.kind !== "group") return { name, path, key, node, scope: new Scope(builtIn, key, path, host) };
  const used = node.entries.get("template");
  const template = textOf(used?.node);
  const found = template === undefined ? undefined : templates.get(template);
  if (template !== undefined && found === undefined) {
    const message = `there is no template ${JSON.stringify(template)}`;
    findings.add(used!.node.at, [...path, "template"], message, suggestion(template, templates, "templates"));
    findings.doubt(path);
  }
  const { body, defaults } = templateOf(found?.node);
  const merged = merge(body, without(node, "template", "vars"));
  const own = entriesOf(child(node, "vars"));
  const known = new Set(own.length === 0 ? [] : [...defaults.keys(), ...variablesOf(merged)]);
  for (const [variable, entry] of own) {
    if (known.has(variable) || (template !== undefined && found === undefined)) continue;
    const near = nearest(variable, [...known]);
    const remedy = near === undefined ? "leave it out" : `did you mean ${near}?`;
    const where = template === undefined ? "the appliance" : `the template ${template}`;
    findings.add(entry.key, [...path, "vars", variable], `nothing in ${where} takes the variable ${variable}`, remedy);
  }
  const outer = new Scope(
    new Map(own.map(([variable, entry]) => [variable, entry.node])),
    key,
    path,
    host.over(new Scope(defaults, key, path)),
  );
  const named = child(merged, "lan");
  const lan = named && textOf(interpolate(named, outer, [...path, "lan"], findings));
  // The first LAN is called by the name that the inventory has for it; a host by itself calls it as its network.
  const whole = merged.kind === "group" && lan !== undefined && lan === first ? without(merged, "lan") : merged;
  const network = lan === undefined ? undefined : child(further.get(lan)?.node, "network");
  if (network === undefined) return { name, path, key, node: whole, scope: new Scope(builtIn, key, path, outer) };
  const there = { lan, subnet: child(network, "subnet"), gateway: child(network, "gateway") };
  const scope = new Scope(variables({ appliance: name, ...there }, key), key, path, outer);
  return { name, lan, path, key, node: whole, scope };
}

/** The further LANs of a host, each with what the inventory says of it. */
function furtherLans(merged: Group, lans: Named): Map<string, Entry> {
  return new Map(
    entriesOf(child(merged, "lans")).map(([name, { key, node }]) => {
      const described = lans.get(name);
      const own = isNothing(node) ? groupOf([], key) : node;
      if (described === undefined) return [name, { key, node: own }];
      const defaults = child(described.node, "defaults");
      const parts = entriesOf(defaults).filter(([part]) => part === "interface" || part === "network");
      const layers = [networkOf(described), groupOf(parts, described.key), own];
      return [name, { key, node: layers.reduce((base, over) => merge(base, over)) }];
    }),
  );
}

interface Template {
  readonly body?: Group;
  readonly defaults: ReadonlyMap<string, Node>;
}

const NO_TEMPLATE: Template = { defaults: new Map() };
const templateParts = new WeakMap<Node, Template>();

/** What an appliance has of its template, and the defaults of its variables. */
function templateOf(node: Node | undefined): Template {
  if (node === undefined) return NO_TEMPLATE;
  const known = templateParts.get(node);
  if (known !== undefined) return known;
  const body = node.kind === "group" ? without(node, "vars") : undefined;
  const template = { body, defaults: values(child(node, "vars")) };
  templateParts.set(node, template);
  return template;
}

function isNothing(node: Node): boolean {
  return node.kind === "scalar" && node.value === null;
}

/** The facts of a LAN that are a host's network. */
function networkOf({ key, node }: Entry): Group {
  const entries = ["subnet", "gateway", "dhcpPool", "subnet6", "gateway6"].flatMap((field) => {
    const entry = node.kind === "group" ? node.entries.get(field) : undefined;
    return entry === undefined ? [] : [[field, entry] as const];
  });
  return groupOf([["network", { key, node: groupOf(entries, key) }]], key);
}

function values(vars: Node | undefined): Map<string, Node> {
  return new Map(entriesOf(vars).map(([name, entry]) => [name, entry.node]));
}

function variables(given: Record<string, Node | string | undefined>, at: Place): Map<string, Node> {
  return new Map(
    Object.entries(given).flatMap(([name, value]) => {
      if (value === undefined) return [];
      return [[name, typeof value === "string" ? { kind: "scalar" as const, at, value } : value] as const];
    }),
  );
}

function suggestion(name: string, known: Named, section: string): string {
  const near = nearest(name, [...known.keys()]);
  if (near !== undefined) return `did you mean ${near}?`;
  return known.size === 0 ? `describe it under ${section}` : `known: ${[...known.keys()].slice(0, 10).join(", ")}`;
}

/** The address of an appliance as it is written, its variables put in. */
export function addressOf(appliance: ApplianceDraft, findings: Findings): Node | undefined {
  const ip = child(appliance.node, "ip");
  return ip && interpolate(ip, appliance.scope, [...appliance.path, "ip"], findings);
}

/** The host but for its appliances, its variables put in. */
export function finishHost(draft: Draft, findings: Findings): Group {
  return interpolate(without(draft.host, "appliances"), draft.scope, draft.path, findings) as Group;
}

/** `host` with its appliances as ApplianceHost takes them, but for secrets, which stay references; `given` are addresses for `auto`. */
export function finishAppliances(
  draft: Draft,
  host: Group,
  given: ReadonlyMap<string, string>,
  files: Files,
  findings: Findings,
): Group {
  const before = draft.host.entries.get("appliances") ?? { key: draft.key, node: groupOf([], draft.key) };
  if (before.node.kind !== "group") return withEntry(host, "appliances", before);
  const appliances = draft.appliances.map((appliance) => {
    const { name, key } = appliance;
    return [name, { key, node: finishAppliance(appliance, given.get(name), files, findings) }] as const;
  });
  return withEntry(host, "appliances", { key: before.key, node: groupOf(appliances, before.node.at) });
}

function finishAppliance(
  { node, scope, path, key }: ApplianceDraft,
  given: string | undefined,
  files: Files,
  findings: Findings,
): Node {
  const raw = child(node, "ip");
  const at = raw?.at ?? key;
  const ip: Node | undefined = given === undefined ? raw : { kind: "scalar", at, value: given };
  const known = ip && interpolate(ip, scope, [...path, "ip"], findings);
  const inner = known === undefined ? scope : new Scope(new Map([["ip", known]]), scope.owner, path, scope);
  const done = interpolate(node, inner, path, findings);
  if (done.kind !== "group") return done;
  let appliance: Group =
    known === undefined ? done : withEntry(done, "ip", { key: done.entries.get("ip")!.key, node: known });
  const compose = appliance.entries.get("compose");
  const composePath = textOf(compose?.node);
  if (compose !== undefined && composePath !== undefined) {
    const { path: file, fault } = files.named(compose.node.at.source.folder, composePath);
    if (fault) {
      findings.add(compose.node.at, [...path, "compose"], fault.message, fault.remedy);
      findings.doubt(path);
    }
    appliance = withEntry(appliance, "compose", {
      ...compose,
      node: { kind: "scalar", at: compose.node.at, value: file },
    });
  }
  const delivered = appliance.entries.get("files");
  if (delivered?.node.kind !== "group") return appliance;
  const texts = [...delivered.node.entries].map(([name, entry]): readonly [string, Entry] => {
    const source = child(entry.node, "file");
    const from = textOf(source);
    if (source === undefined || from === undefined) return [name, entry];
    const { value, fault } = files.read(resolve(source.at.source.folder, from), from);
    if (fault) {
      findings.add(source.at, [...path, "files", name], fault.message, fault.remedy);
      findings.doubt(path);
    }
    return [name, { ...entry, node: { kind: "scalar", at: entry.node.at, value: value ?? "" } }];
  });
  return withEntry(appliance, "files", { ...delivered, node: groupOf(texts, delivered.node.at) });
}
