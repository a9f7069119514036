import { Fault, Path, Problem } from "../../errors";
import { compareVersions, HostFacts, LinkFact, NetworkFact, Rule, Severity } from "../../observe";
import { LINK_MODES } from "../driver";
import type { ResolvedInterface } from "../resolve";
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

/** The kinds that the kernel does not put beside a link of a driver: a device carries macvlans or ipvlans. */
const RIVALS: Readonly<Record<ResolvedInterface["driver"], readonly string[]>> = {
  macvlan: ["ipvlan", "ipvtap"],
  ipvlan: ["macvlan", "macvtap"],
};

/** Interfaces on the NIC beside which there can be no link of ours. */
function upperFaults(facts: HostFacts, nic: LinkFact, { name, driver }: ResolvedInterface): Fault[] {
  return facts.links
    .filter((upper) => upper.link === nic.ifname && upper.ifname !== name)
    .flatMap(({ ifname, linkinfo }) => {
      const kind = linkinfo?.info_kind ?? "";
      if (RIVALS[driver].includes(kind))
        return [
          {
            message: `${nic.ifname} carries the ${kind} ${ifname}, and the kernel allows no ${driver} beside it`,
            remedy: `remove ${ifname}, or use the driver ${RIVALS[driver][0]}`,
          },
        ];
      const { mode = LINK_MODES[driver], vepa, private: apart } = linkinfo?.info_data ?? {};
      if (kind === "ipvlan" && (mode !== LINK_MODES[driver] || vepa || apart))
        return [
          {
            message: `${ifname} has set the ipvlans of ${nic.ifname} to mode ${mode}${vepa ? " vepa" : apart ? " private" : ""}, which all have in common`,
            remedy: `set it to l2 bridge where it is made, or remove ${ifname}`,
          },
        ];
      if (linkinfo?.info_data?.mode === "passthru")
        return [{ message: `${ifname} has ${nic.ifname} for itself (passthru)`, remedy: `remove ${ifname}` }];
      return [];
    });
}

/** The same for Docker's networks, whose interfaces are in the containers, where the host does not see them. */
function networkFaults(facts: HostFacts, nic: LinkFact, ours: ResolvedInterface): Fault[] {
  const claims = ({ driver, options }: NetworkFact) => {
    if (RIVALS[ours.driver].includes(driver))
      return `makes ${driver}s on it, beside which the kernel allows no ${ours.driver}`;
    if (driver === "macvlan" && options.macvlan_mode === "passthru") return "has it for itself (passthru)";
    const { ipvlan_mode = "l2", ipvlan_flag = "bridge" } = options;
    return driver === "ipvlan" && `${ipvlan_mode} ${ipvlan_flag}` !== "l2 bridge"
      ? `sets all ipvlans on it to mode ${ipvlan_mode} ${ipvlan_flag}`
      : undefined;
  };
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

/** Of a kernel without what the link needs. */
function kernelProblem(path: Path, kernel: string, what: string, module = what): Problem[] {
  const remedy = `install a kernel with the module ${module} (Debian: linux-image-amd64)`;
  return [{ path, message: `the kernel ${kernel} has no ${what}`, remedy }];
}

export const nicRules: readonly Rule<ResolvedInterface>[] = [
  {
    id: "kernel-macvlan",
    severity: Severity.Refuse,
    about:
      "The kernel has no `macvlan`, built in or as a module: some kernels of boards and of rented machines leave it out.",
    find: ({ macvlan, kernel }, { driver }) =>
      macvlan || driver !== "macvlan" ? [] : kernelProblem(["ssh", "destination"], kernel, "macvlan"),
  },
  {
    id: "kernel-ipvlan",
    severity: Severity.Refuse,
    about: "The network's driver is `ipvlan`, and the kernel has none, built in or as a module.",
    find: ({ ipvlan, kernel }, { driver }) =>
      ipvlan !== false || driver !== "ipvlan" ? [] : kernelProblem(["ssh", "destination"], kernel, "ipvlan"),
  },
  {
    id: "kernel-inbound",
    severity: Severity.Refuse,
    about:
      "`inbound: false` is kept by the kernel's traffic control on the link, for which it has to have `act_ct`, `cls_flower`, `cls_matchall` and " +
      "`sch_ingress`, built in or as modules, and the host the program `tc`, which belongs to iproute2.",
    find: ({ inbound, kernel, tools }, link) => {
      if (inbound === undefined || link.inbound !== false) return [];
      const path = ["inbound"];
      if (!tools.includes("tc"))
        return [{ path, message: "the host has no tc", remedy: "install it (Debian: iproute2; Fedora: iproute-tc)" }];
      return inbound ? [] : kernelProblem(path, kernel, "connection tracking in traffic control", "act_ct");
    },
  },
  {
    id: "kernel-bcqueuelen",
    severity: Severity.Refuse,
    about: "`bcqueuelen` is asked for, which the kernel has from 5.11 on.",
    find: ({ kernel }, { bcqueuelen }) => {
      if (bcqueuelen === undefined || compareVersions(kernel, "5.11") >= 0) return [];
      return [
        {
          path: ["bcqueuelen"],
          message: `the kernel ${kernel} cannot set how many broadcasts wait`,
          remedy: "leave it out, or install a kernel of 5.11 or later",
        },
      ];
    },
  },
  {
    id: "kernel-vlan",
    severity: Severity.Refuse,
    about: "The link is to be put on a VLAN, and the kernel has no `8021q`, built in or as a module.",
    find: ({ vlan, kernel }, link) =>
      vlan !== false || link.vlan === undefined ? [] : kernelProblem(["vlan"], kernel, "VLANs", "8021q"),
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
      "The kernel puts no macvlan or ipvlan on this interface, or there is no LAN behind it: a member of a bridge, a bond or a team (take " +
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
      "MAC. Where there is no cable, `network.driver: ipvlan` is the way: its containers have addresses of their own and share the MAC " +
      "of the NIC.",
    find: (facts, link) =>
      onNic(facts, link, (nic) =>
        (link.driver === "ipvlan" ? [] : withLower(facts, nic))
          .filter(({ ifname }) => facts.nics.some(({ name, wireless }) => wireless && name === ifname))
          .map(({ ifname }) => ({
            message: `${ifname} is Wi-Fi, whose access point lets no second MAC through`,
            remedy: "use a wired interface, or set network.driver: ipvlan, whose containers share the NIC's MAC",
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
      "Something on the NIC, or on its VLAN for a link that is put on one, allows no link of this driver beside it: an ipvlan beside a " +
      "macvlan, or the other way round (one device carries either kind), a macvlan or macvtap in mode `passthru` (libvirt can make " +
      "one), an ipvlan in another mode than l2 (those of a device have one in common), or a Docker network of such a kind, whose " +
      "interfaces are not to be seen on the host. The link itself is made anew when the driver changes, and the containers on it.",
    find: (facts, link) =>
      onDevice(facts, link, (device) => [...upperFaults(facts, device, link), ...networkFaults(facts, device, link)]),
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
