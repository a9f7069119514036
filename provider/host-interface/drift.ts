import {
  AddressFact,
  compareFiles,
  enumerate,
  ghostNetworks,
  HostFacts,
  LinkFact,
  seesFiles,
  unitReasons,
} from "../observe";
import { aLink, BCQUEUELEN, LINK_MODES, NetworkDriver } from "./driver";
import { deviceUnder, findNics } from "./preflight";
import { INBOUND_RULES, LINK_MARK, linkFiles } from "./render";
import { routeDrift } from "./route-drift";
import { isWatched, ResolvedInterface } from "./resolve";

/** What of the parent link is not as it is to be. */
export function linkDrift(facts: HostFacts, link: ResolvedInterface): string[] {
  const reasons = differences(facts, link);
  const undone = facts.undone.get(link.name);
  // Of a host that is as wanted, what happened before is of no interest any more.
  if (undone === undefined || reasons.length === 0) return reasons;
  return [...reasons, `its last change was taken back at ${undone.time}: ${undone.reason}`];
}

function differences(facts: HostFacts, link: ResolvedInterface): string[] {
  if (facts.links.length === 0) return [];
  const device = facts.links.find(({ ifname }) => ifname === link.name);
  const files = linkFiles(link).filter(({ folder }) => folder === undefined || facts.folders.includes(folder));
  if (device === undefined && seesFiles(facts) && !files.some(({ path }) => facts.files.has(path)))
    return [`${link.name} is not set up on this host`];
  return [
    ...(device === undefined ? [`${link.name} is missing`] : deviceDrift(facts, link, device)),
    ...vlanDrift(facts, link),
    ...compareFiles(facts, files),
    ...unitReasons(facts, `macvlan-parent@${link.name}.service`),
    ...failedUnit(facts, link),
    ...watcherDrift(facts, link),
    // A link that goes down takes its routes along.
    ...(device === undefined || isDown(device) ? [] : routeDrift(facts, link)),
    ...ghostDrift(facts, link),
  ];
}

function deviceDrift(facts: HostFacts, link: ResolvedInterface, device: LinkFact): string[] {
  const { name } = link;
  const kind = device.linkinfo?.info_kind;
  if (kind !== link.driver) {
    const but = kind === undefined ? "" : ` but ${aLink(kind)}`;
    return [`${name} is not ${aLink(link.driver)}${but}`];
  }
  const reasons: string[] = [];
  if (device.ifalias !== LINK_MARK) reasons.push(`${name} does not carry our mark: somebody made it anew`);
  const mode = device.linkinfo?.info_data?.mode;
  const wanted = LINK_MODES[link.driver];
  if (mode !== undefined && mode !== wanted) reasons.push(`${name} is in mode ${mode} instead of ${wanted}`);
  const [nic, ...more] = findNics(facts, link.nic);
  if (nic !== undefined && more.length === 0) {
    const under = deviceUnder(facts, link);
    const place = under?.ifname ?? `VLAN ${link.vlan?.id} of ${nic.ifname}`;
    if (device.link !== undefined && device.link !== under?.ifname)
      reasons.push(`${name} is on ${device.link} instead of ${place}`);
    if (isDown(nic)) reasons.push(`${nic.ifname}, which ${name} is on, is down`);
  }
  if (link.mac !== undefined && device.address !== link.mac)
    reasons.push(`${name} has the MAC ${device.address} instead of ${link.mac}`);
  if (link.mtu !== undefined && device.mtu !== undefined && device.mtu !== link.mtu)
    reasons.push(`${name} has the MTU ${device.mtu} instead of ${link.mtu}`);
  const queue = device.linkinfo?.info_data?.bcqueuelen;
  const { bcqueuelen = BCQUEUELEN } = link;
  if (queue !== undefined && queue !== bcqueuelen)
    reasons.push(`${name} has the bcqueuelen ${queue} instead of ${bcqueuelen}`);
  if (isDown(device)) reasons.push(`${name} is down`);
  const rules = facts.closed[name];
  if (link.inbound === false && rules !== undefined && rules !== INBOUND_RULES)
    reasons.push(`connections to the host are let in over ${name}: rules of traffic control (tc) are missing on it`);
  reasons.push(...addressDrift(facts, link));
  // Else it asks for a container's MAC in the name of whatever address the packet is from.
  const announce = facts.sysctls.get(`ipv4/conf/${name}/arp_announce`);
  if (link.driver === NetworkDriver.Ipvlan && announce !== undefined && announce !== "2")
    reasons.push(`net/ipv4/conf/${name}/arp_announce is ${announce} instead of 2`);
  return [...reasons, ...sysctlDrift(facts, name, link.address6 === undefined ? WITHOUT_IPV6 : WITH_IPV6)];
}

/** Of the VLAN beneath the link; one that is somebody else's is left as it is, as long as it is up. */
function vlanDrift(facts: HostFacts, link: ResolvedInterface): string[] {
  const [nic, ...more] = findNics(facts, link.nic);
  if (link.vlan === undefined || nic === undefined || more.length > 0) return [];
  const { name } = link;
  const device = deviceUnder(facts, link);
  if (device === undefined) return [`VLAN ${link.vlan.id} of ${nic.ifname}, which ${name} is to be on, is missing`];
  const { ifname, address, mtu } = device;
  const reasons = isDown(device) ? [`${ifname}, which ${name} is on, is down`] : [];
  if (device.ifalias !== LINK_MARK) return reasons;
  if (address !== nic.address)
    reasons.push(`${ifname} has the MAC ${address} instead of that of ${nic.ifname}, ${nic.address}`);
  if (link.mtu !== undefined && mtu !== undefined && mtu !== link.mtu)
    reasons.push(`${ifname} has the MTU ${mtu} instead of ${link.mtu}`);
  return [...reasons, ...sysctlDrift(facts, ifname, WITHOUT_IPV6)];
}

const WITHOUT_IPV6: Readonly<Record<string, string>> = { disable_ipv6: "1" };
const WITH_IPV6: Readonly<Record<string, string>> = { disable_ipv6: "0", accept_ra: "0" };

/** A device of ours answers for no address of the host that is another's, and takes none from a router (IPv6). */
function sysctlDrift({ sysctls }: HostFacts, name: string, ipv6: typeof WITHOUT_IPV6): string[] {
  const wanted = Object.entries(ipv6).map(([key, value]) => [`ipv6/conf/${name}/${key}`, value] as const);
  return [[`ipv4/conf/${name}/arp_filter`, "1"] as const, ...wanted].flatMap(([key, value]) => {
    const found = sysctls.get(key);
    return found === undefined || found === value ? [] : [`net/${key} is ${found} instead of ${value}`];
  });
}

function addressDrift(facts: HostFacts, { name, address, address6 }: ResolvedInterface): string[] {
  const wanted = [address, address6].flatMap((each) => each ?? []);
  // With IPv6 the link has an address of the link alone too, as every interface.
  const found = (facts.addresses.get(name) ?? []).filter(
    (each) => address6 === undefined || !each.address.startsWith("fe80:"),
  );
  const isWanted = (each: AddressFact) =>
    wanted.includes(each.address) && each.prefix === (each.family === "inet" ? 32 : 128);
  const others = found.filter((each) => !isWanted(each)).map((each) => each.address);
  const is = wanted.length === 0 ? "none" : enumerate(wanted);
  return [
    ...(others.length === 0 ? [] : [`${name} has an address (${enumerate(others)}), where it is to have ${is}`]),
    ...wanted
      .filter((own) => !found.some((each) => each.address === own && isWanted(each)))
      .map((own) => `${name} has not the address ${own}`),
  ];
}

function isDown({ flags }: LinkFact): boolean {
  return !flags.includes("UP");
}

function failedUnit({ units }: HostFacts, { name }: ResolvedInterface): string[] {
  const unit = `macvlan-parent@${name}.service`;
  return units.get(unit)?.activeState === "failed" ? [`${unit} has failed`] : [];
}

/** Nobody else sees to the routes of containers that come and go, and when the host's own address changes. */
function watcherDrift(facts: HostFacts, link: ResolvedInterface): string[] {
  if (!isWatched(link)) return [];
  const unit = `macvlan-watch@${link.name}.service`;
  const watcher = facts.units.get(unit);
  const rests = watcher?.loadState === "loaded" && ["inactive", "failed"].includes(watcher.activeState);
  const withDocker = facts.units.get("docker.service")?.activeState === "active";
  return [...unitReasons(facts, unit), ...(rests && withDocker ? [`${unit} does not run`] : [])];
}

/** Only a restart of dockerd heals a ghost, so that what else it hits is to be said before. */
function ghostDrift(facts: HostFacts, { name }: ResolvedInterface): string[] {
  const hit = facts.containers.filter(({ status }) => status === "running").map((container) => container.name);
  const what =
    hit.length === 0
      ? "no container of this host runs"
      : `which stops every container of this host: ${hit.sort().join(", ")}`;
  return ghostNetworks(facts)
    .filter(({ options }) => options.parent === name)
    .map(
      (network) =>
        `network ${network.name} is a ghost: ${name} was missing when Docker was started, which has lost hold of it; ` +
        `dockerd is restarted once, ${what}`,
    );
}
