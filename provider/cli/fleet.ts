// The commands that only read an inventory: no host is contacted and no state is needed.
import { readFileSync, writeFileSync } from "node:fs";
import {
  formatPositioned,
  Inventory,
  PositionedProblem,
  readInventory,
  readRecorded,
  unrecordedAddresses,
  writeLock,
} from "../fleet/inventory";
import { SCHEMA_FILE } from "../fleet/schema";
import { DHCP_FORMATS, DhcpFormat, domainFault, renderDhcp, reservationsOf } from "../report/dhcp";
import { codeQuality, githubAnnotations, sarif } from "../report/findings";
import { renderMermaid, renderSvg, TopologyLan, topologyOf } from "../report/graph";
import { Exit } from "./report";

/** What a command prints, and how it ends. */
export interface Printed {
  readonly out?: string;
  readonly error?: string;
  readonly exitCode: number;
}

export interface ValidateOptions {
  readonly json?: boolean;
  /** Record the addresses of `ip: auto` that are new. */
  readonly writeLock?: boolean;
  readonly annotations?: string;
  readonly sarif?: string;
  readonly codeQuality?: string;
}

/** The drawings that `graph` makes. */
export const GRAPH_FORMATS = {
  svg: renderSvg,
  mermaid: (lans: readonly TopologyLan[]): string => renderMermaid(lans),
};
export type GraphFormat = keyof typeof GRAPH_FORMATS;

/** Reads the inventory and tells everything that is wrong with it. */
export function validate(files: readonly string[], options: ValidateOptions, version: string): Printed {
  const { inventory, problems: found } = readInventory(files);
  const unrecorded = inventory && !options.writeLock ? unrecordedAddresses(inventory) : [];
  const problems = [...found, ...unrecorded];
  if (options.sarif !== undefined) writeFileSync(options.sarif, sarif({ refusals: problems }, version));
  if (options.codeQuality !== undefined) writeFileSync(options.codeQuality, codeQuality(problems));
  if (inventory?.lock.text !== undefined && options.writeLock) writeLock(inventory.lock.file, inventory.lock.text);
  const exitCode = problems.length > 0 ? Exit.BadInput : Exit.Fine;
  if (options.json) return { out: `${JSON.stringify(asJson(inventory, problems), null, 2)}\n`, exitCode };
  const annotations = options.annotations === "github" ? githubAnnotations(problems) : "";
  if (problems.length > 0) return { out: annotations, error: lines(problems.map(formatPositioned)), exitCode };
  return { out: summary(inventory!), exitCode };
}

/** Reservations and names for the servers of the LANs. */
export function dhcp(files: readonly string[], format: string, domain?: string): Printed {
  if (!(format in DHCP_FORMATS)) return unknown("format", format, Object.keys(DHCP_FORMATS));
  const fault = domain === undefined ? undefined : domainFault(domain);
  if (fault) return { error: `${fault.message}; ${fault.remedy}\n`, exitCode: Exit.BadInput };
  return withInventory(files, ({ hosts }) => renderDhcp(format as DhcpFormat, reservationsOf(hosts), { domain }));
}

/** The topology as a drawing; `ways`, of SVG: with the ways that packets take on each host. */
export function graph(files: readonly string[], format: string, ways = false): Printed {
  if (!(format in GRAPH_FORMATS)) return unknown("format", format, Object.keys(GRAPH_FORMATS));
  if (ways && format !== "svg")
    return { error: `${format} draws no ways; leave --ways out, or take svg\n`, exitCode: Exit.BadInput };
  return withInventory(files, ({ hosts }) => GRAPH_FORMATS[format as GraphFormat](topologyOf(hosts), { ways }));
}

/** The JSON Schema of inventories, for editors. */
export function schema(): Printed {
  return { out: readFileSync(SCHEMA_FILE, "utf8"), exitCode: Exit.Fine };
}

function withInventory(files: readonly string[], render: (inventory: Inventory) => string): Printed {
  const { inventory, problems } = readRecorded(files);
  if (inventory === undefined) return { error: lines(problems.map(formatPositioned)), exitCode: Exit.BadInput };
  const text = render(inventory);
  return { out: text.endsWith("\n") ? text : `${text}\n`, exitCode: Exit.Fine };
}

function summary({ hosts, lans, lock }: Inventory): string {
  const appliances = hosts.reduce((sum, { resolved }) => sum + resolved.pins.length, 0);
  const unused = lock.unused.map(({ lan, key }) => `${lock.file}: nobody asks for the address of ${key} on ${lan}`);
  return lines([
    `${count(hosts.length, "host")}, ${count(appliances, "appliance")}, ${count(lans.length, "LAN")}: fine`,
    ...unused,
  ]);
}

function asJson(inventory: Inventory | undefined, problems: readonly PositionedProblem[]): object {
  const hosts = inventory?.hosts.map(({ name, lan, tags, resolved }) => {
    const { ssh, pins } = resolved;
    return {
      name,
      lan,
      tags,
      destination: ssh.destination,
      appliances: pins.map(({ name: pin, ip, ip6, mac }) => ({ name: pin, ip, ip6, mac })),
    };
  });
  return { schemaVersion: 1, command: "validate", problems, hosts: hosts ?? [] };
}

function unknown(what: string, given: string, known: readonly string[]): Printed {
  return {
    error: `there is no ${what} ${JSON.stringify(given)}; known: ${known.join(", ")}\n`,
    exitCode: Exit.BadInput,
  };
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}
