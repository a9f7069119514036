import { Fault } from "../../errors";
import { HostFacts, LinkFact, NetworkFact, Rule, Severity } from "../../observe";
import type { ResolvedInterface } from "../spec";
import { findNics, inventory, missing, onDevice, onNic, selection, withLower, wordFor } from "./find-nic";

/** Kinds of interfaces behind which there is no LAN, or on which the kernel puts no macvlan. */
const UNFIT = ["dummy", "gre", "ipvlan", "ipvtap", "macvlan", "macvtap", "tun", "veth", "vxlan", "wireguard"];

/** Groups whose members cannot carry a macvlan: the group takes every frame that comes in (rx_handler). */
const GROUPS = ["bond", "bridge", "openvswitch", "team"];

function memberFault(nic: LinkFact): Fault[] {
  const kind = nic.linkinfo?.info_slave_kind ?? "";
  if (nic.master === undefined || !GROUPS.includes(kind)) return [];
  const message = `${nic.ifname} is a member of the ${kind} ${nic.master}`;
  if (kind === "openvswitch")
    return [{ message, remedy: "put the link on the switch's own port on the LAN (Synology: ovs_eth0)" }];
  return [{ message, remedy: `put the link on ${nic.master}: nic: { name: ${nic.master} }` }];
}

function kindFault(facts: HostFacts, nic: LinkFact): Fault[] {
  const remedy = `choose one of: ${inventory(facts)}`;
  const kind = nic.linkinfo?.info_kind;
  if (nic.link_type !== "ether" || UNFIT.includes(kind ?? ""))
    return [{ message: `${nic.ifname} is not an Ethernet interface of the LAN${kind ? ` (${kind})` : ""}`, remedy }];
  if (nic.ifname === "docker0" || /^br-[0-9a-f]{12}$/.test(nic.ifname))
    return [{ message: `${nic.ifname} is a bridge of Docker's own`, remedy }];
  return [];
}

/** Interfaces on the NIC beside which there can be no macvlan of ours. */
function upperFaults(facts: HostFacts, nic: LinkFact, name: string): Fault[] {
  return facts.links
    .filter((upper) => upper.link === nic.ifname && upper.ifname !== name)
    .flatMap(({ ifname, linkinfo }) => {
      const kind = linkinfo?.info_kind ?? "";
      if (kind === "ipvlan" || kind === "ipvtap")
        return [
          {
            message: `${nic.ifname} carries the ipvlan ${ifname}, and the kernel allows no macvlan beside it`,
            remedy: `remove ${ifname}`,
          },
        ];
      if (linkinfo?.info_data?.mode === "passthru")
        return [{ message: `${ifname} has ${nic.ifname} for itself (passthru)`, remedy: `remove ${ifname}` }];
      return [];
    });
}

/** The same for Docker's networks, whose interfaces are in the containers, where the host does not see them. */
function networkFaults(facts: HostFacts, nic: LinkFact): Fault[] {
  const claims = ({ driver, options }: NetworkFact) =>
    driver === "ipvlan"
      ? "makes ipvlans on it, beside which the kernel allows no macvlan"
      : driver === "macvlan" && options.macvlan_mode === "passthru"
        ? "has it for itself (passthru)"
        : undefined;
  return facts.networks
    .filter(({ options }) => [nic.ifname, ...nic.altnames].includes(options.parent ?? ""))
    .flatMap((network) => {
      const claim = claims(network);
      if (claim === undefined) return [];
      return [
        {
          message: `the Docker network ${network.name} is on ${nic.ifname} and ${claim}`,
          remedy: `choose another NIC, or remove it with its containers: docker network rm ${network.name}`,
        },
      ];
    });
}

export const nicRules: readonly Rule<ResolvedInterface>[] = [
  {
    id: "kernel-macvlan",
    severity: Severity.Refuse,
    about:
      "The kernel has no `macvlan`, built in or as a module: some kernels of boards and of rented machines leave it out.",
    find: ({ macvlan, kernel }) =>
      macvlan
        ? []
        : [
            {
              path: ["ssh", "destination"],
              message: `the kernel ${kernel} has no macvlan`,
              remedy: "install a kernel with the module macvlan (Debian: linux-image-amd64)",
            },
          ],
  },
  {
    id: "kernel-vlan",
    severity: Severity.Refuse,
    about: "The link is to be put on a VLAN, and the kernel has no `8021q`, built in or as a module.",
    find: ({ vlan, kernel }, link) =>
      vlan !== false || link.vlan === undefined
        ? []
        : [
            {
              path: ["vlan"],
              message: `the kernel ${kernel} has no VLANs`,
              remedy: "install a kernel with the module 8021q (Debian: linux-image-amd64)",
            },
          ],
  },
  {
    id: "nic-missing",
    severity: Severity.Refuse,
    about:
      "No interface of the host is the one that `interface.nic` selects. The message lists those that there are. A selection by " +
      "MAC means the permanent one, which survives renames; by path, the slot; by name, what the kernel calls it today.",
    find: (facts, { nic }) =>
      facts.links.length === 0 || findNics(facts, nic).length > 0
        ? []
        : [{ path: ["nic", selection(nic).key], ...missing(facts, nic) }],
  },
  {
    id: "nic-ambiguous",
    severity: Severity.Refuse,
    about: "Several interfaces are what `interface.nic` selects: some machines have two NICs with one permanent MAC.",
    find: (facts, { nic }) => {
      const found = findNics(facts, nic).map(({ ifname }) => ifname);
      if (found.length < 2) return [];
      const { key, value } = selection(nic);
      const message = `several interfaces have the ${wordFor(key)} ${value}: ${found.join(", ")}`;
      return [{ path: ["nic", key], message, remedy: "choose one by its name or its path" }];
    },
  },
  {
    id: "nic-unfit",
    severity: Severity.Refuse,
    about:
      "The kernel puts no macvlan on this interface, or there is no LAN behind it: a member of a bridge, a bond or a team (take " +
      "the group itself), a tunnel, a veth, a dummy, another macvlan, the loopback, or a bridge of Docker's own.",
    find: (facts, link) => onNic(facts, link, (nic) => [...memberFault(nic), ...kindFault(facts, nic)]),
  },
  {
    id: "nic-is-vlan",
    severity: Severity.Refuse,
    about:
      "`vlan` is given, and the NIC is a VLAN already. A VLAN inside a VLAN (QinQ, 802.1ad) is a matter of providers' networks, and " +
      "not modelled here.",
    find: (facts, link) =>
      link.vlan === undefined
        ? []
        : onNic(facts, link, (nic) =>
            nic.linkinfo?.info_kind !== "vlan"
              ? []
              : [
                  {
                    message: `${nic.ifname} is itself VLAN ${nic.linkinfo.info_data?.id ?? "?"} of ${nic.link ?? "another interface"}`,
                    remedy: `leave vlan out to use it as it is, or take ${nic.link ?? "that"} as the NIC`,
                  },
                ],
          ),
  },
  {
    id: "nic-wifi",
    severity: Severity.Refuse,
    about:
      "The NIC is Wi-Fi. A station's frames have no room for a second sender, so an access point drops what comes from any other " +
      "MAC. Where there is no cable, ipvlan is the tool (`docker network create -d " +
      "ipvlan`): its containers have addresses of their own and share the MAC of the NIC.",
    find: (facts, link) =>
      onNic(facts, link, (nic) =>
        withLower(facts, nic)
          .filter(({ ifname }) => facts.nics.some(({ name, wireless }) => wireless && name === ifname))
          .map(({ ifname }) => ({
            message: `${ifname} is Wi-Fi, whose access point lets no second MAC through`,
            remedy: "use a wired interface, or an ipvlan network, whose containers share the NIC's MAC",
          })),
      ),
  },
  {
    id: "nic-bond-alb",
    severity: Severity.Refuse,
    overridable: true,
    about:
      "The NIC is, or stands on, a bond in mode `balance-alb`. It balances what comes in by answering ARP with the MACs of its " +
      "members, in the name of everybody behind it: the LAN then sends an appliance's packets to a MAC that is not its own. " +
      "`active-backup` and `802.3ad` keep MACs as they are.",
    find: (facts, link) => onNic(facts, link, (nic) => bondFaults(facts, nic, "balance-alb")),
  },
  {
    id: "nic-bond-tlb",
    severity: Severity.Warn,
    about:
      "The NIC is, or stands on, a bond in mode `balance-tlb`. Frames that leave by another member than the active one carry that " +
      "member's MAC instead of the appliance's, so that switches and the router see two.",
    find: (facts, link) => onNic(facts, link, (nic) => bondFaults(facts, nic, "balance-tlb")),
  },
  {
    id: "nic-taken",
    severity: Severity.Refuse,
    about:
      "Something on the NIC, or on its VLAN for a link that is put on one, allows no macvlan beside it: an ipvlan (one device carries either kind), a macvlan or macvtap in mode " +
      "`passthru` (libvirt can make one), or a Docker network of such a kind, whose interfaces are not to be seen on the host.",
    find: (facts, link) =>
      onDevice(facts, link, (device) => [...upperFaults(facts, device, link.name), ...networkFaults(facts, device)]),
  },
  {
    id: "nic-carrier",
    severity: Severity.Warn,
    about:
      "The NIC is up and has no carrier: no cable, or the wrong one of several. Everything can be set up, and nothing will be " +
      "reached. A NIC that is merely down is no finding: it is brought up.",
    find: (facts, link) =>
      onNic(facts, link, (nic) =>
        kindFault(facts, nic).length === 0 && nic.flags.includes("UP") && !nic.flags.includes("LOWER_UP")
          ? [
              {
                message: `${nic.ifname} has no carrier`,
                remedy: `plug its cable in, or choose the one that is on the LAN: ${inventory(facts)}`,
              },
            ]
          : [],
      ),
  },
];

function bondFaults(facts: HostFacts, nic: LinkFact, mode: string): Fault[] {
  return withLower(facts, nic)
    .filter(({ ifname }) => facts.bonds.get(ifname) === mode)
    .map(({ ifname }) => ({
      message: `the bond ${ifname} is in mode ${mode}, which sends with the MACs of its members`,
      remedy: "set it to active-backup or 802.3ad",
    }));
}
