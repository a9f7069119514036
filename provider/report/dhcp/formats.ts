// Reservations and DNS names as the servers of a LAN read them: pure. The appliances have their addresses without asking a
// DHCP server: a reservation keeps it from giving them to somebody else, and the name needs an entry of its own.
import { addressesOf } from "../../address";
import { Fault } from "../../errors";
import { LanReservations, Reservation } from "./reservations";

export interface DhcpOptions {
  /** Domain of the names, such as home.arpa. Without one they stand alone. */
  readonly domain?: string;
}

type Format = (lans: readonly LanReservations[], options: DhcpOptions) => string;

/** What `macvlan dhcp --format` takes, and what each is for. */
export const DHCP_FORMATS = {
  dnsmasq: "dnsmasq, Pi-hole, OpenWrt: a file for /etc/dnsmasq.d",
  kea: "Kea DHCPv4: the subnet4 part of its configuration",
  isc: "ISC dhcpd: a file to include",
  opnsense:
    "OPNsense: CSV to import at Services: Dnsmasq: Hosts, and with the columns of Services: Kea DHCP: Reservations",
  "unifi-csv":
    "UniFi: CSV with the names of the controller's own fields, for scripts on its API (it imports no file itself)",
  hosts: "/etc/hosts, and every DNS server that reads such files",
  csv: "CSV with everything",
} as const;

export type DhcpFormat = keyof typeof DHCP_FORMATS;

/** The reservations of a fleet in one format. */
export function renderDhcp(format: DhcpFormat, lans: readonly LanReservations[], options: DhcpOptions = {}): string {
  return renderers[format](lans, options);
}

/** Why `domain` is none, if so. */
export function domainFault(domain: string): Fault | undefined {
  const labels = domain.split(".");
  if (domain.length <= 200 && labels.every((each) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(each)))
    return undefined;
  return {
    message: `${JSON.stringify(domain)} is not a domain`,
    remedy: "write labels of letters, digits and -, such as home.arpa",
  };
}

function full({ name }: Reservation, { domain }: DhcpOptions): string {
  return domain === undefined ? name : `${name}.${domain}`;
}

/** Names of LANs are the user's; a comment ends with its line. */
function title({ lan, subnet, pool }: LanReservations): string {
  const dynamic = pool === undefined ? "" : `; ${pool.first} to ${pool.last} are given out by the server itself`;
  return `LAN ${lan.replace(/[\r\n]/g, " ")}, ${subnet}${dynamic}`;
}

/** Appliances with a MAC of their own; the others are outside the pool, and known by their names alone. */
function reservable(reservations: readonly Reservation[]): (Reservation & { readonly mac: string })[] {
  return reservations.flatMap((each) => (each.mac === undefined ? [] : [{ ...each, mac: each.mac }]));
}

/** Says in a comment who is left out. */
function leftOut({ reservations }: LanReservations): string {
  const names = reservations.flatMap(({ mac, name, ip }) => (mac === undefined ? [`${name} ${ip}`] : []));
  return names.length === 0
    ? ""
    : `# without a reservation, since ipvlan has the MAC of the host's NIC: ${names.join(", ")}\n`;
}

const dnsmasq: Format = (lans, options) =>
  lans
    .map((lan) => {
      const hosts = reservable(lan.reservations).map(({ mac, ip, ip6, name }) => {
        return `dhcp-host=${mac},${ip},${ip6 === undefined ? "" : `[${ip6}],`}${name}`;
      });
      const names = lan.reservations.map((each) => {
        const both = options.domain === undefined ? [each.name] : [full(each, options), each.name];
        return `host-record=${both.join(",")},${addressesOf(each).join(",")}`;
      });
      return `# ${title(lan)}\n${leftOut(lan)}${[...hosts, ...names].map((line) => `${line}\n`).join("")}`;
    })
    .join("\n");

const kea: Format = (lans, options) => {
  const subnet4 = lans.map(({ lan, subnet, gateway, pool, reservations }, i) => ({
    id: i + 1,
    subnet,
    "user-context": { lan },
    ...(pool === undefined ? {} : { pools: [{ pool: `${pool.first} - ${pool.last}` }] }),
    "option-data": [{ name: "routers", data: gateway }],
    reservations: reservable(reservations).map((each) => ({
      "hw-address": each.mac,
      "ip-address": each.ip,
      hostname: full(each, options),
    })),
  }));
  return `${JSON.stringify({ Dhcp4: { subnet4 } }, null, 2)}\n`;
};

const isc: Format = (lans, options) =>
  lans
    .map((lan) => {
      const hosts = reservable(lan.reservations).map((each) => {
        return `host ${each.name} { hardware ethernet ${each.mac}; fixed-address ${each.ip}; option host-name "${full(each, options)}"; }\n`;
      });
      return `# ${title(lan)}\n${leftOut(lan)}${hosts.join("")}`;
    })
    .join("\n");

const hosts: Format = (lans, options) =>
  lans
    .map((lan) => {
      const lines = lan.reservations.map((each) => {
        const names = options.domain === undefined ? each.name : `${full(each, options)} ${each.name}`;
        return addressesOf(each)
          .map((address) => `${address} ${names}\n`)
          .join("");
      });
      return `# ${title(lan)}\n${lines.join("")}`;
    })
    .join("\n");

/** The columns of Kea's export; the import of Dnsmasq's hosts knows them too (OPNsense 25.1: Dnsmasq/Api/SettingsController). */
const opnsense: Format = (lans) =>
  csvOf(
    ["subnet", "ip_address", "hw_address", "hostname", "description"],
    lans.flatMap(({ subnet, reservations }) =>
      reservable(reservations).map(({ ip, mac, name, appliance, host }) => [
        subnet,
        ip,
        mac,
        name,
        `${appliance} on ${host}`,
      ]),
    ),
  );

const unifi: Format = (lans) =>
  csvOf(
    ["mac", "name", "fixed_ip", "network"],
    lans.flatMap(({ lan, reservations }) => reservable(reservations).map(({ mac, name, ip }) => [mac, name, ip, lan])),
  );

const csv: Format = (lans, options) => {
  const dual = lans.some(({ reservations }) => reservations.some(({ ip6 }) => ip6 !== undefined));
  return csvOf(
    ["lan", "subnet", "host", "appliance", "name", "ip", ...(dual ? ["ip6"] : []), "mac"],
    lans.flatMap(({ lan, subnet, reservations }) =>
      reservations.map((each) => {
        const addresses = [each.ip, ...(dual ? [each.ip6 ?? ""] : []), each.mac ?? ""];
        return [lan, subnet, each.host, each.appliance, full(each, options), ...addresses];
      }),
    ),
  );
};

/** RFC 4180, with line feeds alone. */
function csvOf(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
  return [header, ...rows].map((row) => `${row.map(cell).join(",")}\n`).join("");
}

const renderers: Readonly<Record<DhcpFormat, Format>> = {
  ...{ dnsmasq, kea, isc, opnsense, hosts, csv },
  "unifi-csv": unifi,
};
