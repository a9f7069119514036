import { group, list } from "../validate";

/**
 * Docker's option for settings of one end of a network. From 27.0 on Docker switches IPv6 off after everything else where the network has
 * none, and this comes later still; earlier ones pass it over. Compose passes it on from 2.27.1 on.
 */
const OPTION = "com.docker.network.endpoint.sysctls";

/**
 * What an appliance is to do with the LAN's routers where Docker by itself does the opposite: on a network with IPv6 a container hears them,
 * on one of IPv4 alone it has no IPv6. Undefined where that is what is wanted.
 */
export function slaacOf(slaac: boolean | undefined, ip6: string | undefined): boolean | undefined {
  return slaac === (ip6 !== undefined) ? undefined : slaac;
}

/** What the override file says of it: of the service, and of its end of the LAN's network. `end` is what the user's file says of that. */
export function slaacPins(
  slaac: boolean | undefined,
  end: Record<string, unknown>,
): { service: Record<string, unknown>; network: Record<string, unknown> } {
  if (slaac === undefined) return { service: {}, network: {} };
  const setting = `net.ipv6.conf.IFNAME.${slaac ? "disable_ipv6" : "accept_ra"}=0`;
  const own = list(group(end["driver_opts"])[OPTION]).map(String);
  return {
    // Up to Docker 26 this is what counts, since it comes after Docker has switched IPv6 off.
    service: slaac ? { sysctls: { "net.ipv6.conf.all.disable_ipv6": "0" } } : {},
    network: { driver_opts: { [OPTION]: [...own, setting].join() } },
  };
}
