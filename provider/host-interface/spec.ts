import type { SshArgs } from "../ssh";
import type { NetworkDriver } from "./driver";

/** Which of the host's own interfaces is plugged into the LAN: exactly one field. */
export interface NicArgs {
  /** Its name, such as enp3s0; also that of a bond, a bridge or a VLAN. */
  name?: string;
  /** Its permanent MAC, such as 52:54:00:00:02:01. */
  mac?: string;
  /** Where it is plugged in, as udev names it: ID_PATH, such as pci-0000:03:00.0. */
  path?: string;
}

/** Whether the host and its appliances reach each other; the kernel keeps a NIC and the macvlans on it apart. */
export const Reach = {
  /** Only the rest of the LAN reaches the appliances. */
  None: "none",
  /** One route per pinned address, through the parent link. */
  Pinned: "pinned",
  /** The same, and one route for the network's ipRange: for containers that Docker gives an address. */
  Range: "range",
  /** One route per pinned address and per running container on the link's Docker networks, kept by a service on the host. */
  Watch: "watch",
} as const;
export type Reach = (typeof Reach)[keyof typeof Reach];

/** The parent link as a part of a host. */
export interface InterfaceSpec {
  /** Name of the link on the host, at most 15 characters, no dot. Default lan0. */
  name?: string;
  /** The NIC that it is put on. */
  nic: NicArgs;
  /**
   * Id of the VLAN (802.1Q) that the link is put on, 1 to 4094: on that sub-interface of the NIC, which is made if there is
   * none, and then removed with the last link on it. Default: none, the NIC itself.
   */
  vlan?: number;
  /**
   * MAC of the link, locally administered. Default: derived from the NIC's MAC or the host, always the same. Not with the driver
   * ipvlan, whose links have the NIC's.
   */
  mac?: string;
  /**
   * MTU of the link in bytes, 68 to 65535 and not above that of what it is on. A VLAN made for it gets it too, and so do the
   * appliances; those on the NIC itself have the NIC's. Default: left as the kernel sets it, that of the device beneath.
   */
  mtu?: number;
  /**
   * How many frames of broadcast and multicast wait, at most, to be copied to the containers on what the link is on, 1000 to 100000:
   * what comes while the queue is full is lost. The longest that any link there asks for counts. For multicast that comes in bursts, as
   * streams do. Not with the driver ipvlan. Default: the kernel's, 1000.
   */
  bcqueuelen?: number;
  /** Whether the host and its appliances reach each other: none, pinned, range or watch. Default none. */
  reach?: Reach;
  /**
   * An address of the LAN for the link itself, from which the host then speaks to its appliances. Default: none, the host has
   * its own on the NIC. Outside dhcpPool and ipRange, and no appliance's. With the driver ipvlan there is no reach without it.
   */
  address?: string;
  /**
   * An IPv6 address of the LAN for the link, from which the host then speaks to its appliances' IPv6 addresses; with `reach`
   * there is no other way to these. On a network with `subnet6`. Default: none, the link has no IPv6.
   */
  address6?: string;
  /**
   * Whether what is on the link's networks may open connections to the host over the link. False: answers to what the host began come
   * through, and nothing else. Not with reach: none, where nothing does. Default true.
   */
  inbound?: boolean;
  /** Further addresses, or subnets in canonical form, that the host reaches over the link, such as a VIP. Not with reach: none. */
  routes?: string[];
  /** Seconds that the start of Docker waits at boot for a NIC that is not there yet. Default 30. */
  waitForNic?: number;
}

/** The link of the host that is Docker's parent. */
export interface HostInterfaceArgs extends InterfaceSpec {
  /** The host. */
  ssh: SshArgs;
  /** ipRange of the network on the link, for reach: range. An ApplianceHost takes it from its network. */
  ipRange?: string;
  /** Driver of the network on the link: macvlan or ipvlan. An ApplianceHost takes it from its network. Default macvlan. */
  driver?: NetworkDriver;
  /** Ids of rules (docs/rules.md) whose findings on this host are told and do not stop the run. */
  overrides?: string[];
}
