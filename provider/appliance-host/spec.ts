import { z } from "zod";
import { contains, Ipv4Range, parseIpv4, parseIpv6, parseMac, rangeOf } from "../address";
import {
  ApplianceArgs,
  applianceFieldsSchema,
  applianceNameFault,
  HostAppliance,
  hostApplianceSchema,
  identityOf,
  isRight,
  Seen,
  Pin,
  placedProblems,
  PlaceOnLan,
} from "../appliance";
import { below, formatPath, formatProblem, Problem, valueOf } from "../errors";
import {
  InterfaceSpec,
  interfaceSchema,
  linkProbes,
  NetworkDriver,
  probedOn,
  ResolvedInterface,
} from "../host-interface";
import {
  addressFault,
  freeAddress,
  freeIpv6,
  ipv6Fault,
  NetworkSpec,
  networkSchema,
  ResolvedNetwork,
} from "../macvlan-network";
import { overridesSchema, Probe } from "../observe";
import { SshArgs, sshSchema } from "../ssh";
import { group, list, parse, text } from "../validate";
import { checkLans, lanOf, LanSpec, lansSchema, ReadableLan, readLans, ResolvedLan, unknownLan } from "./lans";
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
  /** Further LANs that the host is on, by name, such as VLANs of the same NIC. */
  lans?: Record<string, LanSpec>;
  /** The appliances by name: lower-case letters, digits, - and _. */
  appliances: Record<string, HostAppliance>;
  /** Docker does not start while a parent link is missing. Default false: it starts, and the appliances are healed. */
  failClosed?: boolean;
  /** Ids of rules (docs/rules.md) whose findings on this host are told and do not stop the run. */
  overrides?: string[];
}

export const applianceHostSchema = z.strictObject({
  ssh: sshSchema,
  interface: interfaceSchema,
  network: networkSchema,
  lans: lansSchema.optional(),
  appliances: z.record(text(applianceNameFault), hostApplianceSchema),
  failClosed: z.boolean().optional(),
  overrides: overridesSchema(hostRules),
});

/** The same, but for what the fields of an appliance have to do with each other. */
const fieldsSchema = applianceHostSchema.extend({
  appliances: z.record(text(applianceNameFault), applianceFieldsSchema),
});

/** An appliance's identity, and the LAN that it has it on. */
export interface LanPin extends Pin {
  /** Name of the LAN. */
  readonly lan: string;
}

/** A host's specification, read and consistent. */
export interface ResolvedHost {
  readonly ssh: SshArgs;
  readonly failClosed: boolean;
  /** Rules to pass over. */
  readonly overrides: readonly string[];
  /** The LANs in the order of the specification; there is at least the first one. */
  readonly lans: readonly ResolvedLan[];
  /** The link of the first LAN. */
  readonly link: ResolvedInterface;
  /** The network of the first LAN. */
  readonly network: ResolvedNetwork;
  /** In the order of the specification. */
  readonly pins: readonly LanPin[];
}

/**
 * Reads a whole host and checks its parts against each other. All problems at once: a part that cannot be read is left out
 * of the comparison, the others still take part. `seen` is what was found about other hosts of the same reading.
 */
export function resolveHost(args: unknown, seen = new Seen()): { host?: ResolvedHost; problems: Problem[] } {
  const ssh = part(sshSchema, args, "ssh");
  const { lans, problems: ofLans } = readLans(args, ssh?.destination ?? "");
  const right = atOnce(args, lans, seen);
  const { value: spec, problems } = right ? { value: right, problems: [] } : parse(applianceHostSchema, args);
  const unknown: Problem[] = [];
  const appliances = right ? Object.entries(right.appliances) : readable(args);
  const pins = appliances.map(([name, appliance]): LanPin => {
    const { lan } = appliance;
    const path = ["appliances", name];
    const on = lanOf(lans, lan);
    if (on === undefined) unknown.push(unknownLan(lans, lan!, [...path, "lan"]));
    return { path, name, ...identityOf(appliance, on?.network), lan: lan ?? lans[0]!.name };
  });
  const all = once([
    ...problems,
    ...(right ? [] : placed(args, lans, problems)),
    ...ofLans,
    ...checkLans(lans),
    ...unknown,
    ...checkAddresses(lans, pins),
    ...notYet(problems, checkIpv6Addresses(lans, pins, new Map(appliances.map(([name, { ip6 }]) => [name, ip6])))),
    ...checkMacs(lans, pins),
    ...lans.flatMap((lan) => checkReachOn(lan, pins)),
    ...below(["appliances"], checkOrder(startAfterOf(args))),
  ]);
  const whole = lans.filter((lan): lan is ResolvedLan => lan.link !== undefined && lan.network !== undefined);
  const [first] = whole;
  if (spec === undefined || ssh === undefined || first === undefined || whole.length < lans.length || all.length > 0)
    return { problems: all };
  const { failClosed = false, overrides = [] } = spec;
  const { link, network } = first;
  return { host: { ssh, failClosed, overrides, lans: whole, link, network, pins }, problems: [] };
}

/**
 * The specification if a first look finds nothing wrong with any part by itself, as with most hosts of a fleet: to find everything that is wrong
 * takes several.
 */
function atOnce(args: unknown, lans: readonly ReadableLan[], seen: Seen): z.output<typeof fieldsSchema> | undefined {
  const spec = fieldsSchema.safeParse(args).data;
  if (spec === undefined) return undefined;
  const appliances = Object.entries(spec.appliances as Record<string, HostAppliance>);
  const allRight = appliances.every(([name, appliance]) => isRight(name, networkFor(lans, appliance), appliance, seen));
  return allRight ? spec : undefined;
}

/** The arguments with which one appliance of the host is made. */
export function placeAppliance(args: ApplianceHostArgs, host: ResolvedHost, name: string): ApplianceArgs {
  const { lan, ...spec } = args.appliances[name]!;
  const { link, network } = lanOf(host.lans, lan)!;
  return {
    ssh: host.ssh,
    name,
    network: {
      ...{ name: network.name, parent: link.name, subnet: network.subnet, gateway: network.gateway },
      ...(network.driver === NetworkDriver.Macvlan ? {} : { driver: network.driver }),
      ...(network.ipv6 === undefined ? {} : { subnet6: network.ipv6.subnet, gateway6: network.ipv6.gateway }),
    },
    ...spec,
  };
}

/** What is wrong with the appliances under their names and on their networks; each must pass for itself before. */
function placed(args: unknown, lans: readonly ReadableLan[], found: readonly Problem[]): Problem[] {
  const told = new Set(found.filter(({ path }) => path[0] === "appliances").map(({ path }) => path[1]));
  return appliancesOf(args).flatMap(([name, appliance]) => {
    // What is told may be about the name alone.
    const passes = !told.has(name) || parse(hostApplianceSchema, appliance).value !== undefined;
    if (!passes) return [];
    const spec = appliance as HostAppliance;
    return below(["appliances", name], placedProblems(name, networkFor(lans, spec), spec));
  });
}

function networkFor(lans: readonly ReadableLan[], { lan }: HostAppliance): PlaceOnLan {
  const { name, spec } = lanOf(lans, lan) ?? lans[0]!;
  return { network: spec?.name ?? name, driver: spec?.driver };
}

function checkReachOn({ name, path, link, network }: ReadableLan, pins: readonly LanPin[]): Problem[] {
  if (link === undefined || network === undefined) return [];
  const there = pins.filter(({ lan }) => lan === name);
  return below(path, checkReach(link, network, there));
}

/** Those about places of which nothing was told. */
function notYet(told: readonly Problem[], problems: readonly Problem[]): Problem[] {
  const places = new Set(told.map(({ path }) => formatPath(path)));
  return problems.filter(({ path }) => !places.has(formatPath(path)));
}

/** Each problem once: the parts and the whole may find the same. */
function once(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [formatProblem(problem), problem])).values()];
}

function checkAddresses(lans: readonly ReadableLan[], pins: readonly LanPin[]): Problem[] {
  const used: Ipv4Range[] = pins.map(({ ip }) => rangeOf(ip));
  return pins.flatMap((pin, i) => {
    const path = [...pin.path, "ip"];
    const network = lanOf(lans, pin.lan)?.network;
    const fault = network && addressFault(network, pin.ip, used);
    if (fault) return [{ path, ...fault, remedy: whereItFits(lans, pin) ?? fault.remedy }];
    const twin = pins.slice(0, i).find(({ ip }) => ip === pin.ip);
    if (twin === undefined) return [];
    const message = `${pin.ip} is the address of the appliance ${twin.name} too`;
    return [{ path, message, remedy: network ? freeAddress(network, used) : "give each its own" }];
  });
}

/** `given` are the IPv6 addresses as they are written, by appliance. */
function checkIpv6Addresses(
  lans: readonly ReadableLan[],
  pins: readonly LanPin[],
  given: ReadonlyMap<string, string | undefined>,
): Problem[] {
  return pins.flatMap((pin, i) => {
    const path = [...pin.path, "ip6"];
    const network = lanOf(lans, pin.lan)?.network;
    const written = given.get(pin.name);
    const fault = network && ipv6Fault(network, pin.ip, written);
    if (fault) return [{ path, ...fault }];
    if (pin.ip6 === undefined || network?.ipv6 === undefined) return [];
    // Two equal addresses make two equal ones: one problem, told as that of the addresses.
    const twin = pins.slice(0, i).find(({ ip6, ip }) => ip6 === pin.ip6 && ip !== pin.ip);
    if (twin === undefined) return [];
    const message = `${pin.ip6} is the IPv6 address of the appliance ${twin.name} too`;
    return [{ path, message, remedy: freeIpv6(network.ipv6, pin.ip, written) }];
  });
}

/** What to do about an address of another LAN of the host. */
function whereItFits(lans: readonly ReadableLan[], { ip, lan }: LanPin): string | undefined {
  const other = lans.find(({ name, network }) => {
    return name !== lan && network !== undefined && contains(network.cidr, valueOf(parseIpv4(ip)));
  });
  return other && `say lan: ${other.name}, which has ${other.network!.subnet}, or choose another address`;
}

function checkMacs(lans: readonly ReadableLan[], pins: readonly LanPin[]): Problem[] {
  const problems: Problem[] = [];
  const remedy = "give each its own, or leave them out to have them derived";
  const links = lans.flatMap(({ link, path }) => (link === undefined ? [] : [{ link, path }]));
  for (const { link, path } of links)
    if (link.mac !== undefined && links.some((other) => other.link.nic.mac === link.mac))
      problems.push({
        path: [...path, "interface", "mac"],
        message: `${link.mac} is the MAC of the NIC itself`,
        remedy,
      });
  for (const [i, { path, mac, ip }] of pins.entries()) {
    if (mac === undefined) continue;
    const at = [...path, "mac"];
    const twin = pins.slice(0, i).find((other) => other.mac === mac);
    const owner = links.find(({ link }) => mac === link.mac || mac === link.nic.mac)?.link;
    if (owner !== undefined) {
      const what = mac === owner.mac ? `the link ${owner.name}` : "the NIC";
      problems.push({ path: at, message: `${mac} is the MAC of ${what} too`, remedy });
    }
    // Two equal addresses derive two equal MACs: one problem, told as that of the addresses.
    else if (twin !== undefined && twin.ip !== ip)
      problems.push({ path: at, message: `${mac} is the MAC of the appliance ${twin.name} too`, remedy });
  }
  return problems;
}

function part<T extends z.ZodType>(schema: T, args: unknown, key: string): z.output<T> | undefined {
  return parse(schema, group(args)[key]).value;
}

const identity = z.object({
  ip: text((value) => parseIpv4(value).fault),
  ip6: text((value) => parseIpv6(value).fault)
    .optional()
    .catch(undefined),
  mac: text((value) => parseMac(value).fault).optional(),
  slaac: z.boolean().optional().catch(undefined),
  lan: z.string().min(1).optional(),
});

/** The appliances whose address and MAC can be read, whatever else is wrong with them. */
function readable(args: unknown): [string, z.output<typeof identity>][] {
  return appliancesOf(args).flatMap(([name, appliance]) => {
    const { value } = parse(identity, appliance);
    return value ? [[name, value] as [string, typeof value]] : [];
  });
}

/** What each appliance waits for, whatever is wrong with it. */
function startAfterOf(args: unknown): Record<string, string[]> {
  const names = (given: unknown): string[] => list(given).filter((name) => typeof name === "string");
  return Object.fromEntries(appliancesOf(args).map(([name, given]) => [name, names(group(given)["startAfter"])]));
}

function appliancesOf(args: unknown): [string, unknown][] {
  return Object.entries(group(group(args)["appliances"]));
}

/** The addresses to ask the LAN for, each on its own one; those of IPv6 after all others. */
export function probesOf({ lans, pins }: ResolvedHost): Probe[] {
  const on = ({ lan }: LanPin) => probedOn(lanOf(lans, lan)!.link);
  const all = [
    ...pins.map((pin) => ({ ip: pin.ip, on: on(pin) })),
    ...lans.flatMap(({ link }) => linkProbes(link)),
    ...pins.flatMap((pin) => (pin.ip6 === undefined ? [] : [{ ip: pin.ip6, on: on(pin) }])),
  ];
  const isIpv6 = ({ ip }: Probe) => ip.includes(":");
  return [...all.filter((probe) => !isIpv6(probe)), ...all.filter(isIpv6)];
}
