import { contains, overlaps, parseCidr, parseIpv4 } from "../../address";
import { nearest } from "../../errors";
import { DoctorRule, Weight } from "../finding";
import { ipv4Of, LanNetwork, Setup } from "../setup";
import { dockerIs, hostAddresses, nicFor, remake, several } from "../words";

/** How a Docker network of the LAN was made. */
export const networkRules: readonly DoctorRule<Setup>[] = [
  {
    id: "no-parent",
    severity: Weight.Problem,
    find: (setup) =>
      setup.networks
        .filter(({ parent }) => parent === undefined)
        .map((network) => {
          const { name, fact } = network;
          const typo = Object.entries(fact.options).find(([key]) => nearest(key, ["parent"]) !== undefined);
          const nic = typo?.[1] ?? nicFor(network, setup.facts) ?? "NIC";
          const why =
            typo === undefined
              ? "has no parent"
              : `has the option ${typo[0]}=${typo[1]}, which Docker ignores, and no parent`;
          return {
            where: `network ${name}`,
            means: `${name} ${why}: Docker put it on a dummy device (dm-${fact.id.slice(0, 12)}) of its own, so that its containers reach each other and nothing else.`,
            remedy: remake(network, setup, { parent: nic }),
          };
        }),
  },
  {
    id: "no-gateway",
    severity: Weight.Risk,
    find: (setup) =>
      setup.networks
        .filter(({ gateway, subnet, fact }) => gateway === undefined && subnet !== undefined && !fact.internal)
        .map((network) => ({
          where: `network ${network.name}`,
          means: dockerIs(setup.facts, "29.0.0")
            ? `${network.name} names no gateway: from Docker 29 on its containers have no default route, and reach the LAN alone.`
            : `${network.name} names no gateway: Docker takes the first address of ${network.subnet} for it, whoever has that on the LAN, and from Docker 29 on gives no default route at all.`,
          remedy: remake(network, setup),
        })),
  },
  {
    id: "wrong-subnet",
    severity: Weight.Problem,
    find: (setup) =>
      setup.networks.flatMap((network) => {
        const subnet = parseCidr(network.subnet ?? "");
        if (subnet.fault || network.lower === undefined) return [];
        const own = ipv4Of(setup.facts, network.lower);
        const fits = own.some(({ address, prefix }) => {
          const lan = parseIpv4(address);
          return !lan.fault && (contains(subnet.value, lan.value) || overlaps(subnet.value, around(lan.value, prefix)));
        });
        if (own.length === 0 || fits) return [];
        const seen = own.map(({ address, prefix }) => `${address}/${prefix}`).join(", ");
        return [
          {
            where: `network ${network.name}`,
            means: `${network.name} has the subnet ${network.subnet}, while ${network.lower}, which it is on, has ${seen}: unless that LAN carries both, nobody there reaches the containers.`,
            remedy: `make it anew with the LAN's subnet and router, and its containers with addresses of that: ${remake({ ...network, members: [] }, setup, { subnet: undefined, gateway: undefined, ipRange: undefined })}`,
          },
        ];
      }),
  },
  {
    id: "pool-on-lan",
    severity: Weight.Risk,
    find: (setup) =>
      setup.networks
        .filter(({ ipRange, subnet, parent }) => ipRange === undefined && subnet !== undefined && parent !== undefined)
        .map((network) => ({
          where: `network ${network.name}`,
          means: `${network.name} has no IP range, so Docker gives out every address of ${network.subnet}${pinned(network)}, whether or not the DHCP server or another machine of the LAN has it.`,
          remedy: remake(network, setup),
        })),
  },
  {
    id: "pin-in-pool",
    severity: Weight.Risk,
    find: ({ networks }) =>
      networks.flatMap((network) => {
        const range = parseCidr(network.ipRange ?? "");
        if (range.fault || range.value.prefix === 32) return [];
        return network.members
          .filter(({ ip, ipPinned }) => {
            const address = parseIpv4(ip ?? "");
            return ipPinned && !address.fault && contains(range.value, address.value);
          })
          .map((member) => ({
            where: `container ${member.name}`,
            means: `The address ${member.ip} of ${member.name} is in the IP range ${network.ipRange} that Docker gives out: while ${member.name} is stopped, a container that asks for no address may take it.`,
            remedy: `give ${member.name} an address of ${network.subnet} outside ${network.ipRange}`,
          }));
      }),
  },
  {
    id: "host-address-in-pool",
    severity: Weight.Risk,
    find: (setup) =>
      setup.networks.flatMap((network) => {
        const pool = parseCidr(network.ipRange ?? network.subnet ?? "");
        if (pool.fault || network.parent === undefined) return [];
        const own = hostAddresses(network, setup.facts).filter(([, address]) => {
          const ip = parseIpv4(address);
          return !ip.fault && contains(pool.value, ip.value);
        });
        if (own.length === 0) return [];
        const addresses = several(own.map(([link, address]) => `${address} (${link})`));
        return [
          {
            where: `network ${network.name}`,
            means: `${network.name} may give the host's own ${addresses} to a container, since Docker does not look at what the host has: the host is then cut off.`,
            remedy: remake(network, setup),
          },
        ];
      }),
  },
  {
    id: "docker-owned-vlan",
    severity: Weight.Note,
    find: ({ networks, facts }) =>
      networks
        .filter(({ parent }) => {
          const base = /^([^.]+)\.\d+$/.exec(parent ?? "")?.[1];
          return base !== undefined && facts.links.some(({ ifname }) => ifname === base);
        })
        .map(({ name, parent }) => ({
          where: `network ${name}`,
          means: `If ${parent} is missing when Docker starts, Docker makes that VLAN itself, and removes it together with ${name}, whoever else uses it.`,
          remedy: "",
        })),
  },
];

function pinned({ members }: LanNetwork): string {
  const names = members.filter(({ ipPinned }) => ipPinned).map(({ name }) => name);
  return names.length === 0 ? "" : ` (that of ${several(names)} too while it is stopped)`;
}

function around(address: number, prefix: number): { first: number; last: number } {
  const size = 2 ** (32 - prefix);
  const first = Math.floor(address / size) * size;
  return { first, last: first + size - 1 };
}
