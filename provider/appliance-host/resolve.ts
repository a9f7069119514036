import { z } from "zod";
import { parseIpv4, parseIpv6, parseMac } from "../address";
import {
  HostAppliance,
  hostApplianceSchema,
  identityOf,
  isRight,
  placedProblems,
  PlaceOnLan,
  Seen,
} from "../appliance";
import { below, formatPath, formatProblem, Problem } from "../errors";
import { sshSchema } from "../ssh";
import { group, list, parse, text } from "../validate";
import { checkAddresses, checkIpv6Addresses, checkMacs } from "./check-pins";
import type { LanPin, ResolvedHost } from "./host";
import { checkLans, lanOf, ReadableLan, readLans, ResolvedLan, unknownLan } from "./lans";
import { checkOrder } from "./order";
import { checkReach } from "./reach";
import { applianceHostSchema, hostFieldsSchema } from "./schema";

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
function atOnce(
  args: unknown,
  lans: readonly ReadableLan[],
  seen: Seen,
): z.output<typeof hostFieldsSchema> | undefined {
  const spec = hostFieldsSchema.safeParse(args).data;
  if (spec === undefined) return undefined;
  const appliances = Object.entries(spec.appliances as Record<string, HostAppliance>);
  const allRight = appliances.every(([name, appliance]) => isRight(name, networkFor(lans, appliance), appliance, seen));
  return allRight ? spec : undefined;
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
