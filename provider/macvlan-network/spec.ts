import { z } from "zod";
import {
  Cidr,
  contains,
  containsRange,
  formatIpv4,
  formatRange,
  hostRange,
  Ipv4Range,
  lanSubnet6Fault,
  linkNameFault,
  nextFree,
  overlaps,
  parseCidr,
  parseIpv4,
  parseIpv6,
  rangeOf,
  parseRange,
} from "../address";
import { Fault, Path, Problem, valueOf } from "../errors";
import { NetworkDriver } from "../host-interface";
import { overridesSchema } from "../observe";
import { SshArgs, sshSchema } from "../ssh";
import { choice, text } from "../validate";
import { checkIpv6, ResolvedIpv6, resolveIpv6 } from "./ipv6";
import { macvlanNetworkRules } from "./preflight";

/** Which of the containers on a NIC reach each other: Docker's `macvlan_mode`. The rest of the LAN reaches all of them. */
export const NetworkMode = {
  /** All of them, without leaving the host. */
  Bridge: "bridge",
  /** None of them, nor the host. */
  Private: "private",
  /** Those whose frames the switch sends back by the port that they came from (hairpin, 802.1Qbg); most switches do not. */
  Vepa: "vepa",
} as const;
export type NetworkMode = (typeof NetworkMode)[keyof typeof NetworkMode];

const passthru: Fault = {
  message:
    "passthru gives the whole NIC to one container, and puts it into promiscuous mode: neither a parent link nor a second container can be beside it",
  remedy: "choose bridge, private or vepa; a NIC for one container alone is a case for docker network create by hand",
};

/** The Docker network of a LAN as a part of a host. */
export interface NetworkSpec {
  /** Name of the Docker network. Default lan. */
  name?: string;
  /**
   * What the containers are on the LAN with: macvlan, a MAC for each, or ipvlan (L2), all of them with the MAC of the NIC. Another one
   * makes the link and the network anew, with the appliances. Default macvlan.
   */
  driver?: NetworkDriver;
  /** The LAN's subnet in canonical form, such as 192.168.76.0/24. */
  subnet: string;
  /** The LAN's router. */
  gateway: string;
  /**
   * Addresses that Docker may give to containers that ask for none, as a canonical subnet inside `subnet`. Default: none
   * (such a container is refused), so that nobody can take a pinned address while its owner is stopped.
   */
  ipRange?: string;
  /** Addresses that the LAN's DHCP server gives out, such as 192.168.76.128-192.168.76.250: no appliance may have one. */
  dhcpPool?: string;
  /** The host's own address on the LAN, which Docker then never gives to a container. */
  hostAddress?: string;
  /** Further addresses of the LAN that Docker must not give to a container, by name. */
  auxAddresses?: Record<string, string>;
  /**
   * Whether the appliances on the NIC reach each other: bridge, private (not at all) or vepa (if the switch sends their frames
   * back). Other than bridge only with reach: none and the driver macvlan. Another one makes the network anew. Default bridge.
   */
  mode?: NetworkMode;
  /**
   * The LAN's IPv6 prefix in canonical form, such as fd00:76::/64. Every appliance on the network has an address of it then. Default:
   * none, the network is of IPv4 alone.
   */
  subnet6?: string;
  /** The LAN's router in `subnet6`. Default: its first address, such as fd00:76::1. */
  gateway6?: string;
}

/** The Docker network on a parent link. */
export interface MacvlanNetworkArgs extends NetworkSpec {
  /** The host. */
  ssh: SshArgs;
  /** The parent link. Default lan0. */
  parent?: string;
  /** Ids of rules (docs/rules.md) whose findings on this host are told and do not stop the run. */
  overrides?: string[];
}

/** Why a Docker network cannot have this name. */
export function networkNameFault(name: string): Fault | undefined {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name) && !["bridge", "host", "none", "default"].includes(name))
    return undefined;
  return {
    message: `${JSON.stringify(name)} cannot be the name of a Docker network`,
    remedy: "use letters, digits, _, . and -",
  };
}

const fields = {
  name: text(networkNameFault).optional(),
  driver: z.enum(NetworkDriver).optional(),
  subnet: text((value) => {
    const cidr = parseCidr(value);
    if (cidr.fault) return cidr.fault;
    if (cidr.value.prefix > 30 || cidr.value.prefix < 8)
      return { message: `${value} is no subnet for a LAN`, remedy: "use a prefix length of 8 to 30" };
    return undefined;
  }, "an IPv4 subnet, such as 192.168.76.0/24"),
  gateway: text((value) => parseIpv4(value).fault, "the IPv4 address of the LAN's router, such as 192.168.76.1"),
  ipRange: text((value) => parseCidr(value).fault).optional(),
  dhcpPool: text((value) => parseRange(value).fault).optional(),
  hostAddress: text((value) => parseIpv4(value).fault).optional(),
  auxAddresses: z
    .record(
      text((value) =>
        value === "host"
          ? { message: '"host" is the name of the host itself', remedy: "give it as hostAddress" }
          : undefined,
      ),
      text((value) => parseIpv4(value).fault),
    )
    .optional(),
  mode: choice(NetworkMode, { passthru }).optional(),
  subnet6: text(lanSubnet6Fault).optional(),
  gateway6: text((value) => parseIpv6(value).fault).optional(),
};

export const networkSchema = z.strictObject(fields);
export const macvlanNetworkSchema = z.strictObject({
  ssh: sshSchema,
  parent: text(linkNameFault).optional(),
  overrides: overridesSchema(macvlanNetworkRules),
  ...fields,
});

/** An address of the LAN that is somebody's already, and what to call them. */
export interface Claim {
  readonly path: Path;
  readonly range: Ipv4Range;
  /** "is the gateway of network lan": what an address in the range is. */
  readonly is: string;
}

/** A network with every default filled in and its addresses read. */
export interface ResolvedNetwork {
  readonly name: string;
  readonly driver: NetworkDriver;
  readonly parent: string;
  readonly subnet: string;
  readonly gateway: string;
  /** What Docker is told; the gateway alone, which is taken, if there is nothing to give out. */
  readonly ipRange: string;
  /** Names and addresses, sorted by name. */
  readonly auxAddresses: Readonly<Record<string, string>>;
  /** With ipvlan always bridge. */
  readonly mode: NetworkMode;
  readonly cidr: Cidr;
  /** Everything in the subnet that no appliance may have. */
  readonly claims: readonly Claim[];
  /** Absent on a network of IPv4 alone. */
  readonly ipv6?: ResolvedIpv6;
}

/** Fills in the defaults and checks the fields against each other. The fields themselves must have passed the schema. */
export function resolveNetwork(spec: NetworkSpec, parent: string): { network: ResolvedNetwork; problems: Problem[] } {
  const name = spec.name ?? "lan";
  const cidr = valueOf(parseCidr(spec.subnet));
  const ipv6 = resolveIpv6(spec);
  const network: ResolvedNetwork = {
    name,
    driver: spec.driver ?? NetworkDriver.Macvlan,
    parent,
    subnet: spec.subnet,
    gateway: spec.gateway,
    ipRange: spec.ipRange ?? `${spec.gateway}/32`,
    auxAddresses: sorted({
      ...spec.auxAddresses,
      ...(spec.hostAddress === undefined ? {} : { host: spec.hostAddress }),
    }),
    mode: spec.mode ?? NetworkMode.Bridge,
    cidr,
    claims: claims(spec, name),
    ...(ipv6 === undefined ? {} : { ipv6 }),
  };
  return { network, problems: [...checkNetwork(network), ...checkDriver(network), ...checkIpv6(spec)] };
}

function checkDriver({ driver, mode }: ResolvedNetwork): Problem[] {
  if (driver === NetworkDriver.Macvlan || mode === NetworkMode.Bridge) return [];
  const why =
    mode === NetworkMode.Private
      ? "keeps every ipvlan of the NIC apart, the host's link too"
      : "sends the switch frames whose sender and receiver have the same MAC, which it sends nowhere";
  return [
    {
      path: ["mode"],
      message: `with the driver ipvlan ${mode} ${why}`,
      remedy: "leave it out, or use the driver macvlan",
    },
  ];
}

/** Why an appliance cannot have an address; `taken` are further ranges to leave out of the proposal. */
export function addressFault(
  network: ResolvedNetwork,
  ip: string,
  taken: readonly Ipv4Range[] = [],
): Fault | undefined {
  const address = valueOf(parseIpv4(ip));
  const claim = network.claims.find(({ range }) => contains(range, address));
  const message = !contains(network.cidr, address)
    ? `${ip} is outside ${network.subnet}, the subnet of network ${network.name}`
    : claim && `${ip} ${claim.is}`;
  return message === undefined ? undefined : { message, remedy: freeAddress(network, taken) };
}

/** What to do about an address that an appliance cannot have: with the lowest that it could have. */
export function freeAddress(network: ResolvedNetwork, taken: readonly Ipv4Range[]): string {
  const free = nextFree(network.cidr, [...network.claims.map(({ range }) => range), ...taken]);
  if (free === undefined) return `make room: the network ${network.subnet} has no free address`;
  const ranges = network.claims.flatMap(({ path }) => path.filter((key) => key === "dhcpPool" || key === "ipRange"));
  const outside = ranges.length === 0 ? "" : ` outside ${ranges.join(" and ")}`;
  return `choose a free address${outside} (next free: ${formatIpv4(free)})`;
}

function claims(spec: NetworkSpec, name: string): Claim[] {
  const cidr = valueOf(parseCidr(spec.subnet));
  const of = `of network ${name}`;
  return [
    { path: ["subnet"], range: { first: cidr.first, last: cidr.first }, is: `is the network address ${of}` },
    { path: ["subnet"], range: { first: cidr.last, last: cidr.last }, is: `is the broadcast address ${of}` },
    { path: ["gateway"], range: rangeOf(spec.gateway), is: `is the gateway ${of}` },
    ...(spec.hostAddress === undefined
      ? []
      : [{ path: ["hostAddress"], range: rangeOf(spec.hostAddress), is: "is the host's own address" }]),
    ...Object.entries(spec.auxAddresses ?? {}).map(([key, ip]) => ({
      path: ["auxAddresses", key],
      range: rangeOf(ip),
      is: `is reserved for ${key}`,
    })),
    ...(spec.dhcpPool === undefined
      ? []
      : [
          { path: ["dhcpPool"], range: valueOf(parseRange(spec.dhcpPool)), is: `is in the DHCP pool ${spec.dhcpPool}` },
        ]),
    ...(spec.ipRange === undefined
      ? []
      : [
          {
            path: ["ipRange"],
            range: valueOf(parseCidr(spec.ipRange)),
            is: `is in ipRange ${spec.ipRange}, which Docker gives out itself`,
          },
        ]),
  ];
}

function checkNetwork({ cidr, subnet, claims: all }: ResolvedNetwork): Problem[] {
  const problems: Problem[] = [];
  const [network, broadcast, ...own] = all;
  for (const [i, { path, range }] of own.entries()) {
    if (!containsRange(cidr, range)) {
      const ends = formatRange(range);
      problems.push({
        path,
        message: `${ends} is not inside the subnet ${subnet}`,
        remedy: `choose it from ${formatRange(hostRange(cidr))}`,
      });
      continue;
    }
    // Ranges may cover special addresses: Docker and DHCP servers leave them out themselves.
    if (range.first !== range.last) continue;
    const other = [network!, broadcast!, ...own.slice(0, i)].find((claim) => contains(claim.range, range.first));
    if (other)
      problems.push({ path, message: `${formatIpv4(range.first)} ${other.is}`, remedy: "choose another address" });
  }
  const [pool, range] = ["dhcpPool", "ipRange"].map((key) => own.find(({ path }) => path[0] === key)?.range);
  if (pool && range && overlaps(pool, range))
    problems.push({
      path: ["ipRange"],
      message: `${formatRange(range)} overlaps dhcpPool: the DHCP server and Docker would give out the same addresses`,
      remedy: "choose ranges apart from each other",
    });
  return problems;
}

function sorted(record: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
