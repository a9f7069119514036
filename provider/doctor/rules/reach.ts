import { contains, parseCidr, parseIpv4 } from "../../address";
import { RouteFact } from "../../observe";
import { DoctorRule, Weight } from "../finding";
import { HostLink, ipv4Of, LanNetwork, Member, Setup } from "../setup";
import { several } from "../words";

/** How the host and its own containers reach each other, and what that does to the rest of the LAN. */
export const reachRules: readonly DoctorRule<Setup>[] = [
  {
    id: "lan-hijacked",
    severity: Weight.Problem,
    find: (setup) =>
      rivals(setup)
        .filter(({ shim, nic }) => metric(shim) < metric(nic))
        .map(({ link, shim, nic, address }) => ({
          where: `link ${link.name}`,
          means: `${link.name} has the address ${address}, so that the whole of ${shim.dst} goes out by it and not by ${link.on} (metric ${metric(shim)} against ${metric(nic)}): the LAN sees the host under another MAC.`,
          remedy: narrow(link, address, setup),
        })),
  },
  {
    id: "lan-route-twice",
    severity: Weight.Risk,
    find: (setup) =>
      rivals(setup)
        .filter(({ shim, nic }) => metric(shim) >= metric(nic))
        .map(({ link, shim, address }) => ({
          where: `link ${link.name}`,
          means: `${link.name} has the address ${address}, so that the host has two routes to ${shim.dst}: which one is taken depends on which was set first, and a renewed address of ${link.on} changes it.`,
          remedy: narrow(link, address, setup),
        })),
  },
  {
    id: "arp-flux",
    severity: Weight.Risk,
    find: (setup) =>
      setup.links.flatMap((link) => {
        const own = ipv4Of(setup.facts, link.on);
        if (link.kind !== "macvlan" || !link.up || own.length === 0 || answersAlone(link.name, setup)) return [];
        const strict = Math.max(arp(setup, "all", "rp_filter") ?? 0, arp(setup, link.name, "rp_filter") ?? 0) === 1;
        return [
          {
            where: `link ${link.name}`,
            means: `Both ${link.on} and ${link.name} answer on the LAN when somebody asks who has ${own[0]!.address}${strict ? "; with rp_filter=1 a machine that takes the wrong answer cannot reach the host" : ""}.`,
            remedy: `${settings(link.name, "arp_filter=1")}; not arp_ignore, which keeps the containers from the host`,
          },
        ];
      }),
  },
  {
    id: "arp-ignore",
    severity: Weight.Note,
    find: (setup) =>
      setup.links.flatMap((link) =>
        link.kind === "macvlan" &&
        link.up &&
        ignores(link.name, setup) &&
        ignores(link.on, setup) &&
        reaching(link, setup)
          ? [
              {
                where: `link ${link.name}`,
                means: `With arp_ignore on ${link.on} and ${link.name} the containers do not find the host under its own address, only under one on ${link.name}.`,
                remedy: `to change that: arp_ignore=0 on both, and ${settings(link.name, "arp_filter=1")}`,
              },
            ]
          : [],
      ),
  },
  {
    id: "shim-mode",
    severity: Weight.Problem,
    find: (setup) =>
      setup.links
        .filter((link) => link.kind === "macvlan" && link.mode !== "bridge" && reaching(link, setup))
        .map((link) => ({
          where: `link ${link.name}`,
          means: `${link.name} is in mode ${link.mode} (the kernel's choice where none is given is vepa), in which it does not reach the containers beside it.`,
          remedy: `ip link set ${link.name} type macvlan mode bridge; and "mode bridge" where it is made${link.makers.length === 0 ? "" : ` (${link.makers[0]!.path})`}`,
        })),
  },
  {
    id: "link-down",
    severity: Weight.Problem,
    find: (setup) =>
      setup.links
        .filter((link) => !link.up && (link.parentOf.length > 0 || reaching(link, setup)))
        .map((link) => ({
          where: `link ${link.name}`,
          means: `${link.name} is down${link.parentOf.length > 0 ? `, and it is the parent of ${link.parentOf.join(", ")}` : ": the host does not reach its containers"}.`,
          remedy: `ip link set ${link.name} up`,
        })),
  },
  {
    id: "nic-down",
    severity: Weight.Problem,
    find: ({ networks, facts }) =>
      [...new Set(networks.flatMap(({ lower, members }) => (lower !== undefined && members.length > 0 ? [lower] : [])))]
        .filter((name) => facts.links.some(({ ifname, flags }) => ifname === name && !flags.includes("UP")))
        .map((name) => ({
          where: `NIC ${name}`,
          means: `${name}, which the containers are on, is down: nobody on the LAN reaches them.`,
          remedy: `ip link set ${name} up`,
        })),
  },
  {
    id: "macvlan-router-routes",
    severity: Weight.Problem,
    find: (setup) =>
      routed(setup)
        .filter(({ without }) => without.length > 0)
        .map(({ router, link, without }) => ({
          where: `container ${router}`,
          means: `macvlan-router (since 2025-05-25) takes away the routes of all containers in each of its rounds as soon as the network has two: at the moment the host has none to ${several(without.map(({ name }) => name))}.`,
          remedy: `docker stop ${router}; ${without.map(({ ip }) => route(ip!, link)).join("; ")}; and have a unit set them at boot`,
        })),
  },
  {
    id: "macvlan-router",
    severity: Weight.Risk,
    find: (setup) =>
      routed(setup)
        .filter(({ without }) => without.length === 0)
        .map(({ router, members }) => ({
          where: `container ${router}`,
          means: `macvlan-router (since 2025-05-25) takes away the routes of all containers in each of its rounds as soon as the network has two${members.length > 1 ? `, as this one has (${several(members.map(({ name }) => name))})` : ""}.`,
          remedy: `with two containers or more: routes of your own (ip route replace IP/32 dev LINK src HOST), set by a unit at boot, in place of ${router}`,
        })),
  },
  {
    id: "no-route",
    severity: Weight.Note,
    find: (setup) =>
      setup.links.flatMap((link) => {
        if (link.ours || link.kind !== "macvlan" || !reaching(link, setup) || routers(setup).length > 0) return [];
        return unreached(link, setup).map(({ member }) => ({
          where: `container ${member.name}`,
          means: `${link.name} lets the host reach some containers, and there is no route to ${member.name} (${member.ip}).`,
          remedy: route(member.ip!, link),
        }));
      }),
  },
  {
    id: "no-host-reach",
    severity: Weight.Note,
    find: (setup) =>
      setup.networks
        .filter(
          ({ lower, members }) => lower !== undefined && members.some(({ running, ip }) => running && ip !== undefined),
        )
        .filter(
          ({ lower, parent }) =>
            !setup.facts.linkConfs.has(parent ?? "") &&
            !setup.links.some((link) => link.on === lower && link.kind === "macvlan" && reaching(link, setup)),
        )
        .map((network) => ({
          where: `network ${network.name}`,
          means: `The host itself does not reach the containers of ${network.name}, nor they the host: the kernel keeps ${network.driver} links and the device below apart. The rest of the LAN does.`,
          remedy: isJoinable(network) ? `only if the host needs them: ${shimFor(network, setup)}` : "",
        })),
  },
];

interface Rival {
  readonly link: HostLink;
  readonly address: string;
  readonly shim: RouteFact;
  readonly nic: RouteFact;
}

/** Links whose address brings the host a second route to the subnet that the NIC is in. */
function rivals(setup: Setup): Rival[] {
  const { routes } = setup.facts;
  return setup.links.flatMap((link) =>
    link.addresses.flatMap((address): Rival[] => {
      const own = parseIpv4(address.split("/")[0]!);
      const shim = routes.find(
        ({ dev, dst, protocol }) => dev === link.name && protocol === "kernel" && inside(dst, own.value),
      );
      const nic = routes.find(
        ({ dev, dst, protocol }) => dev === link.on && protocol === "kernel" && dst === shim?.dst,
      );
      return shim === undefined || nic === undefined ? [] : [{ link, address, shim, nic }];
    }),
  );
}

function metric(found: RouteFact): number {
  return found.metric ?? 0;
}

function inside(subnet: string, address: number | undefined): boolean {
  const cidr = parseCidr(subnet.includes("/") ? subnet : `${subnet}/32`);
  return address !== undefined && !cidr.fault && contains(cidr.value, address);
}

/** Whether a link is there so that the host reaches containers: it has an address, or routes lead over it. */
function reaching({ name, addresses }: HostLink, { facts }: Setup): boolean {
  return addresses.length > 0 || facts.routes.some(({ dev }) => dev === name);
}

interface Placed {
  readonly member: Member;
  readonly network: LanNetwork;
}

/** Running containers beside a link that no route over it leads to. */
function unreached(link: HostLink, setup: Setup): Placed[] {
  return beside(link, setup).filter(({ member }) => {
    const ip = parseIpv4(member.ip!).value;
    return !setup.facts.routes.some(({ dev, dst }) => dev === link.name && inside(dst, ip));
  });
}

/** Whether a link beside its containers reaches them: the kernel hands frames over only between macvlans in mode bridge. */
function isJoinable({ driver, fact }: LanNetwork): boolean {
  return driver === "macvlan" && (fact.options.macvlan_mode ?? "bridge") === "bridge";
}

function beside(link: HostLink, { networks }: Setup): Placed[] {
  return networks
    .filter((network) => isJoinable(network) && network.lower === link.on)
    .flatMap((network) =>
      network.members.filter(({ running, ip }) => running && ip !== undefined).map((member) => ({ member, network })),
    );
}

/** Running containers that are macvlan-router. */
export function routers({ facts }: Setup): string[] {
  return facts.containers
    .filter(({ status, image, name }) => status === "running" && /macvlan-router/.test(`${image} ${name}`))
    .map(({ name }) => name);
}

/** Each running macvlan-router with the link it works on and the containers it has no /32 route to. */
function routed(setup: Setup): { router: string; link: HostLink; members: Member[]; without: Member[] }[] {
  const { routes } = setup.facts;
  return routers(setup).flatMap((router) =>
    setup.links
      .filter((link) => link.kind === "macvlan" && link.addresses.length > 0 && !link.ours)
      .map((link) => {
        const members = beside(link, setup).map(({ member }) => member);
        const without = members.filter(({ ip }) => !routes.some(({ dev, dst }) => dev === link.name && dst === ip));
        return { router, link, members, without: members.length > 1 ? without : [] };
      }),
  );
}

function arp({ boot }: Setup, name: string, key: string): number | undefined {
  const value = boot.arp.get(`${name}/${key}`);
  return value === undefined ? undefined : Number(value);
}

/** What holds is the higher of an interface's own setting and that of all. */
function ignores(name: string, setup: Setup): boolean {
  return Math.max(arp(setup, "all", "arp_ignore") ?? 0, arp(setup, name, "arp_ignore") ?? 0) > 0;
}

/** Whether only the NIC answers for the NIC's address; also where that was not looked at. */
function answersAlone(name: string, setup: Setup): boolean {
  const filter = arp(setup, name, "arp_filter");
  if (filter === undefined) return true;
  return filter > 0 || (arp(setup, "all", "arp_filter") ?? 0) > 0 || ignores(name, setup);
}

function settings(name: string, setting: string): string {
  const key = `net/ipv4/conf/${name}/${setting}`;
  return `sysctl -w ${key}; echo ${key} > /etc/sysctl.d/90-${name}.conf`;
}

function narrow(link: HostLink, address: string, setup: Setup): string {
  const ip = address.split("/")[0]!;
  const made = link.makers[0] ?? undefined;
  const source = routers(setup).length > 0 ? "MACVLAN_BRIDGE_IP of macvlan-router" : (made?.path ?? "whatever sets it");
  const routes = beside(link, setup).map(({ member }) => `ip route replace ${member.ip}/32 dev ${link.name}`);
  return [
    `ip addr add ${ip}/32 dev ${link.name}; ip addr del ${address} dev ${link.name}`,
    ...routes,
    `the same in ${source}`,
  ].join("; ");
}

function route(ip: string, { name, addresses }: HostLink): string {
  const source = addresses[0]?.split("/")[0];
  return `ip route replace ${ip}/32 dev ${name}${source === undefined ? "" : ` src ${source}`}`;
}

/** No address of its own: the routes name the NIC's as their source. */
function shimFor(network: LanNetwork, setup: Setup): string {
  const { lower, members } = network;
  const existing = setup.links.find(({ on, kind }) => on === lower && kind === "macvlan");
  const name = existing?.name ?? "lan0";
  const source = ipv4Of(setup.facts, lower!)[0]?.address;
  const ips = members.filter(({ running, ip }) => running && ip !== undefined).map(({ ip }) => ip!);
  return [
    ...(existing ? [] : [`ip link add link ${lower} name ${name} type macvlan mode bridge`, `ip link set ${name} up`]),
    `sysctl -w net/ipv4/conf/${name}/arp_filter=1`,
    ...ips.map((ip) => `ip route replace ${ip}/32 dev ${name}${source === undefined ? "" : ` src ${source}`}`),
  ].join("; ");
}
