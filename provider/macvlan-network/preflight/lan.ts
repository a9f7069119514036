import { contains, parseCidr, parseIpv4 } from "../../address";
import { givenIpv4, HostFacts, Rule, Severity } from "../../observe";
import type { ResolvedNetwork } from "../resolve";

/** A network with what is known of the link that it is on; by itself it is what the host has. */
export interface NetworkOnLink extends ResolvedNetwork {
  /** Name of the NIC. */
  readonly nic?: string;
  /** Whether the host reaches its appliances. */
  readonly reach?: string;
}

function nicOf(facts: HostFacts, spec: NetworkOnLink): string | undefined {
  return spec.nic ?? facts.links.find(({ ifname }) => ifname === spec.parent)?.link;
}

function isIn(cidr: { readonly first: number; readonly last: number }, address: string): boolean {
  const parsed = parseIpv4(address);
  return !parsed.fault && contains(cidr, parsed.value);
}

export const lanRules: readonly Rule<NetworkOnLink>[] = [
  {
    id: "subnet-of-nic",
    severity: Severity.Warn,
    about:
      "The NIC has addresses, and none of them is of the network's subnet: either is mistyped, or the NIC is on another LAN. A NIC " +
      "without an address (a trunk of VLANs, a port for the appliances alone) is no finding.",
    find: (facts, spec) => {
      const nic = nicOf(facts, spec);
      const own = givenIpv4(facts, nic);
      if (nic === undefined || own.length === 0) return [];
      if (own.some(({ address, prefix }) => isIn(spec.cidr, address) && prefix === spec.cidr.prefix)) return [];
      const list = own.map(({ address, prefix }) => `${address}/${prefix}`).join(" and ");
      return [
        {
          path: ["subnet"],
          message: `${nic} has the address ${list}, and this network is ${spec.subnet}`,
          remedy: "give the subnet of the LAN that the NIC is on, or another NIC",
        },
      ];
    },
  },
  {
    id: "gateway-of-host",
    severity: Severity.Warn,
    about:
      "The host leaves the same subnet by another router than the appliances are to. That may be meant (a VPN router for the " +
      "appliances); most often an address is mistyped, and the appliances have no way out.",
    find: ({ routes }, spec) => {
      const gateways = routes.flatMap(({ dst, gateway }) =>
        dst === "default" && gateway !== undefined ? [gateway] : [],
      );
      const near = gateways.filter((gateway) => isIn(spec.cidr, gateway));
      if (near.length === 0 || near.includes(spec.gateway)) return [];
      return [
        {
          path: ["gateway"],
          message: `the host itself leaves ${spec.subnet} by ${near.join(" and ")}, not by ${spec.gateway}`,
          remedy: "see which is the LAN's router",
        },
      ];
    },
  },
  {
    id: "gateway-is-host",
    severity: Severity.Refuse,
    overridable: true,
    about:
      "The host is the LAN's router itself, and with `reach: none` its appliances do not reach it: the kernel keeps a NIC and the " +
      "macvlans on it apart. With `reach: pinned` they do, through the parent link.",
    find: (facts, spec) => {
      const reach = spec.reach ?? facts.linkConfs.get(spec.parent)?.REACH;
      const owner = [...facts.addresses].find(([name]) =>
        givenIpv4(facts, name).some(({ address }) => address === spec.gateway),
      );
      if (owner === undefined || reach !== "none") return [];
      return [
        {
          path: ["gateway"],
          message: `${spec.gateway} is this host itself, which its appliances do not reach`,
          remedy: `set reach: pinned on the link${spec.mode === "bridge" ? "" : ", and mode: bridge"}${spec.driver === "ipvlan" ? ", and give it an address" : ""}`,
        },
      ];
    },
  },
  {
    id: "mode-without-reach",
    severity: Severity.Warn,
    about:
      "The network is in mode `private` or `vepa`, and the link on the host has routes to its containers, by which nothing is " +
      "reached: the kernel hands frames over only between macvlans in mode bridge, as the link is. Where the switch sends frames " +
      "back, the NIC reaches containers in mode `vepa`, without routes. An ApplianceHost refuses it in the specification; of " +
      "components by themselves only the host knows both.",
    find: (facts, spec) => {
      const reach = spec.reach ?? facts.linkConfs.get(spec.parent)?.REACH ?? "none";
      if (spec.mode === "bridge" || reach === "none") return [];
      return [
        {
          path: ["mode"],
          message: `the link ${spec.parent} has reach: ${reach}, which leads to no container in mode ${spec.mode}${spec.mode === "vepa" ? " unless the switch sends frames back, and then the NIC does too" : ""}`,
          remedy: "set reach: none on the link, or mode: bridge here",
        },
      ];
    },
  },
  {
    id: "host-address-given-out",
    severity: Severity.Refuse,
    about:
      "`ipRange` covers an address of the host. Docker knows nothing of it and gives it to a container one day. `hostAddress` (or " +
      "`auxAddresses`) keeps it back.",
    find: (facts, spec) => {
      const range = parseCidr(spec.ipRange);
      if (range.fault) return [];
      const kept = [spec.gateway, ...Object.values(spec.auxAddresses)];
      return [...facts.addresses.keys()]
        .flatMap((name) => givenIpv4(facts, name))
        .filter(({ address }) => isIn(range.value, address) && !kept.includes(address))
        .map(({ address }) => ({
          path: ["ipRange"],
          message: `Docker would give ${address}, the host's own address, to a container`,
          remedy: `hostAddress: ${address} keeps it back`,
        }));
    },
  },
];
