import type { Pin } from "../appliance";
import type { ResolvedHost, ResolvedLan } from "../appliance-host";

/** A host as reports need it; what the fleet's inventory reads has this shape. */
export interface FleetHost {
  readonly name: string;
  readonly resolved: ResolvedHost;
  /** Name of its LAN; without one it is known by its network. */
  readonly lan?: string;
}

/** A host as it is on one of its LANs. */
export interface HostOnLan extends Pick<ResolvedLan, "link" | "network"> {
  readonly name: string;
  readonly pins: readonly Pin[];
}

/** Hosts of one LAN. */
export interface FleetLan {
  readonly name: string;
  readonly subnet: string;
  readonly gateway: string;
  /** Where a host on it has IPv6. */
  readonly subnet6?: string;
  readonly hosts: readonly HostOnLan[];
}

/** The LANs of a fleet by name. Hosts that describe their networks themselves share one if name and subnet are the same. */
export function lansOf(hosts: readonly FleetHost[]): FleetLan[] {
  const lans = new Map<string, { name: string; hosts: HostOnLan[] }>();
  for (const { name: host, resolved, lan: first } of hosts)
    for (const [i, { name: own, link, network }] of resolved.lans.entries()) {
      const name = i === 0 ? (first ?? network.name) : own;
      const key = `${name} ${network.subnet}`;
      const lan = lans.get(key) ?? { name, hosts: [] };
      lans.set(key, lan);
      lan.hosts.push({ name: host, link, network, pins: resolved.pins.filter((pin) => pin.lan === own) });
    }
  return [...lans]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { name, hosts: members }]) => {
      const { subnet, gateway } = members[0]!.network;
      const subnet6 = members.find((host) => host.network.ipv6 !== undefined)?.network.ipv6?.subnet;
      return { name, subnet, gateway, ...(subnet6 === undefined ? {} : { subnet6 }), hosts: members };
    });
}
