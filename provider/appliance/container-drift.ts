import { addressesOf } from "../address";
import { ContainerFact, ghostNetworks, HostFacts, isNetworkError } from "../observe";
import { group } from "../validate";
import { containerName, restartPolicy } from "./render";
import { ResolvedAppliance } from "./resolve";

/** What of an appliance's containers is not as it is to be. */
export function containerDrift(facts: HostFacts, appliance: ResolvedAppliance): string[] {
  if (facts.docker?.info === undefined || facts.failed.has("docker.containers")) return [];
  return [...lanDrift(facts, appliance), ...otherDrift(facts, appliance)];
}

function lanDrift(facts: HostFacts, appliance: ResolvedAppliance): string[] {
  const { name, definition } = appliance;
  const named = containerName(appliance);
  const ours = facts.containers.filter((container) => container.appliance === name);
  const [lan, ...more] = ours.filter(({ service }) => service === definition.lanService);
  if (lan === undefined) {
    const other = facts.containers.find((container) => container.name === named);
    if (other === undefined) return [`container ${named} is missing`];
    return [remade(other)];
  }
  if (more.length > 0) return [`${definition.lanService} has ${more.length + 1} containers instead of one`];
  if (lan.project !== name) return [remade(lan)];
  const state = stateDrift(facts, appliance, lan);
  return [...state, ...policyDrift(facts, appliance, lan), ...networkDrift(facts, appliance, lan)];
}

/** By this policy Docker starts it at a boot. Stage 3 sets it aside while it holds an appliance back for its order. */
function policyDrift(facts: HostFacts, appliance: ResolvedAppliance, container: ContainerFact): string[] {
  const policy = restartPolicy(appliance)?.split(":")[0];
  if (policy === undefined || policy === container.restart || container.restart === "") return [];
  const starting = facts.units.get("macvlan-appliances.service")?.activeState === "activating";
  if (starting || isGhost(facts, appliance.network)) return [];
  return [`container ${container.name} has the restart policy ${container.restart} instead of ${policy}`];
}

function remade({ name }: ContainerFact): string {
  return `container ${name} lacks the labels of Compose and ours: something else made it anew`;
}

/** Containers of services that are not on the LAN. */
function otherDrift(facts: HostFacts, appliance: ResolvedAppliance): string[] {
  const { name, definition } = appliance;
  const expected = Object.entries(group(definition.file["services"])).filter(
    ([service, value]) => service !== definition.lanService && isRun(group(value)),
  );
  return expected.flatMap(([service]) => {
    const containers = facts.containers.filter(
      (container) => container.appliance === name && container.service === service,
    );
    if (containers.length === 0) return [`the container of ${service} is missing`];
    // One that may end (a step of preparation) has done what it was for.
    const lasting = containers.filter(
      ({ status, restart }) => status !== "exited" || !["no", "on-failure", ""].includes(restart),
    );
    return lasting.flatMap((container) => stateDrift(facts, appliance, container));
  });
}

/** Compose starts it with the others. */
function isRun(service: Record<string, unknown>): boolean {
  const replicas = service["scale"] ?? group(service["deploy"])["replicas"];
  return service["profiles"] === undefined && service["provider"] === undefined && replicas !== 0;
}

function stateDrift(facts: HostFacts, appliance: ResolvedAppliance, container: ContainerFact): string[] {
  const { name, status, error } = container;
  if (status === "running" || status === "restarting") return [];
  if (isGhost(facts, appliance.network) && waitsForGhost(container)) return [];
  const words: Record<string, string> = { exited: "is stopped", created: "was never started" };
  return [`container ${name} ${words[status] ?? `is ${status}`}${error === "" ? "" : ` (${error})`}`];
}

function isGhost(facts: HostFacts, network: string): boolean {
  return ghostNetworks(facts).some(({ name }) => name === network);
}

/** The ghost is told with the link, whose repair has stage 3 start what failed, or what it holds back for its order. */
function waitsForGhost({ error, restart }: ContainerFact): boolean {
  return isNetworkError(error) || restart === "no";
}

function networkDrift(facts: HostFacts, appliance: ResolvedAppliance, container: ContainerFact): string[] {
  const { name, networks } = container;
  const network = facts.networks.find((candidate) => candidate.name === appliance.network);
  // A network that is missing is told by itself, and takes its appliances with it.
  if (network === undefined) return [];
  const end = networks[appliance.network];
  if (end === undefined) {
    const found = Object.keys(networks);
    if (found.length === 0) return [`container ${name} has lost its networks`];
    return [`container ${name} is on ${found.join(", ")} instead of ${appliance.network}`];
  }
  if (end.NetworkID !== "" && end.NetworkID !== network.id)
    return [`container ${name} is on a network ${appliance.network} that is gone`];
  const { ip, ip6 = "", mac } = appliance;
  const { IPv4Address: pinned, IPv6Address: pinned6 = "" } = end.IPAMConfig ?? {};
  if (pinned !== ip) return [`container ${name} is pinned to ${pinned ?? "no address"} instead of ${ip}`];
  if (pinned6 !== ip6)
    return [`container ${name} is pinned to ${pinned6 || "no IPv6 address"} instead of ${ip6 || "none"}`];
  if (container.status !== "running") return [];
  if (end.IPAddress !== ip) return [`container ${name} runs with IP ${end.IPAddress || "none"} instead of ${ip}`];
  const { GlobalIPv6Address: runs6 = "" } = end;
  if (runs6 !== ip6) return [`container ${name} runs with IP ${runs6 || "none"} instead of ${ip6 || "none"}`];
  // Docker names none for an ipvlan.
  if (mac !== undefined && end.MacAddress !== mac)
    return [`container ${name} runs with MAC ${end.MacAddress || "none"} instead of ${mac}`];
  return insideDrift(facts, appliance, container);
}

/** Docker's word stays the same when a NIC takes the interfaces on it away. */
function insideDrift(facts: HostFacts, appliance: ResolvedAppliance, { id, name }: ContainerFact): string[] {
  const { mac } = appliance;
  const inside = facts.inside.get(id);
  if (inside === undefined) return [];
  if (mac !== undefined && !Object.values(inside.macs).includes(mac))
    return [`container ${name} has lost its interface, which goes with its NIC`];
  const lost = addressesOf(appliance).find((address) => !inside.addresses.includes(address));
  return lost === undefined ? [] : [`container ${name} has lost its address ${lost} inside`];
}
