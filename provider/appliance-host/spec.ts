import type { HostAppliance } from "../appliance";
import type { InterfaceSpec } from "../host-interface";
import type { NetworkSpec } from "../macvlan-network";
import type { SshArgs } from "../ssh";
import type { LanSpec } from "./lans";

/** A Docker host with everything that it puts on its LAN. */
export interface ApplianceHostArgs {
  /** The host. */
  ssh: SshArgs;
  /** The parent link. */
  interface: InterfaceSpec;
  /** The LAN. */
  network: NetworkSpec;
  /** Further LANs that the host is on, by name, such as VLANs of the same NIC. */
  lans?: Record<string, LanSpec>;
  /** The appliances by name: lower-case letters, digits, - and _. */
  appliances: Record<string, HostAppliance>;
  /** Docker does not start while a parent link is missing. Default false: it starts, and the appliances are healed. */
  failClosed?: boolean;
  /** Ids of rules (docs/rules.md) whose findings on this host are told and do not stop the run. */
  overrides?: string[];
}
