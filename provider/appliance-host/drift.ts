import { applianceDrift, resolveAppliance } from "../appliance";
import { bootDrift } from "../boot-shim";
import { linkDrift } from "../host-interface";
import { networkDrift } from "../macvlan-network";
import { HostFacts } from "../observe";
import { ResolvedLan } from "./lans";
import { placeAppliance, ResolvedHost } from "./host";
import type { ApplianceHostArgs } from "./spec";

/** A part of a host that is not as the specification says. */
export interface Drift {
  readonly resource: "boot" | "link" | "network" | { readonly appliance: string } | LanPart;
  /** For the person who reads the plan. */
  readonly reasons: readonly string[];
}

/** The link or the network of a further LAN. */
export interface LanPart {
  /** Name of the LAN. */
  readonly lan: string;
  readonly part: "link" | "network";
}

/** Everything on the host that is not as the specification says, in boot order; nothing if it is in sync. */
export function driftOf(facts: HostFacts, args: ApplianceHostArgs, host: ResolvedHost): Drift[] {
  const all: Drift[] = [
    { resource: "boot", reasons: bootDrift(facts, host.failClosed) },
    ...host.lans.flatMap((lan): Drift[] => [
      { resource: partOf(lan, "link"), reasons: linkDrift(facts, lan.link) },
      { resource: partOf(lan, "network"), reasons: networkDrift(facts, lan.network) },
    ]),
    ...host.pins.map(({ name }) => ({
      resource: { appliance: name },
      reasons: applianceDrift(facts, resolveAppliance(placeAppliance(args, host, name))),
    })),
  ];
  return all.filter(({ reasons }) => reasons.length > 0);
}

function partOf({ name, path }: ResolvedLan, part: LanPart["part"]): Drift["resource"] {
  return path.length === 0 ? part : { lan: name, part };
}
