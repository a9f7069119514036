// What there is to draw of a fleet: pure.
import { contains, formatRange, Ipv4Range, parseIpv4 } from "../../address";
import { valueOf } from "../../errors";
import { NetworkDriver, NicArgs, Reach } from "../../host-interface";
import { NetworkMode } from "../../macvlan-network";
import { FleetHost, FleetLan, HostOnLan, lansOf } from "../fleet-host";

export interface TopologyAppliance {
  readonly name: string;
  readonly ip: string;
  readonly ip6?: string;
  /** Absent with ipvlan: that of the NIC. */
  readonly mac?: string;
}

export interface TopologyHost {
  readonly name: string;
  /** Its own address on the LAN, where the specification says it. */
  readonly address?: string;
  /** The NIC as the specification names it: "enp3s0", "52:54:00:00:02:01", "VLAN 20 on enp3s0". */
  readonly nic: string;
  readonly link: {
    readonly name: string;
    /** Absent with ipvlan: that of the NIC. */
    readonly mac?: string;
    readonly address?: string;
    readonly address6?: string;
    readonly mtu?: number;
  };
  readonly driver: NetworkDriver;
  /** The other LANs that the host is on by the same NIC. */
  readonly beside: readonly string[];
  /** The host and its appliances reach each other. */
  readonly reach: boolean;
  readonly ways: Ways;
  readonly network: string;
  /** Sorted by address. */
  readonly appliances: readonly TopologyAppliance[];
}

/** Between whom packets go, and how. */
export interface Ways {
  readonly reach: Reach;
  /** Containers may open connections to the host where it reaches them. */
  readonly inbound: boolean;
  /** The network has IPv6. */
  readonly ipv6: boolean;
  /** Between the containers on the NIC. */
  readonly mode: NetworkMode;
  /** What Docker gives out to containers that ask for no address. */
  readonly ipRange?: string;
  /** Further addresses and subnets that the host reaches over the link. */
  readonly routes: readonly string[];
}

export interface TopologyLan {
  readonly name: string;
  readonly subnet: string;
  readonly gateway: string;
  readonly subnet6?: string;
  readonly pool?: string;
  readonly hosts: readonly TopologyHost[];
}

export function topologyOf(hosts: readonly FleetHost[]): TopologyLan[] {
  const lans = lansOf(hosts);
  return lans.map(({ name, subnet, gateway, subnet6, hosts: members }) => {
    const pool = members.map((host) => claimOf(host, "dhcpPool")).find((range) => range !== undefined);
    return {
      name,
      subnet,
      gateway,
      ...(subnet6 === undefined ? {} : { subnet6 }),
      ...(pool === undefined ? {} : { pool: formatRange(pool) }),
      hosts: members.map((member) => hostOf(member, besides(lans, name, member))),
    };
  });
}

function claimOf({ network }: HostOnLan, key: string): Ipv4Range | undefined {
  return network.claims.find(({ path }) => path[0] === key)?.range;
}

/** The other LANs of a host that it is on by the NIC that it has on this one. */
function besides(lans: readonly FleetLan[], own: string, { name, link }: HostOnLan): string[] {
  return lans
    .filter((lan) => lan.name !== own)
    .filter(({ hosts }) => hosts.some((host) => host.name === name && isSame(host.link.nic, link.nic)))
    .map((lan) => lan.name);
}

function isSame(a: NicArgs, b: NicArgs): boolean {
  return a.name === b.name && a.mac === b.mac && a.path === b.path;
}

function hostOf(host: HostOnLan, beside: readonly string[]): TopologyHost {
  const { link, network, pins } = host;
  const address = claimOf(host, "hostAddress");
  const ipRange = claimOf(host, "ipRange") && network.ipRange;
  const number = (ip: string): number => valueOf(parseIpv4(ip));
  return {
    name: host.name,
    ...(address === undefined ? {} : { address: formatRange(address) }),
    nic: link.vlan === undefined ? nicText(link.nic) : `VLAN ${link.vlan.id} on ${nicText(link.nic)}`,
    link: { name: link.name, mac: link.mac, address: link.address, address6: link.address6, mtu: link.mtu },
    driver: network.driver,
    beside,
    reach: link.reach !== Reach.None,
    ways: {
      reach: link.reach,
      inbound: link.inbound ?? true,
      ipv6: network.ipv6 !== undefined,
      mode: network.mode,
      ...(ipRange === undefined ? {} : { ipRange }),
      routes: link.routes ?? [],
    },
    network: network.name,
    appliances: pins
      .filter(({ ip }) => contains(network.cidr, number(ip)))
      .map(({ name, ip, ip6, mac }) => ({
        name,
        ip,
        ...(ip6 === undefined ? {} : { ip6 }),
        ...(mac === undefined ? {} : { mac }),
      }))
      .sort((a, b) => number(a.ip) - number(b.ip)),
  };
}

function nicText({ name, mac, path }: NicArgs): string {
  const [, lower, id] = /^(.+)\.(\d{1,4})$/.exec(name ?? "") ?? [];
  if (id !== undefined) return `VLAN ${id} on ${lower}`;
  return name ?? mac ?? path ?? "";
}

/** What is written for the MAC of a link. */
export function macText({ link }: TopologyHost): string {
  return link.mac ?? "the NIC's MAC";
}

/** `2 hosts, 1 appliance`. */
export function sizeOf({ hosts }: TopologyLan): string {
  const number = hosts.reduce((sum, { appliances }) => sum + appliances.length, 0);
  const say = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
  return `${say(hosts.length, "host")}, ${say(number, "appliance")}`;
}
