import { ResolvedHost } from "../appliance-host";

/** A host as reports need it; what the fleet's inventory reads has this shape. */
export interface FleetHost {
  readonly name: string;
  readonly resolved: ResolvedHost;
  /** Name of its LAN; without one it is known by its network. */
  readonly lan?: string;
}

/** Hosts of one LAN. */
export interface FleetLan {
  readonly name: string;
  readonly subnet: string;
  readonly gateway: string;
  readonly hosts: readonly FleetHost[];
}

/** The LANs of a fleet by name. Hosts that describe their networks themselves share one if name and subnet are the same. */
export function lansOf(hosts: readonly FleetHost[]): FleetLan[] {
  const lans = new Map<string, FleetHost[]>();
  for (const host of hosts) {
    const { network } = host.resolved;
    const key = `${host.lan ?? network.name} ${network.subnet}`;
    lans.set(key, [...(lans.get(key) ?? []), host]);
  }
  return [...lans]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, members]) => {
      const { lan, resolved } = members[0]!;
      const { name, subnet, gateway } = resolved.network;
      return { name: lan ?? name, subnet, gateway, hosts: members };
    });
}
