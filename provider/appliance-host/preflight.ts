import { pinRules } from "../appliance";
import { bootShimRules } from "../boot-shim";
import { hostInterfaceRules } from "../host-interface";
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
  const place = (key: string, findings: Finding[]) =>
    findings.map((finding) => (finding.path[0] === "ssh" ? finding : { ...finding, path: [key, ...finding.path] }));
  return [
    ...findAll(bootShimRules, facts, host),
    ...place("interface", findAll(hostInterfaceRules, facts, host.link)),
    ...place("network", findAll(macvlanNetworkRules, facts, host.network)),
    ...findAll(pinRules, facts, host.pins),
  ];
}
