// Network managers that Debian 13 ships, each as the one that runs a lab host's interfaces.

/** A way to run a host's network. Shell commands run on the host as root, on one that systemd-networkd has run before. */
export interface Manager {
  name: string;
  /** Debian package that brings it; none where systemd does. */
  package?: string;
  /** Its files, with paths; 192.168.76.11 is the address of ens4, on the LAN, and 10.0.2.15 that of ens3. */
  files: Record<string, string>;
  /** Hands both interfaces over to it, for good. */
  take: string;
  /** What people do with it that sets ens4 up anew, one by one. */
  again: string[];
}

const LAN = { address: "192.168.76.11/24", gateway: "192.168.76.1" };
const MANAGEMENT = "10.0.2.15/24";

/** systemd-networkd lets go of all interfaces, which keep what they have. */
const withoutNetworkd =
  "systemctl -q disable --now systemd-networkd.socket systemd-networkd.service; rm /etc/systemd/network/*.network";

const network = (match: string, ...lines: string[]): string =>
  ["[Match]", match, "[Network]", ...lines, "LinkLocalAddressing=no", "IPv6AcceptRA=no", ""].join("\n");

const connection = (id: string, device: string, address: string): string =>
  [
    `[connection]\nid=${id}\ntype=ethernet\ninterface-name=${device}`,
    `[ipv4]\nmethod=manual\naddress1=${address}`,
    "[ipv6]\nmethod=disabled\n",
  ].join("\n");

const netplan = (renderer: string): Record<string, string> => ({
  "/etc/netplan/lab.yaml": [
    "network:",
    `  renderer: ${renderer}`,
    "  ethernets:",
    "    ens3:",
    `      addresses: [${MANAGEMENT}]`,
    "      link-local: []",
    "    ens4:",
    `      addresses: [${LAN.address}]`,
    `      routes: [{ to: default, via: ${LAN.gateway} }]`,
    "      link-local: []",
    "",
  ].join("\n"),
});

export const managers: Manager[] = [
  {
    name: "NetworkManager",
    package: "network-manager",
    files: {
      "/etc/NetworkManager/system-connections/lan.nmconnection": connection(
        "lan",
        "ens4",
        `${LAN.address},${LAN.gateway}`,
      ),
      "/etc/NetworkManager/system-connections/management.nmconnection": connection("management", "ens3", MANAGEMENT),
    },
    take: `${withoutNetworkd}; systemctl -q enable --now NetworkManager; nmcli -w 30 connection up management; nmcli -w 30 connection up lan`,
    again: ["systemctl restart NetworkManager", "nmcli connection up lan", "nmcli device reapply ens4"],
  },
  {
    name: "ifupdown",
    package: "ifupdown",
    files: {
      "/etc/network/interfaces": [
        "auto lo",
        "iface lo inet loopback",
        "auto ens3",
        `iface ens3 inet static\n\taddress ${MANAGEMENT}`,
        "allow-hotplug ens4",
        `iface ens4 inet static\n\taddress ${LAN.address}\n\tgateway ${LAN.gateway}`,
        "",
      ].join("\n"),
    },
    take:
      `${withoutNetworkd}; ip addr flush dev ens3; ifup ens3; ip addr flush dev ens4; ifup ens4; ` +
      "systemctl -q enable networking",
    again: ["ifdown ens4; ifup ens4", "systemctl restart networking; ifup ens4 2>&1"],
  },
  {
    name: "networkd with a catch-all that is read before any other",
    files: {
      "/etc/systemd/network/00-lan.network": network("Name=ens4", `Address=${LAN.address}`, `Gateway=${LAN.gateway}`),
      "/etc/systemd/network/00-management.network": network("Name=ens3", `Address=${MANAGEMENT}`),
      "/etc/systemd/network/01-all.network": "[Match]\nName=*\n[Network]\nDHCP=yes\n",
    },
    take:
      "rm /etc/systemd/network/10-management.network /etc/systemd/network/20-lan.network; " +
      "networkctl reload; networkctl reconfigure ens3 ens4",
    again: ["networkctl reload && networkctl reconfigure ens4", "systemctl restart systemd-networkd"],
  },
  {
    name: "netplan with networkd",
    package: "netplan.io",
    files: netplan("networkd"),
    take: "rm /etc/systemd/network/*.network; netplan apply",
    again: ["netplan apply"],
  },
  {
    name: "netplan with NetworkManager",
    package: "netplan.io",
    files: netplan("NetworkManager"),
    take: `${withoutNetworkd}; systemctl -q enable NetworkManager; netplan apply`,
    again: ["netplan apply", "systemctl restart NetworkManager"],
  },
  {
    name: "dhcpcd that is told of them",
    package: "dhcpcd",
    files: {
      "/etc/dhcpcd.conf": [
        "denyinterfaces docker0 veth* lan0 iot0 vlan20_*",
        "noipv6",
        `interface ens3\nstatic ip_address=${MANAGEMENT}`,
        `interface ens4\nstatic ip_address=${LAN.address}\nstatic routers=${LAN.gateway}`,
        "",
      ].join("\n"),
    },
    take: `${withoutNetworkd}; systemctl -q enable --now dhcpcd`,
    again: ["dhcpcd --rebind ens4", "systemctl restart dhcpcd"],
  },
];
