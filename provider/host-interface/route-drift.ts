import { contains, parseCidr, parseIpv4 } from "../address";
import { HostFacts, RouteFact } from "../observe";
import { Reach, ResolvedInterface } from "./spec";

/** Routes of ours, and no others, carry this protocol number. */
const PROTOCOL = "201";

/** What is wrong with the host's routes to the appliances over this link. */
export function routeDrift(facts: HostFacts, link: ResolvedInterface): string[] {
  // Without the configurations on the host nobody knows which appliances are on the link.
  if (facts.failed.has("route") || !facts.linkConfs.has(link.name)) return [];
  const pins = [...facts.applianceConfs.values()]
    .filter(({ PARENT }) => PARENT === link.name)
    .flatMap(({ IP }) => IP ?? []);
  const ours = facts.routes.filter(({ dev, protocol }) => dev === link.name && protocol === PROTOCOL);
  const wanted = link.reach === Reach.Pinned ? pins.sort() : [];
  return [
    ...wanted.flatMap((ip) => routeReasons(facts, link, ip, ours)),
    ...ours
      .filter(({ dst }) => !wanted.includes(dst))
      .map(({ dst }) => `the route to ${dst} over ${link.name} is left over`),
  ];
}

function routeReasons(facts: HostFacts, link: ResolvedInterface, ip: string, ours: readonly RouteFact[]): string[] {
  const from = sourceTo(facts, link, ip);
  // The NIC may get its address late, by DHCP; the route comes with it.
  if (from === undefined) return [];
  const route = ours.find(({ dst }) => dst === ip);
  if (route?.prefsrc === from) return [];
  if (route !== undefined)
    return [`the route to ${ip} over ${link.name} is from ${route.prefsrc ?? "any address"} instead of ${from}`];
  const other = facts.routes.find(({ dst }) => dst === ip);
  const instead = other === undefined ? "" : ` (one goes over ${other.dev ?? other.gateway ?? "nowhere"})`;
  return [`the route to ${ip} over ${link.name} is missing${instead}`];
}

/** The address of the link's NIC that the host would send from. */
function sourceTo(facts: HostFacts, link: ResolvedInterface, ip: string): string | undefined {
  const nic = facts.links.find(({ ifname }) => ifname === link.name)?.link;
  const address = parseIpv4(ip);
  if (nic === undefined || address.fault) return undefined;
  return facts.routes.find(({ dev, dst }) => {
    if (dev !== nic) return false;
    const subnet = parseCidr(dst);
    return !subnet.fault && contains(subnet.value, address.value);
  })?.prefsrc;
}
