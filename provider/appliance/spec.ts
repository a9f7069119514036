import type * as pulumi from "@pulumi/pulumi";
import { defaultMac, parseMac } from "../address";
import { NetworkDriver } from "../host-interface";
import type { SshArgs } from "../ssh";

/** One appliance as a part of a host. */
export interface ApplianceSpec {
  /** IPv4 address on the LAN, outside every range that something else gives out. */
  ip: string;
  /**
   * MAC on the LAN. Default `02:42:` and the four octets of `ip`, as Docker up to 27 derived it. Not on a network of driver ipvlan: there it
   * is that of the NIC.
   */
  mac?: string;
  /**
   * IPv6 address on a LAN with `subnet6`. Default: the one of `subnet6` that ends in the 32 bits of `ip`, such as fd00:76::c0a8:4c35 for
   * 192.168.76.53.
   */
  ip6?: string;
  /**
   * Whether it takes a further IPv6 address and a default route from a router of the LAN that announces them (SLAAC). The address ends in what its
   * MAC makes of it (EUI-64). Default: as Docker does it, true on a network with `subnet6`, and without it false: no IPv6 at all. False with
   * `subnet6` needs Docker 27 and Compose 2.27.1.
   */
  slaac?: boolean;
  /** `mac` is that of a real device on purpose (bit 1 of the first octet is clear). Default false: such a MAC is refused. */
  universalMac?: boolean;
  /** What runs: a service as in a compose file, as plain data. Either this or `compose`. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the plugin analyzer takes no other type for plain data
  service?: any;
  /** What runs: the path of a compose file, from the folder that the program runs in. Either this or `service`. */
  compose?: string;
  /** Which service of the compose file is on the LAN. Default: the only one. */
  lanService?: string;
  /**
   * Files beside the compose file on the host: relative path to text. Paths in the compose file that begin with ./ are theirs.
   * A service whose files change is made anew.
   */
  files?: Record<string, string>;
  /** Values for `${KEY}` in the compose file: never in a plan, a log or a process list. Keys of A-Z, 0-9 and _. */
  secrets?: Record<string, pulumi.Input<string>>;
  /** Appliances of the same host that are to be ready before this one starts, at a boot as well. */
  startAfter?: string[];
  /** Seconds in which the appliance has to become healthy. Default 120. */
  readyTimeout?: number;
  /** Removing the appliance removes its volumes too, with everything in them. Default false. */
  deleteVolumes?: boolean;
}

/** One appliance as a part of a whole host. */
export interface HostAppliance extends ApplianceSpec {
  /** Which of the host's LANs it is on: a name of `lans`. Default: the first one, of `interface` and `network`. */
  lan?: string;
}

/** The network that an appliance is put on. */
export interface ApplianceNetworkArgs {
  /** Name of the Docker network. Default lan. */
  name?: string;
  /** The parent link. Default lan0. */
  parent?: string;
  /** Driver of the network: macvlan or ipvlan. Default macvlan. */
  driver?: NetworkDriver;
  /** The LAN's subnet in canonical form, such as 192.168.76.0/24. */
  subnet: string;
  /** The LAN's router. */
  gateway: string;
  /** The LAN's IPv6 prefix, if the network has one, such as fd00:76::/64. */
  subnet6?: string;
  /** The LAN's router in `subnet6`. Default: its first address. */
  gateway6?: string;
}

/** One appliance on a host that has a boot shim, a parent link and a network. */
export interface ApplianceArgs extends ApplianceSpec {
  /** The host. */
  ssh: SshArgs;
  /** Name of the appliance: of its Compose project, its container and its folder on the host. Lower case, 2 to 63 characters. */
  name: string;
  /** The network that it is put on. */
  network: ApplianceNetworkArgs;
  /** Docker's id of the network: when the network is replaced, the appliance is taken down before and brought back after. */
  networkId?: pulumi.Input<string>;
  /** Ids of rules (docs/rules.md) whose findings on this host are told and do not stop the run. */
  overrides?: string[];
}

/** The pinned MAC: the one that is given, or that of the address; undefined while it cannot be read, and with ipvlan, where nothing can be pinned. */
export function macOf(
  spec: Pick<Partial<ApplianceSpec>, "ip" | "mac">,
  on?: { readonly driver?: NetworkDriver },
): string | undefined {
  if (on?.driver === NetworkDriver.Ipvlan) return undefined;
  if (spec.mac === undefined) return spec.ip === undefined ? undefined : defaultMac(spec.ip);
  const parsed = parseMac(spec.mac);
  return parsed.fault ? undefined : parsed.value;
}
