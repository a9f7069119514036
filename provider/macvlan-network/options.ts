import { NetworkDriver } from "../host-interface";
import type { ResolvedNetwork } from "./resolve";

/** Docker's options of the network. */
export function optionsOf({ parent, driver, mode }: ResolvedNetwork): Record<string, string> {
  return driver === NetworkDriver.Ipvlan ? { parent, ipvlan_mode: "l2" } : { parent, macvlan_mode: mode };
}
