import { Fault, Problem } from "../../errors";
import { HostFacts, Rule, Severity } from "../../observe";
import { linkFiles, madeFor } from "../render";
import type { ResolvedInterface } from "../resolve";
import { onDevice, onNic } from "./find-nic";

/** Hypervisors whose switch drops what a guest sends under another MAC, by systemd-detect-virt, and the knob that each has. */
const hypervisors: Readonly<Record<string, { name: string; knob: string }>> = {
  vmware: {
    name: "VMware",
    knob: "ESXi: on its port group set Forged transmits and Promiscuous mode to Accept (or, on a distributed switch, MAC learning)",
  },
  microsoft: {
    name: "Hyper-V",
    knob: "on the Windows host: Set-VMNetworkAdapter -VMName NAME -MacAddressSpoofing On (Azure has no such thing)",
  },
  oracle: {
    name: "VirtualBox",
    knob: "bridge its adapter, and on the machine around it: VBoxManage modifyvm NAME --nicpromisc1 allow-all",
  },
  parallels: { name: "Parallels", knob: "bridge its adapter to the LAN's own, by cable" },
};

/** Services that take every interface that they find, and where each is told to leave one alone. */
const grabbers: Readonly<Record<string, (name: string) => string>> = {
  dhcpcd: (name) => `add to /etc/dhcpcd.conf: denyinterfaces ${name}; then systemctl restart dhcpcd`,
  connman: (name) =>
    `add ${name} to NetworkInterfaceBlacklist in /etc/connman/main.conf; then systemctl restart connman`,
};

/** What holds for a host only until it was set up once: whoever has read it and went on need not read it again. */
function isFirst(facts: HostFacts, { name }: ResolvedInterface): boolean {
  return !facts.links.some(({ ifname }) => ifname === name);
}

function hasIpv4(facts: HostFacts, name: string): boolean {
  return (facts.addresses.get(name) ?? []).some(({ family }) => family === "inet");
}

/** Whether dhcpcd is told to leave an interface alone. Its patterns are those of a shell, of which people use * and ?. */
function isDenied({ managers: { dhcpcd } }: HostFacts, name: string): boolean {
  const matches = (pattern: string) =>
    new RegExp(
      `^${pattern
        .replace(/[.+^${}()|\\]/g, "\\$&")
        .replace(/\*/g, ".*")
        .replace(/\?/g, ".")}$`,
    ).test(name);
  return dhcpcd.deny.some(matches) || (dhcpcd.allow.length > 0 && !dhcpcd.allow.some(matches));
}

/** For one of the devices that are ours: the link, and the VLAN beneath it. */
function managerFaults(facts: HostFacts, link: ResolvedInterface, name: string): Fault[] {
  const { active, networkd, networkManager } = facts.managers;
  const files = linkFiles(link).map(({ path }) => path);
  const written = (folder: string) => files.find((path) => path.startsWith(folder) && facts.files.has(path));
  const faults: Fault[] = [];
  for (const [service, remedyFor] of Object.entries(grabbers))
    if (
      active.some((unit) => unit.replace(/\.service$/, "") === service) &&
      !(service === "dhcpcd" && isDenied(facts, name)) &&
      (isFirst(facts, link) || hasIpv4(facts, name))
    )
      faults.push({ message: `${service} would give ${name} an address of its own`, remedy: remedyFor(name) });
  const ours = written("/etc/systemd/network/");
  const network = networkd[name] ?? "";
  if (ours !== undefined && network.startsWith("/") && network !== ours)
    faults.push({
      message: `systemd-networkd sets ${name} up by ${network}, which it reads before ${ours}`,
      remedy: `leave ${name} out of it (Name=!${name}), or give it a name that sorts behind; then networkctl reload`,
    });
  const state = networkManager[name] ?? "";
  if (written("/etc/NetworkManager/") !== undefined && !["", "unmanaged", "connected (externally)"].includes(state))
    faults.push({
      message: `NetworkManager has ${name} in its hands (${state}) although ${written("/etc/NetworkManager/")} says otherwise`,
      remedy: `see what takes it back: NetworkManager --print-config; then systemctl reload NetworkManager`,
    });
  return faults;
}

function atName(faults: readonly Fault[]): Problem[] {
  return faults.map((fault) => ({ path: ["name"], ...fault }));
}

export const surroundingsRules: readonly Rule<ResolvedInterface>[] = [
  {
    id: "hypervisor",
    severity: Severity.Warn,
    about:
      "The host is a virtual machine of VMware, Hyper-V, VirtualBox or Parallels, whose switches let a guest send under the MAC of " +
      "its NIC alone unless they are told otherwise: the appliances would be up and out of reach. With `network.driver: ipvlan` all of them " +
      "send under that MAC. Told until the link is on the host for the first time. KVM by itself filters nothing and is no finding; a Proxmox guest whose NIC has the firewall on " +
      "needs `macfilter: 0` in the guest's firewall options, which cannot be seen from inside.",
    find: (facts, link) => {
      const hypervisor = hypervisors[facts.virtualization];
      if (hypervisor === undefined || link.driver === "ipvlan" || !isFirst(facts, link)) return [];
      return onNic(facts, link, () => [
        {
          message: `the host is a virtual machine of ${hypervisor.name}, whose switch drops frames from any MAC but the NIC's unless told otherwise`,
          remedy: `${hypervisor.knob}; or set network.driver: ipvlan, whose containers send under the NIC's`,
        },
      ]);
    },
  },
  {
    id: "network-manager",
    severity: Severity.Warn,
    about:
      "Something that configures networks will take the link for its own, and give it an address or take its routes away. " +
      "NetworkManager and systemd-networkd are told by files of ours to leave it alone, which somebody else's configuration may " +
      "outdo (a `.network` file that is read before ours: up to systemd 255); dhcpcd and ConnMan are told in files that are not ours to " +
      "edit. A dhcpcd that is told so is no finding. [What is tested](how-it-works.md#network-managers).",
    find: (facts, link) => atName(madeFor(link).flatMap((name) => managerFaults(facts, link, name))),
  },
  {
    id: "macvlan-in-subnet",
    severity: Severity.Warn,
    about:
      "Another macvlan on the NIC has an address with the whole subnet of the LAN, as macvlan-router makes it. Two interfaces then " +
      "are the way to the LAN, and everything that the host sends there may leave by the wrong one. `reach: pinned` does the same " +
      "job with one route per appliance, and `reach: watch` with one per container.",
    find: (facts, link) =>
      onDevice(facts, link, ({ ifname }) => {
        const connected = facts.routes.filter(({ protocol }) => protocol === "kernel");
        return connected
          .filter(({ dev, dst }) => {
            const other = facts.links.find(({ ifname: name }) => name === dev);
            return (
              other?.link === ifname &&
              other.ifname !== link.name &&
              other.linkinfo?.info_kind === "macvlan" &&
              connected.some((route) => route.dev === ifname && route.dst === dst)
            );
          })
          .map(({ dev, dst }) => ({
            message: `${ifname} and the macvlan ${dev} on it both are the host's way to ${dst}`,
            remedy: `with interface.reach: pinned or watch it is not needed: ip link del dev ${dev}, and whatever makes it`,
          }));
      }),
  },
  {
    id: "workstation",
    severity: Severity.Warn,
    about:
      "The program runs on the host itself, and with `reach: none` the host is the one machine of the LAN that does not reach its " +
      "appliances, with their user interfaces: the kernel keeps a NIC and the macvlans on it apart. Told until the link is on the host.",
    find: (facts, link) => {
      const { connection } = facts;
      if (connection === undefined || link.reach !== "none" || !isFirst(facts, link)) return [];
      const own = [...facts.addresses.values()].some((list) =>
        list.some(({ address }) => address === connection.client),
      );
      if (!own) return [];
      return [
        {
          path: ["reach"],
          message: "you are on this host itself, which does not reach its own appliances",
          remedy: "set reach: pinned if their user interfaces are to be opened from here",
        },
      ];
    },
  },
];
