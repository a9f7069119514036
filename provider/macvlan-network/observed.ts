import { HostFacts, NetworkFact } from "../observe";
import { ResolvedIpv6 } from "./ipv6";
import { optionsOf } from "./options";
import type { ResolvedNetwork } from "./resolve";

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
  const all = observed.ipam.Config;
  const config6 = spec.ipv6 && all.find(({ Subnet }) => Subnet?.includes(":"));
  const [config, ...more] = all.filter((each) => each !== config6);
  const wanted = optionsOf(spec);
  const modes = observed.driver === spec.driver ? modeDifferences(observed.options, wanted) : [];
  const values: [string, string | undefined, string][] = [
    ["driver", observed.driver, spec.driver],
    ["parent", observed.options.parent, spec.parent],
    ...modes,
    ["subnet", config?.Subnet, spec.subnet],
    ["gateway", config?.Gateway, spec.gateway],
    ["ipRange", config?.IPRange, spec.ipRange],
    ["reserved addresses", written(config?.AuxiliaryAddresses ?? {}), written(spec.auxAddresses)],
    ...differences6(config6, spec.ipv6),
    ["further subnets", more.flatMap(({ Subnet }) => Subnet ?? []).join(", "), ""],
    ["internal", String(observed.internal), "false"],
    ["IPv6", String(observed.ipv6), String(spec.ipv6 !== undefined)],
  ];
  return values
    .filter(([, found, wanted]) => (found ?? "") !== wanted)
    .map(([what, found, wanted]) => `${what}: ${found || "none"} instead of ${wanted || "none"}`);
}

function differences6(
  config: NetworkFact["ipam"]["Config"][number] | undefined,
  wanted: ResolvedIpv6 | undefined,
): [string, string | undefined, string][] {
  if (wanted === undefined) return [];
  return [
    ["subnet6", config?.Subnet, wanted.subnet],
    ["gateway6", config?.Gateway, wanted.gateway],
    ["IPv6 range", config?.IPRange, wanted.ipRange],
    ["reserved IPv6 addresses", written(config?.AuxiliaryAddresses ?? {}), ""],
  ];
}

type Options = Readonly<Record<string, string>>;

/** Each driver has options of its own. */
function modeDifferences(found: Options, wanted: Options): [string, string | undefined, string][] {
  const key = Object.keys(wanted).find((each) => each.endsWith("_mode"))!;
  const further = Object.fromEntries(Object.entries(found).filter(([other]) => !(other in wanted)));
  return [
    ["mode", found[key], wanted[key]!],
    ["further options", written(further), ""],
  ];
}

function written(record: Readonly<Record<string, string>>): string {
  return Object.entries(record)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(", ");
}
