import type { Drift } from "../appliance-host";
import type { Finding, HostLink, LanNetwork, Setup } from "../doctor";
import type { Fault, Problem } from "../errors";
import type { Position, PositionedProblem } from "../fleet/inventory";
import type { HostFacts } from "../observe";

/** Exit codes, the same for every command. Of several hosts the one that is first in this list decides. */
export const Exit = {
  BadInput: 2,
  CouldNotLook: 1,
  Findings: 3,
  Fine: 0,
} as const;
export type Exit = (typeof Exit)[keyof typeof Exit];

/** The version of what --json prints: a field that goes or changes its meaning makes another, a new one does not. */
export const SCHEMA_VERSION = 1;

/** Something that speaks against the specification, with the place at which that is written. */
export interface PlacedFinding extends Problem {
  readonly position?: Position;
  /** Id of the rule: docs/rules.md#id. */
  readonly id: string;
  /** refuse: `pulumi up` would change nothing and say so; warn: it would go on; overridden: the file passes it over. */
  readonly severity: "refuse" | "warn" | "overridden";
}

/** The host against its specification. */
export interface Comparison {
  readonly inSync: boolean;
  readonly drift: readonly Drift[];
  readonly preflight: readonly PlacedFinding[];
}

/** What the host is and what of MACVLAN is on it. */
export interface Inventory {
  readonly os: string;
  readonly kernel: string;
  readonly docker: string | null;
  readonly links: readonly LinkEntry[];
  readonly networks: readonly NetworkEntry[];
  readonly containers: readonly ContainerEntry[];
}

export interface LinkEntry {
  readonly name: string;
  readonly on: string;
  readonly kind: string;
  readonly mode: string;
  readonly mac: string;
  readonly up: boolean;
  readonly addresses: readonly string[];
  /** What makes it at boot: "pulumi-macvlan", or the paths of files; empty if nothing was found. */
  readonly madeBy: readonly string[];
}

export interface NetworkEntry {
  readonly name: string;
  readonly id: string;
  readonly driver: string;
  readonly parent: string | null;
  readonly subnet: string | null;
  readonly gateway: string | null;
  readonly ipRange: string | null;
  readonly state: "ok" | "ghost" | "parent missing" | "no parent";
}

export interface ContainerEntry {
  readonly name: string;
  readonly network: string;
  readonly status: string;
  readonly ip: string | null;
  readonly ipPinned: boolean;
  readonly mac: string | null;
  /** null where that cannot be told. */
  readonly macPinned: boolean | null;
  readonly restart: string;
}

/** What a command found out about one host. */
export interface HostReport {
  readonly host: string;
  /** unseen: it could not be looked at, and `fault` says why. */
  readonly status: "ok" | "findings" | "unseen";
  /** Time of the host. */
  readonly observed?: string;
  readonly fault?: Fault;
  /** Of `doctor`. */
  readonly inventory?: Inventory;
  readonly findings?: readonly Finding[];
  /** Of a host with a specification. */
  readonly specification?: Comparison;
}

/** What --json prints. */
export interface Report {
  readonly schemaVersion: typeof SCHEMA_VERSION;
  readonly command: "doctor" | "verify";
  readonly exitCode: Exit;
  /** What is wrong with the input; nothing was looked at then. */
  readonly problems: readonly (Problem | PositionedProblem)[];
  readonly hosts: readonly HostReport[];
}

export function reportOf(command: Report["command"], hosts: readonly HostReport[]): Report {
  return { schemaVersion: SCHEMA_VERSION, command, exitCode: exitOf(hosts), problems: [], hosts };
}

export function refusalOf(command: Report["command"], problems: Report["problems"]): Report {
  return { schemaVersion: SCHEMA_VERSION, command, exitCode: Exit.BadInput, problems, hosts: [] };
}

function exitOf(hosts: readonly HostReport[]): Exit {
  if (hosts.some(({ status }) => status === "unseen")) return Exit.CouldNotLook;
  return hosts.some(({ status }) => status === "findings") ? Exit.Findings : Exit.Fine;
}

export function inventoryOf({ facts, links, networks }: Setup): Inventory {
  return {
    os: facts.os.PRETTY_NAME ?? "",
    kernel: facts.kernel,
    docker: dockerOf(facts),
    links: links.map(linkEntry),
    networks: networks.map(networkEntry),
    containers: networks.flatMap((network) =>
      network.members.map((member) => ({
        name: member.name,
        network: network.name,
        status: member.container.status,
        ip: member.ip ?? null,
        ipPinned: member.ipPinned,
        mac: member.mac ?? null,
        macPinned: member.macPinned ?? null,
        restart: member.container.restart || "no",
      })),
    ),
  };
}

function dockerOf({ docker }: HostFacts): string | null {
  return docker?.server?.version ?? docker?.info?.serverVersion ?? null;
}

function linkEntry({ name, on, kind, mode, mac, up, ours, addresses, makers }: HostLink): LinkEntry {
  const madeBy = ours ? ["pulumi-macvlan"] : makers.map(({ path }) => path);
  return { name, on, kind, mode, mac, up, addresses, madeBy };
}

function networkEntry(network: LanNetwork): NetworkEntry {
  const { name, id, driver, parent = null, subnet = null, gateway = null, ipRange = null } = network;
  return { name, id, driver, parent, subnet, gateway, ipRange, state: stateOf(network) };
}

function stateOf({ parent, parentLink, ghost }: LanNetwork): NetworkEntry["state"] {
  if (ghost) return "ghost";
  if (parent === undefined) return "no parent";
  return parentLink === undefined ? "parent missing" : "ok";
}
