import { Fault } from "../../errors";
import { answeredFault, givenIpv4, HostFacts, LinkFact, Rule, Severity } from "../../observe";
import { aLink, LINK_MODES, NetworkDriver } from "../driver";
import { LINK_MARK, linkFiles } from "../render";
import type { ResolvedInterface } from "../resolve";
import { deviceUnder, findNics, onNic } from "./find-nic";

/** Why a link of that name that is not ours cannot be taken over; the scripts on the host say the same. */
function strangerFault(facts: HostFacts, spec: ResolvedInterface, link: LinkFact): Fault[] {
  const { name, driver } = spec;
  const remedy = `choose another name, or remove it on the host: ip link del dev ${name}`;
  const [nic] = findNics(facts, spec.nic);
  const wanted = deviceUnder(facts, spec);
  const mode = link.linkinfo?.info_data?.mode ?? LINK_MODES[driver];
  if (nic === undefined) return [];
  if (link.link !== wanted?.ifname || mode !== LINK_MODES[driver])
    return [
      {
        message: `the host has ${aLink(driver)} called ${name} on ${link.link ?? "another device"} in mode ${mode}, which is not ours`,
        remedy,
      },
    ];
  const address = facts.addresses.get(name)?.find(({ family }) => family === "inet");
  if (address === undefined) return [];
  return [
    {
      message: `the host has ${aLink(driver)} called ${name} with the address ${address.address}, which is not ours`,
      remedy,
    },
  ];
}

/** Whether what the link is put on has an IPv4 address that machines of the LAN could answer, or had one when the link was made. */
function mayHaveAddress(facts: HostFacts, link: ResolvedInterface): boolean {
  const device = deviceUnder(facts, link);
  if (givenIpv4(facts, device?.ifname).length > 0) return true;
  const ourVlan = link.vlan !== undefined && (device === undefined || device.ifalias === LINK_MARK);
  return !ourVlan && facts.links.some(({ ifname }) => ifname === link.name);
}

/** Who has a MAC on the host or on the LAN. */
function ownerOf(facts: HostFacts, name: string, mac: string): string | undefined {
  const link = facts.links.find((other) => other.ifname !== name && [other.address, other.permaddr].includes(mac));
  if (link) return `the interface ${link.ifname} on this host`;
  const container = facts.containers.find(({ networks }) =>
    Object.values(networks).some(({ MacAddress }) => MacAddress === mac),
  );
  if (container) return `the container ${container.name} on this host`;
  // A link that has it already may have been somewhere else before, and be in the cache with an address of then.
  if (facts.links.some(({ ifname, address }) => ifname === name && address === mac)) return undefined;
  const neighbour = facts.neighbours.find(({ lladdr, dst }) => lladdr === mac && !dst.includes(":"));
  return neighbour && `the device ${neighbour.dst} on the LAN`;
}

export const linkRules: readonly Rule<ResolvedInterface>[] = [
  {
    id: "link-name-taken",
    severity: Severity.Refuse,
    about:
      "The host has an interface with the name of the link, or with that as an altname, that is not of the network's driver; or one " +
      "that is, is not ours and is used otherwise. One on the same NIC without an address, made by hand, is taken over as it is. Ours " +
      "is made anew when the driver changes.",
    find: (facts, spec) => {
      const { name, driver } = spec;
      const other = facts.links.find(({ ifname, altnames }) => ifname === name || altnames.includes(name));
      if (other === undefined) return [];
      const kind = other.linkinfo?.info_kind ?? other.link_type;
      if (other.ifname === name && other.ifalias === LINK_MARK && Object.values<string>(NetworkDriver).includes(kind))
        return [];
      if (other.ifname === name && kind === driver)
        return strangerFault(facts, spec, other).map((fault) => ({ path: ["name"], ...fault }));
      const message = `the host has another interface called ${name} (${kind})`;
      return [{ path: ["name"], message, remedy: "choose another name" }];
    },
  },
  {
    id: "link-mac-taken",
    severity: Severity.Refuse,
    about:
      "The link's MAC is that of another interface or container of the host, or of a device on the LAN that the host knows. The " +
      "kernel brings up no second interface with it on one NIC.",
    find: (facts, { name, mac }) => {
      const owner = mac === undefined ? undefined : ownerOf(facts, name, mac);
      if (owner === undefined) return [];
      const remedy = "choose another, or leave it out to have one derived";
      return [{ path: ["mac"], message: `${mac} is the MAC of ${owner}`, remedy }];
    },
  },
  {
    id: "link-address-on-lan",
    severity: Severity.Refuse,
    overridable: true,
    about:
      "The host asked the LAN for the address that the link is to have, as it does for pinned ones ([ip-on-lan](#ip-on-lan)), and another " +
      "device answered. Two devices would have one address, now one of them reached and now the other.",
    find: (facts, link) => {
      const ours = facts.links.flatMap(({ address, permaddr }) => [address, permaddr]);
      return (["address", "address6"] as const).flatMap((key) => {
        const own = link[key];
        const fault = own === undefined ? undefined : answeredFault(facts, own, ours);
        return fault === undefined ? [] : [{ path: [key], ...fault }];
      });
    },
  },
  {
    id: "link-mtu",
    severity: Severity.Refuse,
    about:
      "The link is to have a larger MTU than what it is put on. The kernel takes none above that of the device beneath, and a VLAN " +
      "none above its NIC's, which is for whoever configures the NIC to raise: every machine and switch of the LAN must take frames " +
      "of that size.",
    find: (facts, spec) => {
      const { mtu, nic, vlan } = spec;
      const under = deviceUnder(facts, spec);
      // One that is ours, or that we make, has what it is told, up to the NIC's.
      const limit =
        vlan === undefined || (under !== undefined && under.ifalias !== LINK_MARK)
          ? under
          : deviceUnder(facts, { nic });
      if (mtu === undefined || limit?.mtu === undefined || mtu <= limit.mtu) return [];
      return [
        {
          path: ["mtu"],
          message: `${mtu} is more than the MTU of ${limit.ifname}, ${limit.mtu}`,
          remedy: `ask for ${limit.mtu} at most, or raise that of ${limit.ifname} where it is configured`,
        },
      ];
    },
  },
  {
    id: "reach-without-address",
    severity: Severity.Refuse,
    overridable: true,
    about:
      "The host is to reach the containers, and has no IPv4 address on their LAN that these could answer: the NIC, or the VLAN that " +
      "the link is put on, has none, and a VLAN that is made here never has. Whatever the host sent there would carry an address of " +
      "another LAN, and the answer would take the way over the router, if any. Once the link is there, an address that a NIC has lost " +
      "is no finding: it may come back, and the routes with it.",
    find: (facts, link) =>
      link.reach === "none" || link.address !== undefined || mayHaveAddress(facts, link)
        ? []
        : onNic(facts, link, ({ ifname }) => [
            {
              message: `${link.vlan === undefined ? ifname : `VLAN ${link.vlan.id} of ${ifname}`} has no IPv4 address with which the host could reach containers`,
              remedy: "give the link one that is free on that LAN: interface.address; or set reach: none",
            },
          ]).map((problem) => ({ ...problem, path: ["reach"] })),
  },
  {
    id: "link-file-not-ours",
    severity: Severity.Refuse,
    about:
      "As [file-not-ours](#file-not-ours), for the files of the link: its settings, its udev rule, what tells network managers of it.",
    find: ({ foreign }, link) =>
      linkFiles(link)
        .filter(({ path }) => foreign.includes(path))
        .map(({ path }) => ({
          path: ["name"],
          message: `${path} is there already and does not carry our mark`,
          remedy: "move it away, or choose another name for the link",
        })),
  },
];
