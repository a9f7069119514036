import { pinRules } from "../appliance";
import { bootShimRules } from "../boot-shim";
import { findNics, hostInterfaceRules } from "../host-interface";
import { macvlanNetworkRules } from "../macvlan-network";
import { AnyRule, findAll, Finding, HostFacts } from "../observe";
import { ResolvedHost } from "./spec";

/** The rules of all stages, in boot order. */
export const hostRules: readonly AnyRule[] = [
  ...bootShimRules,
  ...hostInterfaceRules,
  ...macvlanNetworkRules,
  ...pinRules,
];

/** Everything about the host that speaks against the specification, in boot order. */
export function preflight(facts: HostFacts, host: ResolvedHost): Finding[] {
  const [nic, ...more] = findNics(facts, host.link.nic);
  const network = { ...host.network, reach: host.link.reach, nic: more.length === 0 ? nic?.ifname : undefined };
  return [
    ...findAll(bootShimRules, facts, host),
    ...place("interface", findAll(hostInterfaceRules, facts, host.link)),
    ...place("network", findAll(macvlanNetworkRules, facts, network)),
    ...findAll(pinRules, facts, host.pins),
  ];
}

/** Where a field of a stage stands in the specification of a whole host. */
function place(part: "interface" | "network", findings: readonly Finding[]): Finding[] {
  return findings.map((finding) => {
    if (finding.path[0] === "ssh") return finding;
    if (part === "network" && finding.path[0] === "parent") return { ...finding, path: ["interface", "name"] };
    return { ...finding, path: [part, ...finding.path] };
  });
}
