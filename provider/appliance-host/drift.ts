import { applianceDrift, resolveAppliance } from "../appliance";
import { bootDrift } from "../boot-shim";
import { linkDrift } from "../host-interface";
import { networkDrift } from "../macvlan-network";
import { HostFacts } from "../observe";
import { ApplianceHostArgs, placeAppliance, ResolvedHost } from "./spec";

/** A part of a host that is not as the specification says. */
export interface Drift {
  readonly resource: "boot" | "link" | "network" | { readonly appliance: string };
  /** For the person who reads the plan. */
  readonly reasons: readonly string[];
}

/** Everything on the host that is not as the specification says, in boot order; nothing if it is in sync. */
export function driftOf(facts: HostFacts, args: ApplianceHostArgs, host: ResolvedHost): Drift[] {
  const all: Drift[] = [
    { resource: "boot", reasons: bootDrift(facts, host.failClosed) },
    { resource: "link", reasons: linkDrift(facts, host.link) },
    { resource: "network", reasons: networkDrift(facts, host.network) },
    ...host.pins.map(({ name }) => ({
      resource: { appliance: name },
      reasons: applianceDrift(facts, resolveAppliance(placeAppliance(args, host, name))),
    })),
  ];
  return all.filter(({ reasons }) => reasons.length > 0);
}
