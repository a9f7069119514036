import { pinRules } from "../appliance";
import { bootShimRules } from "../boot-shim";
import { formatProblem } from "../errors";
import { deviceUnder, hostInterfaceRules } from "../host-interface";
import { macvlanNetworkRules } from "../macvlan-network";
import { AnyRule, findAll, Finding, HostFacts } from "../observe";
import { ResolvedLan } from "./lans";
import type { ResolvedHost } from "./host";

/** The rules of all stages, in boot order. */
export const hostRules: readonly AnyRule[] = [
  ...bootShimRules,
  ...hostInterfaceRules,
  ...macvlanNetworkRules,
  ...pinRules,
];

/** Everything about the host that speaks against the specification, in boot order. */
export function preflight(facts: HostFacts, host: ResolvedHost): Finding[] {
  return once([
    ...findAll(bootShimRules, facts, host),
    ...host.lans.flatMap((lan) => place(lan, "interface", findAll(hostInterfaceRules, facts, lan.link))),
    ...host.lans.flatMap((lan) => place(lan, "network", findAll(macvlanNetworkRules, facts, onLink(facts, lan)))),
    ...findAll(pinRules, facts, host.pins),
  ]);
}

function onLink(facts: HostFacts, { link, network }: ResolvedLan) {
  return { ...network, reach: link.reach, nic: deviceUnder(facts, link)?.ifname };
}

/** Where a field of a stage stands in the specification of a whole host. */
function place({ path }: ResolvedLan, part: "interface" | "network", findings: readonly Finding[]): Finding[] {
  return findings.map((finding) => {
    if (finding.path[0] === "ssh") return finding;
    if (part === "network" && finding.path[0] === "parent") return { ...finding, path: [...path, "interface", "name"] };
    return { ...finding, path: [...path, part, ...finding.path] };
  });
}

/** What holds for the host is found for each of its LANs. */
function once(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [`${finding.id} ${formatProblem(finding)}`, finding])).values()];
}
