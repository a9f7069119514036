import { Cidr6, contains6, embeddedIpv6, formatIpv6, parseCidr6, parseIpv6 } from "../address";
import { Fault, Problem, valueOf } from "../errors";

/** The IPv6 half of a network, with every default filled in. */
export interface ResolvedIpv6 {
  readonly subnet: string;
  readonly gateway: string;
  /** What Docker is told: the gateway alone, which is taken, so that it gives none out. */
  readonly ipRange: string;
  readonly cidr: Cidr6;
}

/** What of a specification is about IPv6. */
export interface Ipv6Fields {
  readonly subnet6?: string;
  readonly gateway6?: string;
}

/** Each field must have passed the schema. Undefined for a network of IPv4 alone. */
export function resolveIpv6({ subnet6, gateway6 }: Ipv6Fields): ResolvedIpv6 | undefined {
  if (subnet6 === undefined) return undefined;
  const cidr = valueOf(parseCidr6(subnet6));
  // Without one Docker up to 28 takes an address of its own choice for the gateway, and from 29 on none.
  const gateway = gateway6 ?? formatIpv6(cidr.first + 1n);
  return { subnet: subnet6, gateway, ipRange: `${gateway}/128`, cidr };
}

/** What the fields get wrong together. */
export function checkIpv6({ subnet6, gateway6 }: Ipv6Fields): Problem[] {
  if (gateway6 === undefined) return [];
  const path = ["gateway6"];
  if (subnet6 === undefined)
    return [{ path, message: "is for a network with subnet6", remedy: "give subnet6 too, or leave it out" }];
  const cidr = valueOf(parseCidr6(subnet6));
  const address = valueOf(parseIpv6(gateway6));
  if (!contains6(cidr, address))
    return [
      {
        path,
        message: `${gateway6} is not inside subnet6, ${subnet6}, and Docker takes no other gateway`,
        remedy: "give the address that the router has there (on it: ip -6 addr)",
      },
    ];
  if (address === cidr.first)
    return [
      {
        path,
        message: `${gateway6} is the address that every router of ${subnet6} has, and Docker keeps it back`,
        remedy: `give the router's own, such as ${formatIpv6(cidr.first + 1n)}`,
      },
    ];
  return [];
}

/** The IPv6 address of an appliance: the one that is given, or that of its IPv4 address. Undefined where it has none. */
export function ipv6Of(network: { readonly ipv6?: ResolvedIpv6 }, ip: string, ip6?: string): string | undefined {
  return network.ipv6 === undefined ? undefined : (ip6 ?? embeddedIpv6(network.ipv6.cidr, ip));
}

/** Why an appliance with this IPv4 address cannot have `ip6`, or cannot do without one. */
export function ipv6Fault(
  { name, ipv6 }: { readonly name: string; readonly ipv6?: ResolvedIpv6 },
  ip: string,
  ip6: string | undefined,
): Fault | undefined {
  if (ipv6 === undefined)
    return ip6 === undefined
      ? undefined
      : { message: `the network ${name} has no IPv6`, remedy: "give it subnet6, or leave ip6 out" };
  const address = ipv6Of({ ipv6 }, ip, ip6);
  if (address === undefined)
    return {
      message: `is missing: Docker starts no container without an IPv6 address on network ${name}, and none in ${ipv6.subnet} goes with ${ip}`,
      remedy: "give one, or use a subnet6 of at most /96",
    };
  const is = claimOf(ipv6, name, valueOf(parseIpv6(address)));
  return is === undefined ? undefined : { message: `${address} ${is}`, remedy: freeIpv6(ipv6, ip, ip6) };
}

/** Why a host's link on the network cannot have that IPv6 address. */
export function linkIpv6Fault(
  { name, ipv6 }: { readonly name: string; readonly ipv6?: ResolvedIpv6 },
  address: string,
): Fault | undefined {
  if (ipv6 === undefined)
    return { message: `the network ${name} has no IPv6`, remedy: "give it subnet6, or leave address6 out" };
  const is = claimOf(ipv6, name, valueOf(parseIpv6(address)));
  return is === undefined
    ? undefined
    : { message: `${address} ${is}`, remedy: `choose another address in ${ipv6.subnet}` };
}

/** What to do about an IPv6 address that an appliance cannot have. */
export function freeIpv6(ipv6: ResolvedIpv6, ip: string, ip6: string | undefined): string {
  const derived = embeddedIpv6(ipv6.cidr, ip);
  const other = `choose another address in ${ipv6.subnet}`;
  if (ip6 === undefined) return `${other} and give it as ip6`;
  return derived === undefined || derived === ip6 ? other : `${other}, or leave ip6 out: it is ${derived} then`;
}

function claimOf({ subnet, gateway, cidr }: ResolvedIpv6, name: string, address: bigint): string | undefined {
  if (!contains6(cidr, address)) return `is outside ${subnet}, the subnet6 of network ${name}`;
  if (address === cidr.first) return `is the address that every router of ${subnet} has`;
  return address === valueOf(parseIpv6(gateway)) ? `is the gateway6 of network ${name}` : undefined;
}
