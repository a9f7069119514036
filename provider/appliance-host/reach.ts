import { formatRange, Ipv4Range, overlaps, rangeOf } from "../address";
import { Pin } from "../appliance";
import { Problem } from "../errors";
import { Reach, ResolvedInterface } from "../host-interface";
import { addressFault, linkIpv6Fault, NetworkMode, ResolvedNetwork } from "../macvlan-network";

/**
 * What the link's address, routes and MTU get wrong on the network. What is sent over the link must be behind it: with strict
 * rp_filter the host drops what comes in by the NIC from an address that its route leads over the link to.
 */
export function checkReach(link: ResolvedInterface, network: ResolvedNetwork, pins: readonly Pin[]): Problem[] {
  return [
    ...modeProblems(link, network),
    ...addressProblems(link, network, pins),
    ...address6Problems(link, network, pins),
    ...rangeProblems(link, network),
    ...routeProblems(link, network),
    ...mtuProblems(link, network),
  ];
}

/** The link is in mode bridge, and the kernel hands frames over only between two macvlans of that mode. */
function modeProblems({ reach, name }: ResolvedInterface, { mode }: ResolvedNetwork): Problem[] {
  if (mode === NetworkMode.Bridge || reach === Reach.None) return [];
  const why =
    mode === NetworkMode.Private
      ? "which hand each other no frames"
      : "which get each other's frames from the switch alone: where it sends them back, the host reaches them by its NIC, without routes";
  return [
    {
      path: ["network", "mode"],
      message: `with reach: ${reach} the host would send over the link ${name} to containers in mode ${mode}, ${why}`,
      remedy: "set reach: none, or mode: bridge",
    },
  ];
}

/** RFC 8200, section 5. Below it the kernel takes IPv6 off the interface. */
const IPV6_MIN_MTU = 1280;

function mtuProblems({ mtu = IPV6_MIN_MTU }: ResolvedInterface, { ipv6, name }: ResolvedNetwork): Problem[] {
  if (ipv6 === undefined || mtu >= IPV6_MIN_MTU) return [];
  const message = `an MTU of ${mtu} is too small for the IPv6 of network ${name}`;
  return [{ path: ["interface", "mtu"], message, remedy: `give ${IPV6_MIN_MTU} or more, or leave subnet6 out` }];
}

function addressProblems({ address }: ResolvedInterface, network: ResolvedNetwork, pins: readonly Pin[]): Problem[] {
  if (address === undefined) return [];
  const path = ["interface", "address"];
  const used = pins.map(({ ip }) => rangeOf(ip));
  const fault = addressFault(network, address, used);
  if (fault) return [{ path, ...fault }];
  const owner = pins.find(({ ip }) => ip === address);
  if (owner === undefined) return [];
  const message = `${address} is the address of the appliance ${owner.name} too`;
  return [{ path, message, remedy: "choose another address for the link, or leave it out" }];
}

function address6Problems({ address6 }: ResolvedInterface, network: ResolvedNetwork, pins: readonly Pin[]): Problem[] {
  if (address6 === undefined) return [];
  const path = ["interface", "address6"];
  const fault = linkIpv6Fault(network, address6);
  if (fault) return [{ path, ...fault }];
  const owner = pins.find(({ ip6 }) => ip6 === address6);
  if (owner === undefined) return [];
  const message = `${address6} is the IPv6 address of the appliance ${owner.name} too`;
  return [{ path, message, remedy: "choose another address for the link, or leave it out" }];
}

function rangeProblems({ reach, ipRange }: ResolvedInterface, network: ResolvedNetwork): Problem[] {
  if (reach !== Reach.Range) return [];
  if (ipRange === undefined)
    return [
      {
        path: ["interface", "reach"],
        message: `range is the route to ipRange, and network ${network.name} has none`,
        remedy: "give network.ipRange, or set reach: pinned",
      },
    ];
  const range = rangeOf(ipRange);
  return behindTheNic(network, range).map((is) => ({
    path: ["network", "ipRange"],
    message: `with reach: range the host sends all of ${ipRange} over the link ${network.parent}, and in it ${is}`,
    remedy: "choose a range apart from it, or set reach: pinned or watch",
  }));
}

function routeProblems({ name, routes = [] }: ResolvedInterface, network: ResolvedNetwork): Problem[] {
  return routes.flatMap((route, i) =>
    behindTheNic(network, rangeOf(route)).map((is) => ({
      path: ["interface", "routes", i],
      message: `${route} would send over the link ${name} what is not behind it: ${is}`,
      remedy: "name the addresses that are behind the link alone",
    })),
  );
}

/** What of a range is on the LAN itself and not on this host, in words. */
function behindTheNic(network: ResolvedNetwork, range: Ipv4Range): string[] {
  return network.claims
    .filter(({ path }) => !["subnet", "ipRange", "hostAddress"].includes(String(path[0])))
    .filter((claim) => overlaps(claim.range, range))
    .slice(0, 1)
    .map(({ range: other, is }) => {
      const part = { first: Math.max(other.first, range.first), last: Math.min(other.last, range.last) };
      return `${formatRange(part)} ${is}`;
    });
}
