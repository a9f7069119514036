// Who has which address on a LAN, for the server that gives out the others: pure.
import { formatIpv4, Ipv4Range, parseIpv4 } from "../../address";
import { valueOf } from "../../errors";
import { FleetHost, FleetLan, HostOnLan, lansOf } from "../fleet-host";

/** One address that is nobody else's. */
export interface Reservation {
  /** Name in the DNS: that of the appliance, with its host's where two hosts of the fleet have one of the same name. */
  readonly name: string;
  readonly ip: string;
  readonly ip6?: string;
  /** Absent with ipvlan: a MAC that a whole host has reserves nothing. */
  readonly mac?: string;
  readonly appliance: string;
  readonly host: string;
}

/** A LAN with all its reservations, sorted by address. */
export interface LanReservations {
  readonly lan: string;
  readonly subnet: string;
  readonly gateway: string;
  /** First and last address that the DHCP server gives out itself. */
  readonly pool?: { readonly first: string; readonly last: string };
  readonly reservations: readonly Reservation[];
}

/** The reservations of each LAN, in the order of the LANs' names. */
export function reservationsOf(hosts: readonly FleetHost[]): LanReservations[] {
  const times = new Map<string, number>();
  for (const { name } of hosts.flatMap(({ resolved }) => resolved.pins)) times.set(name, (times.get(name) ?? 0) + 1);
  const names = new Set<string>();
  return lansOf(hosts).map((lan) => reservationsOn(lan, times, names));
}

/** `times` says how often a name is one of an appliance; `names` are those that are given already. */
function reservationsOn(
  { name: lan, subnet, gateway, hosts }: FleetLan,
  times: ReadonlyMap<string, number>,
  names: Set<string>,
): LanReservations {
  const pins = hosts.flatMap((host) => host.pins.map((pin) => ({ host: host.name, pin })));
  const reservations = pins.map(({ host, pin }): Reservation => {
    const name = times.get(pin.name)! > 1 ? `${pin.name}-${host}` : pin.name;
    const { ip, ip6, mac } = pin;
    const addresses = { ip, ...(ip6 === undefined ? {} : { ip6 }), ...(mac === undefined ? {} : { mac }) };
    return { name: distinct(label(name), names), ...addresses, appliance: pin.name, host };
  });
  const pool = hosts.map(poolOf).find((range) => range !== undefined);
  return {
    ...{ lan, subnet, gateway },
    ...(pool === undefined ? {} : { pool: { first: formatIpv4(pool.first), last: formatIpv4(pool.last) } }),
    reservations: reservations.sort((a, b) => valueOf(parseIpv4(a.ip)) - valueOf(parseIpv4(b.ip))),
  };
}

function poolOf({ network }: HostOnLan): Ipv4Range | undefined {
  return network.claims.find(({ path }) => path[0] === "dhcpPool")?.range;
}

/** A label of the DNS (RFC 1123): at most 63 letters, digits and -, which is not at its ends. */
function label(name: string): string {
  const text = name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .slice(0, 63)
    .replace(/^-+|-+$/g, "");
  return text === "" ? "appliance" : text;
}

/** Names that became the same as labels get a number. */
function distinct(name: string, names: Set<string>): string {
  let own = name;
  for (let i = 2; names.has(own); i++) own = `${name.slice(0, 59)}-${i}`;
  names.add(own);
  return own;
}
