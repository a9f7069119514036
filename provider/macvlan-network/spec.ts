import type { NetworkDriver } from "../host-interface";
import type { SshArgs } from "../ssh";

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
