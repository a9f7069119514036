import { z } from "zod";
import { linkNameFault, overlaps, overlaps6, rangeOf } from "../address";
import { below, Fault, nearest, Path, Problem } from "../errors";
import {
  driverProblems,
  InterfaceSpec,
  interfaceSchema,
  NicArgs,
  ResolvedInterface,
  resolveInterface,
} from "../host-interface";
import { NetworkSpec, networkSchema, ResolvedNetwork, resolveNetwork } from "../macvlan-network";
import { group, parse, text } from "../validate";

/** A further LAN of a host. */
export interface LanSpec {
  /** The parent link. Its name is by default that of the LAN with a 0, as lan0 is for lan. */
  interface: InterfaceSpec;
  /** The LAN. The name of the Docker network is by default that of the LAN. */
  network: NetworkSpec;
}

function lanNameFault(name: string): Fault | undefined {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/.test(name)) return undefined;
  return {
    message: `${JSON.stringify(name)} cannot be the name of a LAN`,
    remedy: "use up to 63 letters, digits, _, . and -, beginning with a letter or a digit",
  };
}

export const lansSchema = z.record(
  text(lanNameFault),
  z.strictObject({ interface: interfaceSchema, network: networkSchema }),
);

/** A LAN of a host with every default filled in. */
export interface ResolvedLan {
  /** By which an appliance says that it is on it: its key in `lans`, or the name of the first one's network. */
  readonly name: string;
  /** Where its `interface` and its `network` stand in the specification of the host. */
  readonly path: Path;
  readonly link: ResolvedInterface;
  readonly network: ResolvedNetwork;
  /** The network as it is written, with its name. */
  readonly spec: NetworkSpec;
}

/** A LAN of which a part may not be readable. */
export type ReadableLan = Pick<ResolvedLan, "name" | "path"> & Partial<ResolvedLan>;

/** The LANs of a host, as far as they can be read, with what each gets wrong by itself: the first one, then those of `lans`. */
export function readLans(args: unknown, destination: string): { lans: ReadableLan[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const read = (given: unknown, path: Path, key?: string): ReadableLan => {
    const { interface: link, network } = Object(given) as Record<string, unknown>;
    const linkSpec = parse(interfaceSchema, link).value;
    const written = parse(networkSchema, network).value;
    const networkName = written?.name ?? key ?? "lan";
    const linkName = linkSpec?.name ?? (key === undefined ? "lan0" : `${key}0`);
    const derived = key !== undefined && linkSpec !== undefined && linkSpec.name === undefined;
    const fault = derived && !lanNameFault(key) ? linkNameFault(linkName) : undefined;
    if (fault)
      problems.push({
        path,
        message: `there is no name for its link: ${fault.message}`,
        remedy: "give it one: interface.name",
      });
    const spec = written && { ...written, ...(key === undefined ? {} : { name: networkName }) };
    const resolved = spec && resolveNetwork(spec, linkName);
    problems.push(...below([...path, "network"], resolved?.problems ?? []));
    if (linkSpec && resolved)
      problems.push(...below([...path, "interface"], driverProblems(linkSpec, resolved.network.driver)));
    return {
      name: key ?? networkName,
      path,
      link: linkSpec && resolveInterface({ ...linkSpec, name: linkName }, destination, written),
      network: resolved?.network,
      spec,
    };
  };
  const further = Object.entries(group(group(args)["lans"])).map(([key, given]) => read(given, ["lans", key], key));
  return { lans: [read(args, []), ...further], problems };
}

/** The LAN of an appliance; undefined if there is none of that name. */
export function lanOf<T extends { readonly name: string }>(
  lans: readonly T[],
  name: string | undefined,
): T | undefined {
  return name === undefined ? lans[0] : lans.find((lan) => lan.name === name);
}

/** Why an appliance cannot be on a LAN of that name. */
export function unknownLan(lans: readonly ReadableLan[], name: string, path: Path): Problem {
  const names = lans.map((lan) => lan.name);
  const near = nearest(name, names);
  return {
    path,
    message: `the host is on no LAN ${JSON.stringify(name)}`,
    remedy: near === undefined ? `known: ${names.join(", ")}; others go under lans` : `did you mean ${near}?`,
  };
}

/** What the LANs of one host get wrong together. */
export function checkLans(lans: readonly ReadableLan[]): Problem[] {
  return lans.flatMap((lan, i) => lans.slice(0, i).flatMap((before) => compare(before, lan)));
}

function compare(before: ReadableLan, lan: ReadableLan): Problem[] {
  const at = (...path: Path): Path => [...lan.path, ...path];
  const whose = before.path.length === 0 ? "the first LAN" : `LAN ${before.name}`;
  // What is called after it is the same then too.
  if (lan.name === before.name)
    return [{ path: lan.path, message: `${lan.name} is what ${whose} is called`, remedy: "choose another name" }];
  const problems: Problem[] = [];
  if (before.link !== undefined && lan.link !== undefined)
    problems.push(...compareLinks(before.link, lan.link, whose, at));
  if (before.network === undefined || lan.network === undefined) return problems;
  if (lan.network.name === before.network.name)
    problems.push({
      path: at("network", "name"),
      message: `${lan.network.name} is the Docker network of ${whose} too`,
      remedy: "give each its own name",
    });
  if (before.link && lan.link && isOneDevice(before.link, lan.link) && lan.network.driver !== before.network.driver)
    problems.push({
      path: at("network", "driver"),
      message: `${lan.network.driver} beside the ${before.network.driver} of ${whose}: a device carries macvlans or ipvlans, not both`,
      remedy: "give both the same driver, or put one on a VLAN or a NIC of its own",
    });
  if (overlaps(lan.network.cidr, before.network.cidr))
    problems.push({
      path: at("network", "subnet"),
      message: `${lan.network.subnet} overlaps ${before.network.subnet}, the subnet of ${whose}: one Docker has each address once`,
      remedy: "put the host on LANs with subnets of their own",
    });
  const [ipv6, before6] = [lan.network.ipv6, before.network.ipv6];
  if (ipv6 !== undefined && before6 !== undefined && overlaps6(ipv6.cidr, before6.cidr))
    problems.push({
      path: at("network", "subnet6"),
      message: `${ipv6.subnet} overlaps ${before6.subnet}, the subnet6 of ${whose}: one Docker has each address once`,
      remedy: "give each LAN a prefix of its own",
    });
  return [
    ...problems,
    ...strayRoutes(lan, before.network, whose),
    ...strayRoutes(before, lan.network, `LAN ${lan.name}`),
  ];
}

/** Whether two links are on one device, as far as the specification shows it. */
function isOneDevice(a: ResolvedInterface, b: ResolvedInterface): boolean {
  const same = (key: keyof NicArgs) => a.nic[key] === b.nic[key];
  return same("name") && same("mac") && same("path") && a.vlan?.id === b.vlan?.id;
}

/** Routes over the link of one LAN into the subnet of another one: the host would send there by the wrong interface. */
function strayRoutes({ link, path }: ReadableLan, { cidr, subnet }: ResolvedNetwork, whose: string): Problem[] {
  return (link?.routes ?? []).flatMap((route, i) =>
    overlaps(rangeOf(route), cidr)
      ? [
          {
            path: [...path, "interface", "routes", i],
            message: `${route} would send over the link ${link!.name} what is in ${subnet}, the subnet of ${whose}`,
            remedy: "name it in the routes of the link there",
          },
        ]
      : [],
  );
}

function compareLinks(
  before: ResolvedInterface,
  link: ResolvedInterface,
  whose: string,
  at: (...path: Path) => Path,
): Problem[] {
  const problems: Problem[] = [];
  if (link.name === before.name)
    problems.push({
      path: at("interface", "name"),
      message: `${link.name} is the link of ${whose} too`,
      remedy: "give each its own name",
    });
  if (link.mac !== undefined && link.mac === before.mac && link.name !== before.name)
    problems.push({
      path: at("interface", "mac"),
      message: `${link.mac} is the MAC of the link of ${whose} too`,
      remedy: "give each its own, or leave them out to have them derived",
    });
  const shared = link.vlan !== undefined && link.vlan.device === before.vlan?.device;
  if (shared && link.mtu !== before.mtu)
    problems.push({
      path: at("interface", "mtu"),
      message: `VLAN ${link.vlan.id} of this NIC is that of ${whose} too, with another MTU`,
      remedy: "give both the same",
    });
  return problems;
}
