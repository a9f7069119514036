import { contains, contains6, parseCidr, parseCidr6, parseIpv4, parseIpv6 } from "../address";
import { ContainerFact, HostFacts, RouteFact } from "../observe";
import type { ResolvedInterface } from "./resolve";
import { Reach } from "./spec";

/** Routes of ours, and no others, carry this protocol number. */
const PROTOCOL = "201";

/** Seconds after the start of a container in which its route may still be on its way: the watcher looks at everything once a minute. */
const PATIENCE = 120;

/** What is wrong with the host's routes over this link. */
export function routeDrift(facts: HostFacts, link: ResolvedInterface): string[] {
  // Without the configurations on the host nobody knows which appliances are on the link.
  if (facts.failed.has("route") || !facts.linkConfs.has(link.name)) return [];
  const ours = facts.routes.filter(({ dev, protocol }) => dev === link.name && protocol === PROTOCOL);
  const wanted = wantedRoutes(facts, link);
  const leftOver = ours.filter(({ dst }) => !wanted.includes(dst) && !isWatchers(facts, link, dst));
  return [
    ...wanted.flatMap((dst) => routeReasons(facts, link, dst, ours)),
    ...leftOver.map(({ dst }) => `the route to ${dst} over ${link.name} is left over`),
  ];
}

/** Where routes over the link are to lead at this moment, as `ip route` writes it. */
function wantedRoutes(facts: HostFacts, link: ResolvedInterface): string[] {
  if (link.reach === Reach.None) return [];
  const confs = [...facts.applianceConfs.values()].filter(({ PARENT }) => PARENT === link.name);
  const pins = confs.flatMap(({ IP }) => IP ?? []);
  const pins6 = link.address6 === undefined ? [] : confs.flatMap(({ IP6 }) => IP6 ?? []);
  const range = link.ipRange === undefined ? [] : [link.ipRange.replace(/\/32$/, "")];
  const watched = link.reach === Reach.Watch ? settled(facts, link) : [];
  return [...new Set([...pins.sort(), ...pins6.sort(), ...range, ...watched, ...(link.routes ?? [])])];
}

/** Addresses of running containers on the link's networks that the watcher has had the time to see. */
function settled(facts: HostFacts, link: ResolvedInterface): string[] {
  const networks = networksOn(facts, link).map(({ id }) => id);
  const before = Date.parse(facts.time) - PATIENCE * 1000;
  return facts.containers
    .filter(({ status, startedAt }: ContainerFact) => status === "running" && Date.parse(startedAt) < before)
    .flatMap(({ networks: ends }) => Object.values(ends))
    .filter(({ NetworkID }) => networks.includes(NetworkID))
    .flatMap(({ IPAddress, GlobalIPv6Address = "" }) => [
      IPAddress,
      link.address6 === undefined ? "" : GlobalIPv6Address,
    ])
    .filter((address) => address !== "")
    .sort();
}

/** Whether a route is the watcher's business: containers come and go, and it takes away within a minute what is left of them. */
function isWatchers(facts: HostFacts, link: ResolvedInterface, dst: string): boolean {
  if (link.reach !== Reach.Watch) return false;
  // Docker rests, or was not asked.
  if (facts.networks.length === 0) return true;
  const subnets = networksOn(facts, link).flatMap(({ ipam }) => ipam.Config.flatMap(({ Subnet }) => Subnet ?? []));
  return subnets.some((subnet) => isInside(dst, subnet));
}

function isInside(address: string, subnet: string): boolean {
  if (address.includes(":")) {
    const [one, cidr] = [parseIpv6(address), parseCidr6(subnet)];
    return !one.fault && !cidr.fault && contains6(cidr.value, one.value);
  }
  const [one, cidr] = [parseIpv4(address), parseCidr(subnet)];
  return !one.fault && !cidr.fault && contains(cidr.value, one.value);
}

function networksOn({ networks }: HostFacts, link: ResolvedInterface): HostFacts["networks"] {
  return networks.filter(({ driver, options }) => driver === link.driver && options.parent === link.name);
}

function routeReasons(facts: HostFacts, link: ResolvedInterface, dst: string, ours: readonly RouteFact[]): string[] {
  const own = dst.includes(":") ? link.address6 : link.address;
  // The NIC may get its address late, by DHCP; the route comes with it.
  if (own === undefined && !hasAddress(facts, link)) return [];
  const route = ours.find((each) => each.dst === dst);
  if (route === undefined) {
    const other = facts.routes.find((each) => each.dst === dst);
    const instead = other === undefined ? "" : ` (one goes over ${other.dev ?? other.gateway ?? "nowhere"})`;
    return [`the route to ${dst} over ${link.name} is missing${instead}`];
  }
  const from = own ?? sourceTo(facts, link, dst);
  if (from === undefined || route.prefsrc === from) return [];
  return [`the route to ${dst} over ${link.name} is from ${route.prefsrc ?? "any address"} instead of ${from}`];
}

function nicOf({ links }: HostFacts, { name }: ResolvedInterface): string | undefined {
  return links.find(({ ifname }) => ifname === name)?.link;
}

function hasAddress(facts: HostFacts, link: ResolvedInterface): boolean {
  const nic = nicOf(facts, link);
  return facts.routes.some(({ dev, prefsrc }) => dev === nic && prefsrc !== undefined);
}

/** The address of the link's NIC that the host would send from, where a route of the NIC says so. */
function sourceTo(facts: HostFacts, link: ResolvedInterface, dst: string): string | undefined {
  const nic = nicOf(facts, link);
  const address = parseIpv4(dst.split("/")[0]!);
  if (nic === undefined || address.fault) return undefined;
  return facts.routes.find(({ dev, dst: to }) => {
    if (dev !== nic) return false;
    const subnet = parseCidr(to);
    return !subnet.fault && contains(subnet.value, address.value);
  })?.prefsrc;
}
