import { z } from "zod";
import { defaultMac, Ipv4Range, parseIpv4, parseMac, rangeOf } from "../address";
import {
  ApplianceArgs,
  applianceFieldsSchema,
  applianceNameFault,
  ApplianceSpec,
  applianceSpecSchema,
  isRight,
  Pin,
  placedProblems,
} from "../appliance";
import { below, formatProblem, Problem, valueOf } from "../errors";
import { InterfaceSpec, interfaceSchema, ResolvedInterface, resolveInterface } from "../host-interface";
import {
  addressFault,
  freeAddress,
  NetworkSpec,
  networkSchema,
  ResolvedNetwork,
  resolveNetwork,
} from "../macvlan-network";
import { overridesSchema } from "../observe";
import { SshArgs, sshSchema } from "../ssh";
import { parse, text } from "../validate";
import { checkOrder } from "./order";
import { hostRules } from "./preflight";
import { checkReach } from "./reach";

/** A Docker host with everything that it puts on its LAN. */
export interface ApplianceHostArgs {
  /** The host. */
  ssh: SshArgs;
  /** The parent link. */
  interface: InterfaceSpec;
  /** The LAN. */
  network: NetworkSpec;
  /** The appliances by name: lower-case letters, digits, - and _. */
  appliances: Record<string, ApplianceSpec>;
  /** Docker does not start while the parent link is missing. Default false: it starts, and the appliances are healed. */
  failClosed?: boolean;
  /** Ids of rules (docs/rules.md) whose findings on this host are told and do not stop the run. */
  overrides?: string[];
}

export const applianceHostSchema = z.strictObject({
  ssh: sshSchema,
  interface: interfaceSchema,
  network: networkSchema,
  appliances: z.record(text(applianceNameFault), applianceSpecSchema),
  failClosed: z.boolean().optional(),
  overrides: overridesSchema(hostRules),
});

/** The same, but for what the fields of an appliance have to do with each other. */
const fieldsSchema = applianceHostSchema.extend({
  appliances: z.record(text(applianceNameFault), applianceFieldsSchema),
});

/** A host's specification, read and consistent. */
export interface ResolvedHost {
  readonly ssh: SshArgs;
  readonly failClosed: boolean;
  /** Rules to pass over. */
  readonly overrides: readonly string[];
  readonly link: ResolvedInterface;
  readonly network: ResolvedNetwork;
  /** In the order of the specification. */
  readonly pins: readonly Pin[];
}

/**
 * Reads a whole host and checks its parts against each other. All problems at once: a part that cannot be read is left out
 * of the comparison, the others still take part.
 */
export function resolveHost(args: unknown): { host?: ResolvedHost; problems: Problem[] } {
  const right = atOnce(args);
  const { value: spec, problems } = right ? { value: right, problems: [] } : parse(applianceHostSchema, args);
  const ssh = right ? right.ssh : part(sshSchema, args, "ssh");
  const interfaceSpec = right ? right.interface : part(interfaceSchema, args, "interface");
  const networkSpec = right ? right.network : part(networkSchema, args, "network");
  const appliances = right ? Object.entries(right.appliances) : readable(args);

  const link = interfaceSpec && resolveInterface(interfaceSpec, ssh?.destination ?? "", networkSpec?.ipRange);
  const resolved = networkSpec && resolveNetwork(networkSpec, link?.name ?? "lan0");
  const pins = appliances.map(([name, { ip, mac }]): Pin => {
    return { path: ["appliances", name], name, ip, mac: mac === undefined ? defaultMac(ip) : valueOf(parseMac(mac)) };
  });
  const all = once([
    ...problems,
    ...(right ? [] : placed(args, networkSpec?.name ?? "lan", problems)),
    ...below(["network"], resolved?.problems ?? []),
    ...checkAddresses(resolved?.network, pins),
    ...checkMacs(link, pins),
    ...(link && resolved ? checkReach(link, resolved.network, pins) : []),
    ...below(["appliances"], checkOrder(right ? waitingIn(right.appliances) : startAfterOf(args))),
  ]);
  if (spec === undefined || ssh === undefined || link === undefined || resolved === undefined || all.length > 0)
    return { problems: all };
  const { failClosed = false, overrides = [] } = spec;
  return { host: { ssh, failClosed, overrides, link, network: resolved.network, pins }, problems: [] };
}

/**
 * The specification if a first look finds nothing wrong with any part by itself, as with most hosts of a fleet: to find everything that is wrong
 * takes several.
 */
function atOnce(args: unknown): z.output<typeof fieldsSchema> | undefined {
  const spec = fieldsSchema.safeParse(args).data;
  if (spec === undefined) return undefined;
  const network = spec.network.name ?? "lan";
  const appliances = Object.entries(spec.appliances as Record<string, ApplianceSpec>);
  return appliances.every(([name, appliance]) => isRight(name, network, appliance)) ? spec : undefined;
}

/** The arguments with which one appliance of the host is made. */
export function placeAppliance(args: ApplianceHostArgs, host: ResolvedHost, name: string): ApplianceArgs {
  const { ssh, link, network } = host;
  return {
    ssh,
    name,
    network: { name: network.name, parent: link.name, subnet: network.subnet, gateway: network.gateway },
    ...args.appliances[name]!,
  };
}

/** What is wrong with the appliances under their names and on their network; each must pass for itself before. */
function placed(args: unknown, network: string, found: readonly Problem[]): Problem[] {
  const told = new Set(found.filter(({ path }) => path[0] === "appliances").map(({ path }) => path[1]));
  return Object.entries(appliancesOf(args)).flatMap(([name, appliance]) => {
    // What is told may be about the name alone.
    const passes = !told.has(name) || parse(applianceSpecSchema, appliance).value !== undefined;
    return passes ? below(["appliances", name], placedProblems(name, network, appliance as ApplianceSpec)) : [];
  });
}

/** Each problem once: the parts and the whole may find the same. */
function once(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [formatProblem(problem), problem])).values()];
}

function checkAddresses(network: ResolvedNetwork | undefined, pins: readonly Pin[]): Problem[] {
  const used: Ipv4Range[] = pins.map(({ ip }) => rangeOf(ip));
  return pins.flatMap((pin, i) => {
    const path = [...pin.path, "ip"];
    const fault = network && addressFault(network, pin.ip, used);
    if (fault) return [{ path, ...fault }];
    const twin = pins.slice(0, i).find(({ ip }) => ip === pin.ip);
    if (twin === undefined) return [];
    const message = `${pin.ip} is the address of the appliance ${twin.name} too`;
    return [{ path, message, remedy: network ? freeAddress(network, used) : "give each its own" }];
  });
}

function checkMacs(link: ResolvedInterface | undefined, pins: readonly Pin[]): Problem[] {
  const problems: Problem[] = [];
  const remedy = "give each its own, or leave them out to have them derived";
  if (link !== undefined && link.nic.mac === link.mac)
    problems.push({ path: ["interface", "mac"], message: `${link.mac} is the MAC of the NIC itself`, remedy });
  for (const [i, { path, mac, ip }] of pins.entries()) {
    const at = [...path, "mac"];
    const twin = pins.slice(0, i).find((other) => other.mac === mac);
    if (link !== undefined && (mac === link.mac || mac === link.nic.mac)) {
      const owner = mac === link.mac ? `the link ${link.name}` : "the NIC";
      problems.push({ path: at, message: `${mac} is the MAC of ${owner} too`, remedy });
    }
    // Two equal addresses derive two equal MACs: one problem, told as that of the addresses.
    else if (twin !== undefined && twin.ip !== ip)
      problems.push({ path: at, message: `${mac} is the MAC of the appliance ${twin.name} too`, remedy });
  }
  return problems;
}

function part<T extends z.ZodType>(schema: T, args: unknown, key: string): z.output<T> | undefined {
  return parse(schema, (args as Record<string, unknown> | undefined)?.[key]).value;
}

const identity = z.object({
  ip: text((value) => parseIpv4(value).fault),
  mac: text((value) => parseMac(value).fault).optional(),
});
const waiting = z.object({ startAfter: z.array(z.string()).optional() });

/** The appliances whose address and MAC can be read, whatever else is wrong with them. */
function readable(args: unknown): [string, { ip: string; mac?: string }][] {
  return Object.entries(appliancesOf(args)).flatMap(([name, appliance]) => {
    const { value } = parse(identity, appliance);
    return value ? [[name, value] as [string, typeof value]] : [];
  });
}

function waitingIn(appliances: Readonly<Record<string, { startAfter?: string[] }>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(appliances).map(([name, { startAfter }]) => [name, startAfter ?? []]));
}

function startAfterOf(args: unknown): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(appliancesOf(args)).map(([name, appliance]) => [
      name,
      parse(waiting, appliance).value?.startAfter ?? [],
    ]),
  );
}

function appliancesOf(args: unknown): Record<string, unknown> {
  const given = (args as { appliances?: unknown } | undefined)?.appliances;
  return typeof given === "object" && given !== null && !Array.isArray(given) ? (given as Record<string, unknown>) : {};
}
