import {
  Cidr,
  contains,
  containsRange,
  formatIpv4,
  formatRange,
  hostRange,
  Ipv4Range,
  nextFree,
  overlaps,
  parseCidr,
  parseIpv4,
  parseRange,
  rangeOf,
} from "../address";
import { Fault, Path, Problem, valueOf } from "../errors";
import { NetworkDriver } from "../host-interface";
import { checkIpv6, ResolvedIpv6, resolveIpv6 } from "./ipv6";
import { NetworkMode, NetworkSpec } from "./spec";

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
