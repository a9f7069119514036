// Whether the appliances' addresses and MACs fit their LANs, each other and the links.
import { contains, Ipv4Range, parseIpv4, rangeOf } from "../address";
import { Problem, valueOf } from "../errors";
import { addressFault, freeAddress, freeIpv6, ipv6Fault } from "../macvlan-network";
import type { LanPin } from "./host";
import { lanOf, ReadableLan } from "./lans";

export function checkAddresses(lans: readonly ReadableLan[], pins: readonly LanPin[]): Problem[] {
  const used: Ipv4Range[] = pins.map(({ ip }) => rangeOf(ip));
  return pins.flatMap((pin, i) => {
    const path = [...pin.path, "ip"];
    const network = lanOf(lans, pin.lan)?.network;
    const fault = network && addressFault(network, pin.ip, used);
    if (fault) return [{ path, ...fault, remedy: whereItFits(lans, pin) ?? fault.remedy }];
    const twin = pins.slice(0, i).find(({ ip }) => ip === pin.ip);
    if (twin === undefined) return [];
    const message = `${pin.ip} is the address of the appliance ${twin.name} too`;
    return [{ path, message, remedy: network ? freeAddress(network, used) : "give each its own" }];
  });
}

/** `given` are the IPv6 addresses as they are written, by appliance. */
export function checkIpv6Addresses(
  lans: readonly ReadableLan[],
  pins: readonly LanPin[],
  given: ReadonlyMap<string, string | undefined>,
): Problem[] {
  return pins.flatMap((pin, i) => {
    const path = [...pin.path, "ip6"];
    const network = lanOf(lans, pin.lan)?.network;
    const written = given.get(pin.name);
    const fault = network && ipv6Fault(network, pin.ip, written);
    if (fault) return [{ path, ...fault }];
    if (pin.ip6 === undefined || network?.ipv6 === undefined) return [];
    // Two equal addresses make two equal ones: one problem, told as that of the addresses.
    const twin = pins.slice(0, i).find(({ ip6, ip }) => ip6 === pin.ip6 && ip !== pin.ip);
    if (twin === undefined) return [];
    const message = `${pin.ip6} is the IPv6 address of the appliance ${twin.name} too`;
    return [{ path, message, remedy: freeIpv6(network.ipv6, pin.ip, written) }];
  });
}

/** What to do about an address of another LAN of the host. */
function whereItFits(lans: readonly ReadableLan[], { ip, lan }: LanPin): string | undefined {
  const other = lans.find(({ name, network }) => {
    return name !== lan && network !== undefined && contains(network.cidr, valueOf(parseIpv4(ip)));
  });
  return other && `say lan: ${other.name}, which has ${other.network!.subnet}, or choose another address`;
}

export function checkMacs(lans: readonly ReadableLan[], pins: readonly LanPin[]): Problem[] {
  const problems: Problem[] = [];
  const remedy = "give each its own, or leave them out to have them derived";
  const links = lans.flatMap(({ link, path }) => (link === undefined ? [] : [{ link, path }]));
  for (const { link, path } of links)
    if (link.mac !== undefined && links.some((other) => other.link.nic.mac === link.mac))
      problems.push({
        path: [...path, "interface", "mac"],
        message: `${link.mac} is the MAC of the NIC itself`,
        remedy,
      });
  for (const [i, { path, mac, ip }] of pins.entries()) {
    if (mac === undefined) continue;
    const at = [...path, "mac"];
    const twin = pins.slice(0, i).find((other) => other.mac === mac);
    const owner = links.find(({ link }) => mac === link.mac || mac === link.nic.mac)?.link;
    if (owner !== undefined) {
      const what = mac === owner.mac ? `the link ${owner.name}` : "the NIC";
      problems.push({ path: at, message: `${mac} is the MAC of ${what} too`, remedy });
    }
    // Two equal addresses derive two equal MACs: one problem, told as that of the addresses.
    else if (twin !== undefined && twin.ip !== ip)
      problems.push({ path: at, message: `${mac} is the MAC of the appliance ${twin.name} too`, remedy });
  }
  return problems;
}
