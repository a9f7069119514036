import { HostFacts, NetworkFact } from "../observe";
import { ResolvedNetwork } from "./spec";

/** Whether Docker was asked for its networks: it always has some of its own. */
export function seesNetworks({ networks, failed }: HostFacts): boolean {
  return networks.length > 0 && !failed.has("docker.networks");
}

/** The network of that name on the host. */
export function observedNetwork(facts: HostFacts, name: string): NetworkFact | undefined {
  return facts.networks.find((network) => network.name === name);
}

/**
 * Whether a network on the host is, in everything that Docker keeps of it, the one that the specification asks for: then it
 * can be taken over as it is, by whomever it was made.
 */
export function equalsSpec(observed: NetworkFact, spec: ResolvedNetwork): boolean {
  return differences(observed, spec).length === 0;
}

/** What a network on the host has other than the specification asks for. */
export function differences(observed: NetworkFact, spec: ResolvedNetwork): string[] {
  const [config, ...more] = observed.ipam.Config;
  const values: [string, string | undefined, string][] = [
    ["driver", observed.driver, "macvlan"],
    ["parent", observed.options.parent, spec.parent],
    ["mode", observed.options.macvlan_mode, spec.mode],
    ["further options", furtherOptions(observed.options), ""],
    ["subnet", config?.Subnet, spec.subnet],
    ["gateway", config?.Gateway, spec.gateway],
    ["ipRange", config?.IPRange, spec.ipRange],
    ["reserved addresses", written(config?.AuxiliaryAddresses ?? {}), written(spec.auxAddresses)],
    ["further subnets", more.flatMap(({ Subnet }) => Subnet ?? []).join(", "), ""],
    ["internal", String(observed.internal), "false"],
    ["IPv6", String(observed.ipv6), "false"],
  ];
  return values
    .filter(([, found, wanted]) => (found ?? "") !== wanted)
    .map(([what, found, wanted]) => `${what}: ${found || "none"} instead of ${wanted || "none"}`);
}

function furtherOptions(options: Readonly<Record<string, string>>): string {
  return written(
    Object.fromEntries(Object.entries(options).filter(([key]) => !["parent", "macvlan_mode"].includes(key))),
  );
}

function written(record: Readonly<Record<string, string>>): string {
  return Object.entries(record)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(", ");
}
