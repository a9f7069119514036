import { HostFacts, LinkFact, NetworkFact } from "../observe";
import { fixture } from "../observe/fixtures/fixture";
import { testRules, withLink, withLinks } from "../observe/fixtures/rule-cases";
import { hostInterfaceRules } from "./preflight";
import { resolveInterface } from "./resolve";
import type { InterfaceSpec } from "./spec";

const bare = fixture("trixie-bare");
const used = fixture("trixie-in-use");
const mac = "52:54:00:00:02:07";
const of = (spec: Partial<InterfaceSpec> = {}) => resolveInterface({ nic: { mac }, ...spec }, "gw1");
const spec = of();
const ipvlan = resolveInterface({ nic: { mac } }, "gw1", { driver: "ipvlan" });

const inventory =
  "ens3 (MAC 52:54:00:00:01:07, path pci-0000:00:03.0), ens4 (MAC 52:54:00:00:02:07, path pci-0000:00:04.0)";
const lan0 = { ifname: "lan0", link: "ens4", linkinfo: { info_kind: "macvlan", info_data: { mode: "bridge" } } };
const bond0 = { ifname: "bond0", linkinfo: { info_kind: "bond" } };
const bond = (mode: string): HostFacts => ({ ...withLinks(bare, bond0), bonds: new Map([["bond0", mode]]) });
const onBond = of({ nic: { name: "bond0" } });
const wifi = (facts: HostFacts, name: string): HostFacts => ({
  ...facts,
  nics: [...facts.nics, { name, wireless: true, idPath: "" }],
});
const network = (driver: string, options: Record<string, string>): NetworkFact => ({
  ...used.networks.find(({ name }) => name === "lan")!,
  name: "iot",
  driver,
  options,
});
const managed = (change: Partial<HostFacts["managers"]>, facts: HostFacts = bare): HostFacts => ({
  ...facts,
  managers: { ...facts.managers, ...change },
});
const ours = (path: string, facts: HostFacts): HostFacts => ({
  ...facts,
  files: new Map([[path, { digest: "", mode: "644", owner: "root" }]]),
});
const router = (dst: string): HostFacts => ({
  ...withLinks(bare, { ...lan0, ifname: "macvlan0" }),
  routes: [...bare.routes, { dst, dev: "macvlan0", protocol: "kernel" }],
});
const from = (client: string, facts: HostFacts = bare): HostFacts => ({
  ...facts,
  connection: { client, server: "192.168.76.10", device: "lo" },
});
const stranger = (link: Partial<LinkFact>): HostFacts => withLinks(bare, { ...lan0, ...link });

const withVlan = withLinks(bare, {
  ifname: "vlan20",
  link: "ens4",
  mtu: 1500,
  linkinfo: { info_kind: "vlan", info_data: { protocol: "802.1Q", id: 20 } },
});
const tagged = of({ vlan: 20 });

testRules(hostInterfaceRules, {
  "kernel-macvlan": {
    fires: {
      "a kernel without it": {
        on: { ...bare, macvlan: false, kernel: "6.1.0-board" },
        spec,
        says: "ssh.destination: the kernel 6.1.0-board has no macvlan; install a kernel with the module macvlan (Debian: linux-image-amd64)",
      },
    },
    quiet: {
      Debian: { on: bare, spec },
      "none is asked for": { on: { ...bare, macvlan: false }, spec: ipvlan },
    },
  },
  "kernel-ipvlan": {
    fires: {
      "a kernel without it": {
        on: { ...bare, ipvlan: false, kernel: "6.1.0-board" },
        spec: ipvlan,
        says: "ssh.destination: the kernel 6.1.0-board has no ipvlan; install a kernel with the module ipvlan (Debian: linux-image-amd64)",
      },
    },
    quiet: {
      "none is asked for": { on: { ...bare, ipvlan: false }, spec },
      Debian: { on: { ...bare, ipvlan: true }, spec: ipvlan },
      "an older version looked": { on: bare, spec: ipvlan },
    },
  },
  "kernel-inbound": {
    fires: {
      "a kernel without it": {
        on: { ...bare, inbound: false, kernel: "6.1.0-board", tools: [...bare.tools, "tc"] },
        spec: of({ reach: "pinned", inbound: false }),
        says: "inbound: the kernel 6.1.0-board has no connection tracking in traffic control; install a kernel with the module act_ct (Debian: linux-image-amd64)",
      },
      "no program for it": {
        on: { ...bare, inbound: true },
        spec: of({ reach: "pinned", inbound: false }),
        says: "inbound: the host has no tc; install it (Debian: iproute2; Fedora: iproute-tc)",
      },
    },
    quiet: {
      "none is asked for": { on: { ...bare, inbound: false }, spec },
      Debian: {
        on: { ...bare, inbound: true, tools: [...bare.tools, "tc"] },
        spec: of({ reach: "pinned", inbound: false }),
      },
      "an older version looked": { on: bare, spec: of({ reach: "pinned", inbound: false }) },
    },
  },
  "kernel-bcqueuelen": {
    fires: {
      "the kernel of Debian 11": {
        on: { ...bare, kernel: "5.10.0-28-amd64" },
        spec: of({ bcqueuelen: 5000 }),
        says: "bcqueuelen: the kernel 5.10.0-28-amd64 cannot set how many broadcasts wait; leave it out, or install a kernel of 5.11 or later",
      },
    },
    quiet: {
      "none is asked for": { on: { ...bare, kernel: "5.10.0-28-amd64" }, spec },
      "the first that has it": { on: { ...bare, kernel: "5.11.0" }, spec: of({ bcqueuelen: 5000 }) },
      "the kernel of Debian 13": { on: bare, spec: of({ bcqueuelen: 5000 }) },
    },
  },
  "kernel-vlan": {
    fires: {
      "a kernel without it": {
        on: { ...bare, vlan: false, kernel: "6.1.0-board" },
        spec: tagged,
        says: "vlan: the kernel 6.1.0-board has no VLANs; install a kernel with the module 8021q (Debian: linux-image-amd64)",
      },
    },
    quiet: {
      "no VLAN is asked for": { on: { ...bare, vlan: false }, spec },
      Debian: { on: { ...bare, vlan: true }, spec: tagged },
      "an older version looked": { on: bare, spec: tagged },
    },
  },
  "nic-is-vlan": {
    fires: {
      "a VLAN in a VLAN": {
        on: withVlan,
        spec: of({ nic: { name: "vlan20" }, vlan: 30 }),
        says: "nic.name: vlan20 is itself VLAN 20 of ens4; leave vlan out to use it as it is, or take ens4 as the NIC",
      },
    },
    quiet: {
      "a VLAN as the NIC": { on: withVlan, spec: of({ nic: { name: "vlan20" } }) },
      "the NIC beneath": { on: withVlan, spec: tagged },
    },
  },
  "reach-without-address": {
    fires: {
      "a VLAN that is to be made": {
        on: bare,
        spec: of({ vlan: 20, reach: "pinned" }),
        says: "reach: VLAN 20 of ens4 has no IPv4 address with which the host could reach containers; give the link one that is free on that LAN: interface.address; or set reach: none",
      },
      "a VLAN that was made": {
        on: withLinks(withLink(withVlan, "vlan20", { ifalias: "pulumi-macvlan" }), lan0),
        spec: of({ vlan: 20, reach: "pinned" }),
        says: "reach: VLAN 20 of ens4 has no IPv4 address with which the host could reach containers; give the link one that is free on that LAN: interface.address; or set reach: none",
      },
      "a NIC for the appliances alone": {
        on: { ...bare, addresses: new Map() },
        spec: of({ reach: "watch" }),
        says: "reach: ens4 has no IPv4 address with which the host could reach containers; give the link one that is free on that LAN: interface.address; or set reach: none",
      },
    },
    quiet: {
      "the link has its own": { on: bare, spec: of({ vlan: 20, reach: "pinned", address: "192.168.20.9" }) },
      "the NIC has one": { on: bare, spec: of({ reach: "pinned" }) },
      "somebody's VLAN with one": {
        on: {
          ...withVlan,
          addresses: new Map([["vlan20", [{ family: "inet", address: "192.168.20.10", prefix: 24, scope: "global" }]]]),
        },
        spec: of({ vlan: 20, reach: "pinned" }),
      },
      "the link is there, and the NIC has lost its own": {
        on: { ...withLinks(bare, lan0), addresses: new Map() },
        spec: of({ reach: "pinned" }),
      },
      "nothing is to be reached": { on: bare, spec: of({ vlan: 20 }) },
    },
  },
  "link-mtu": {
    fires: {
      "more than the NIC's": {
        on: bare,
        spec: of({ mtu: 9000 }),
        says: "mtu: 9000 is more than the MTU of ens4, 1500; ask for 1500 at most, or raise that of ens4 where it is configured",
      },
      "more than the NIC's, on a VLAN that is to be made": {
        on: bare,
        spec: of({ mtu: 9000, vlan: 20 }),
        says: "mtu: 9000 is more than the MTU of ens4, 1500; ask for 1500 at most, or raise that of ens4 where it is configured",
      },
      "more than that of somebody's VLAN": {
        on: withLink(withVlan, "vlan20", { mtu: 1400 }),
        spec: of({ mtu: 1450, vlan: 20 }),
        says: "mtu: 1450 is more than the MTU of vlan20, 1400; ask for 1400 at most, or raise that of vlan20 where it is configured",
      },
    },
    quiet: {
      "as much as the NIC's": { on: bare, spec: of({ mtu: 1500 }) },
      "more than that of a VLAN of ours": {
        on: withLink(withVlan, "vlan20", { mtu: 1400, ifalias: "pulumi-macvlan" }),
        spec: of({ mtu: 1450, vlan: 20 }),
      },
      "none is asked for": { on: withLink(bare, "ens4", { mtu: 68 }), spec },
    },
  },
  "nic-missing": {
    fires: {
      "another MAC": {
        on: bare,
        spec: of({ nic: { mac: "52:54:00:00:02:99" } }),
        says: `nic.mac: the host has no interface with the MAC 52:54:00:00:02:99; its interfaces: ${inventory}`,
      },
      "a mistyped name": {
        on: bare,
        spec: of({ nic: { name: "ens5" } }),
        says: `nic.name: the host has no interface with the name ens5; did you mean ens3? its interfaces: ${inventory}`,
      },
      "an altname": {
        on: bare,
        spec: of({ nic: { name: "enp0s4" } }),
        says: "nic.name: enp0s4 is another name of ens4; write ens4",
      },
      "a MAC of today": {
        on: withLink(bare, "ens4", { permaddr: "52:54:00:00:02:77" }),
        spec,
        says: `nic.mac: ${mac} is the MAC that ens4 has at the moment, not its permanent one; write 52:54:00:00:02:77`,
      },
      "another slot": {
        on: bare,
        spec: of({ nic: { path: "pci-0000:00:09.0" } }),
        says: `nic.path: the host has no interface with the path pci-0000:00:09.0; its interfaces: ${inventory}`,
      },
    },
    quiet: {
      "by MAC": { on: bare, spec },
      "by name": { on: bare, spec: of({ nic: { name: "ens4" } }) },
      "by path": { on: bare, spec: of({ nic: { path: "pci-0000:00:04.0" } }) },
      "nothing is known of the NICs": { on: { ...bare, links: [] }, spec },
    },
  },
  "nic-ambiguous": {
    fires: {
      "two with one MAC": {
        on: withLink(bare, "ens3", { permaddr: mac }),
        spec,
        says: `nic.mac: several interfaces have the MAC ${mac}: ens3, ens4; choose one by its name or its path`,
      },
    },
    quiet: {
      one: { on: bare, spec },
      "a bridge with the MAC of its NIC": { on: withLinks(bare, { ifname: "br0", address: mac }), spec },
    },
  },
  "nic-unfit": {
    fires: {
      "a member of a bridge": {
        on: withLink(bare, "ens4", { master: "br0", linkinfo: { info_slave_kind: "bridge" } }),
        spec,
        says: "nic.mac: ens4 is a member of the bridge br0; put the link on br0: nic: { name: br0 }",
      },
      "a port of Open vSwitch": {
        on: withLink(bare, "ens4", { master: "ovs-system", linkinfo: { info_slave_kind: "openvswitch" } }),
        spec,
        says: "nic.mac: ens4 is a member of the openvswitch ovs-system; put the link on the switch's own port on the LAN (Synology: ovs_eth0)",
      },
      "Docker's bridge": {
        on: bare,
        spec: of({ nic: { name: "docker0" } }),
        says: `nic.name: docker0 is a bridge of Docker's own; choose one of: ${inventory}`,
      },
      "the loopback": {
        on: bare,
        spec: of({ nic: { name: "lo" } }),
        says: `nic.name: lo is not an Ethernet interface of the LAN; choose one of: ${inventory}`,
      },
      "a tunnel": {
        on: withLinks(bare, { ifname: "wg0", link_type: "none", linkinfo: { info_kind: "wireguard" } }),
        spec: of({ nic: { name: "wg0" } }),
        says: `nic.name: wg0 is not an Ethernet interface of the LAN (wireguard); choose one of: ${inventory}`,
      },
      "the link itself": {
        on: used,
        spec: of({ nic: { name: "lan0" } }),
        says: `nic.name: lan0 is not an Ethernet interface of the LAN (macvlan); choose one of: ${inventory}`,
      },
    },
    quiet: {
      "a NIC": { on: bare, spec },
      "a bond": { on: bond("active-backup"), spec: onBond },
      "a VLAN": {
        on: withLinks(bare, { ifname: "ens4.7", link: "ens4", linkinfo: { info_kind: "vlan" } }),
        spec: of({ nic: { name: "ens4.7" } }),
      },
      "a bridge of the LAN": {
        on: withLinks(bare, { ifname: "br0", linkinfo: { info_kind: "bridge" } }),
        spec: of({ nic: { name: "br0" } }),
      },
      "a NIC in a VRF": { on: withLink(bare, "ens4", { master: "red", linkinfo: { info_slave_kind: "vrf" } }), spec },
    },
  },
  "nic-wifi": {
    fires: {
      "a station": {
        on: { ...bare, nics: [{ name: "ens4", wireless: true, idPath: "" }] },
        spec,
        says: "nic.mac: ens4 is Wi-Fi, whose access point lets no second MAC through; use a wired interface, or set network.driver: ipvlan, whose containers share the NIC's MAC",
      },
      "in a bond": {
        on: wifi(withLinks(bond("active-backup"), { ifname: "wlan0", master: "bond0" }), "wlan0"),
        spec: onBond,
        says: "nic.name: wlan0 is Wi-Fi, whose access point lets no second MAC through; use a wired interface, or set network.driver: ipvlan, whose containers share the NIC's MAC",
      },
    },
    quiet: {
      "a cable": { on: bare, spec },
      ipvlan: { on: { ...bare, nics: [{ name: "ens4", wireless: true, idPath: "" }] }, spec: ipvlan },
      "Wi-Fi beside it": { on: wifi(withLinks(bare, { ifname: "wlan0" }), "wlan0"), spec },
    },
  },
  "nic-bond-alb": {
    fires: {
      "balance-alb": {
        on: bond("balance-alb"),
        spec: onBond,
        says: "nic.name: the bond bond0 is in mode balance-alb, which sends with the MACs of its members; set it to active-backup or 802.3ad",
      },
      "a VLAN on it": {
        on: withLinks(bond("balance-alb"), { ifname: "bond0.7", link: "bond0", linkinfo: { info_kind: "vlan" } }),
        spec: of({ nic: { name: "bond0.7" } }),
        says: "nic.name: the bond bond0 is in mode balance-alb, which sends with the MACs of its members; set it to active-backup or 802.3ad",
      },
    },
    quiet: {
      "active-backup": { on: bond("active-backup"), spec: onBond },
      "802.3ad": { on: bond("802.3ad"), spec: onBond },
      "of another NIC": { on: bond("balance-alb"), spec },
      "not looked at": { on: withLinks(bare, bond0), spec: onBond },
    },
  },
  "nic-bond-tlb": {
    fires: {
      "balance-tlb": {
        on: bond("balance-tlb"),
        spec: onBond,
        says: "nic.name: the bond bond0 is in mode balance-tlb, which sends with the MACs of its members; set it to active-backup or 802.3ad",
      },
    },
    quiet: { "active-backup": { on: bond("active-backup"), spec: onBond } },
  },
  "nic-taken": {
    fires: {
      "an ipvlan on the VLAN": {
        on: withLinks(withVlan, { ifname: "ipv0", link: "vlan20", linkinfo: { info_kind: "ipvlan" } }),
        spec: tagged,
        says: "nic.mac: vlan20 carries the ipvlan ipv0, and the kernel allows no macvlan beside it; remove ipv0, or use the driver ipvlan",
      },
      "an ipvlan": {
        on: withLinks(bare, { ifname: "ipv0", link: "ens4", linkinfo: { info_kind: "ipvlan" } }),
        spec,
        says: "nic.mac: ens4 carries the ipvlan ipv0, and the kernel allows no macvlan beside it; remove ipv0, or use the driver ipvlan",
      },
      passthru: {
        on: withLinks(bare, {
          ...lan0,
          ifname: "macvtap0",
          linkinfo: { info_kind: "macvtap", info_data: { mode: "passthru" } },
        }),
        spec,
        says: "nic.mac: macvtap0 has ens4 for itself (passthru); remove macvtap0",
      },
      "a macvlan beside an ipvlan link": {
        on: withLinks(bare, { ...lan0, ifname: "macvlan0" }),
        spec: ipvlan,
        says: "nic.mac: ens4 carries the macvlan macvlan0, and the kernel allows no ipvlan beside it; remove macvlan0, or use the driver macvlan",
      },
      "an ipvlan in another mode": {
        on: withLinks(bare, { ...lan0, ifname: "ipv0", linkinfo: { info_kind: "ipvlan", info_data: { mode: "l3" } } }),
        spec: ipvlan,
        says: "nic.mac: ipv0 has set the ipvlans of ens4 to mode l3, which all have in common; set it to l2 bridge where it is made, or remove ipv0",
      },
      "an ipvlan with another flag": {
        on: withLinks(bare, {
          ...lan0,
          ifname: "ipv0",
          linkinfo: { info_kind: "ipvlan", info_data: { mode: "l2", private: true } },
        }),
        spec: ipvlan,
        says: "nic.mac: ipv0 has set the ipvlans of ens4 to mode l2 private, which all have in common; set it to l2 bridge where it is made, or remove ipv0",
      },
      "a macvlan network of Docker beside an ipvlan link": {
        on: { ...bare, networks: [network("macvlan", { parent: "ens4" })] },
        spec: ipvlan,
        says: "nic.mac: the Docker network iot is on ens4 and makes macvlans on it, beside which the kernel allows no ipvlan; choose another NIC, or remove it with its containers: docker network rm iot",
      },
      "an ipvlan network of Docker in another mode": {
        on: { ...bare, networks: [network("ipvlan", { parent: "ens4", ipvlan_mode: "l3" })] },
        spec: ipvlan,
        says: "nic.mac: the Docker network iot is on ens4 and sets all ipvlans on it to mode l3 bridge; choose another NIC, or remove it with its containers: docker network rm iot",
      },
      "an ipvlan network of Docker": {
        on: { ...bare, networks: [network("ipvlan", { parent: "ens4" })] },
        spec,
        says: "nic.mac: the Docker network iot is on ens4 and makes ipvlans on it, beside which the kernel allows no macvlan; choose another NIC, or remove it with its containers: docker network rm iot",
      },
      "a passthru network of Docker, by an altname": {
        on: { ...bare, networks: [network("macvlan", { parent: "enp0s4", macvlan_mode: "passthru" })] },
        spec,
        says: "nic.mac: the Docker network iot is on ens4 and has it for itself (passthru); choose another NIC, or remove it with its containers: docker network rm iot",
      },
    },
    quiet: {
      "our link, of the other driver": { on: withLinks(bare, { ...lan0, ifalias: "pulumi-macvlan" }), spec: ipvlan },
      "ipvlans alike": {
        on: {
          ...withLinks(bare, { ...lan0, ifname: "ipv0", linkinfo: { info_kind: "ipvlan", info_data: { mode: "l2" } } }),
          networks: [network("ipvlan", { parent: "ens4" })],
        },
        spec: ipvlan,
      },
      "an ipvlan on the NIC beneath the VLAN": {
        on: withLinks(withVlan, { ifname: "ipv0", link: "ens4", linkinfo: { info_kind: "ipvlan" } }),
        spec: tagged,
      },
      "our own link": { on: used, spec },
      "another macvlan": { on: withLinks(bare, { ...lan0, ifname: "macvlan0" }), spec },
      "another macvlan network of Docker": {
        on: { ...bare, networks: [network("macvlan", { parent: "ens4" })] },
        spec,
      },
      "ipvlan elsewhere": { on: { ...bare, networks: [network("ipvlan", { parent: "ens3" })] }, spec },
    },
  },
  "nic-carrier": {
    fires: {
      "no cable": {
        on: withLink(bare, "ens4", { flags: ["NO-CARRIER", "BROADCAST", "MULTICAST", "UP"], operstate: "DOWN" }),
        spec,
        says: `nic.mac: ens4 has no carrier; plug its cable in, or choose the one that is on the LAN: ${inventory}`,
      },
    },
    quiet: {
      "a cable": { on: bare, spec },
      "down, and brought up by us": {
        on: withLink(bare, "ens4", { flags: ["BROADCAST", "MULTICAST"], operstate: "DOWN" }),
        spec,
      },
      "a bridge of Docker's, of which another rule speaks": { on: bare, spec: of({ nic: { name: "docker0" } }) },
    },
  },
  "link-name-taken": {
    fires: {
      "somebody's macvlan, where an ipvlan is wanted": {
        on: stranger({ ifname: "lan0" }),
        spec: ipvlan,
        says: "name: the host has another interface called lan0 (macvlan); choose another name",
      },
      "somebody's ipvlan in another mode": {
        on: stranger({ linkinfo: { info_kind: "ipvlan", info_data: { mode: "l3" } } }),
        spec: ipvlan,
        says: "name: the host has an ipvlan called lan0 on ens4 in mode l3, which is not ours; choose another name, or remove it on the host: ip link del dev lan0",
      },
      "a macvlan on the NIC instead of the VLAN": {
        on: withLinks(withVlan, lan0),
        spec: tagged,
        says: "name: the host has a macvlan called lan0 on ens4 in mode bridge, which is not ours; choose another name, or remove it on the host: ip link del dev lan0",
      },
      "another kind": {
        on: bare,
        spec: of({ name: "ens3" }),
        says: "name: the host has another interface called ens3 (ether); choose another name",
      },
      "an altname": {
        on: bare,
        spec: of({ name: "enp0s3" }),
        says: "name: the host has another interface called enp0s3 (ether); choose another name",
      },
      "somebody's macvlan on another NIC": {
        on: stranger({ link: "ens3" }),
        spec,
        says: "name: the host has a macvlan called lan0 on ens3 in mode bridge, which is not ours; choose another name, or remove it on the host: ip link del dev lan0",
      },
      "somebody's macvlan in another mode": {
        on: stranger({ linkinfo: { info_kind: "macvlan", info_data: { mode: "private" } } }),
        spec,
        says: "name: the host has a macvlan called lan0 on ens4 in mode private, which is not ours; choose another name, or remove it on the host: ip link del dev lan0",
      },
      "somebody's macvlan with an address": {
        on: {
          ...stranger({}),
          addresses: new Map([["lan0", [{ family: "inet" as const, address: "192.168.76.9", prefix: 32 }]]]),
        },
        spec,
        says: "name: the host has a macvlan called lan0 with the address 192.168.76.9, which is not ours; choose another name, or remove it on the host: ip link del dev lan0",
      },
    },
    quiet: {
      "ours, when the driver changes": { on: stranger({ ifalias: "pulumi-macvlan" }), spec: ipvlan },
      "ours, on a VLAN that is gone": { on: stranger({ link: "ens3", ifalias: "pulumi-macvlan" }), spec: tagged },
      "a macvlan by hand on the VLAN": {
        on: withLinks(withVlan, { ...lan0, link: "vlan20" }),
        spec: tagged,
      },
      "a free name": { on: bare, spec },
      "a macvlan that is as ours would be": { on: used, spec },
      "ours, on another NIC": { on: stranger({ link: "ens3", ifalias: "pulumi-macvlan" }), spec },
    },
  },
  "link-mac-taken": {
    fires: {
      "a NIC": {
        on: bare,
        spec: of({ mac: "52:54:00:00:01:07" }),
        says: "mac: 52:54:00:00:01:07 is the MAC of the interface ens3 on this host; choose another, or leave it out to have one derived",
      },
      "a container": {
        on: used,
        spec: of({ mac: "02:42:c0:a8:4c:35" }),
        says: "mac: 02:42:c0:a8:4c:35 is the MAC of the container pinned on this host; choose another, or leave it out to have one derived",
      },
      "a device on the LAN": {
        on: { ...bare, neighbours: [{ dst: "192.168.76.7", dev: "ens4", lladdr: "02:aa:00:00:00:07" }] },
        spec: of({ mac: "02:aa:00:00:00:07" }),
        says: "mac: 02:aa:00:00:00:07 is the MAC of the device 192.168.76.7 on the LAN; choose another, or leave it out to have one derived",
      },
    },
    quiet: {
      "a MAC of nobody": { on: bare, spec },
      "the link itself": { on: used, spec: of({ mac: "02:aa:00:00:00:01" }) },
      "the link itself, in the cache": {
        on: { ...used, neighbours: [{ dst: "192.168.76.7", dev: "ens4", lladdr: "02:aa:00:00:00:01" }] },
        spec: of({ mac: "02:aa:00:00:00:01" }),
      },
    },
  },
  "link-address-on-lan": {
    fires: {
      "another device": {
        on: { ...bare, probed: new Map([["192.168.76.9", ["02:aa:00:00:00:07"]]]) },
        spec: of({ address: "192.168.76.9" }),
        says: "address: 192.168.76.9 is in use on the LAN by the device with MAC 02:aa:00:00:00:07; choose another address, or give that device one",
      },
      "another device, by IPv6": {
        on: { ...bare, probed: new Map([["fd00:76::9", ["02:aa:00:00:00:07"]]]) },
        spec: of({ address6: "fd00:76::9" }),
        says: "address6: fd00:76::9 is in use on the LAN by the device with MAC 02:aa:00:00:00:07; choose another address, or give that device one",
      },
    },
    quiet: {
      nobody: { on: { ...bare, probed: new Map([["192.168.76.9", []]]) }, spec: of({ address: "192.168.76.9" }) },
      "the link itself": {
        on: { ...used, probed: new Map([["192.168.76.9", ["02:aa:00:00:00:01"]]]) },
        spec: of({ address: "192.168.76.9" }),
      },
      "an address that is not the link's": {
        on: { ...bare, probed: new Map([["192.168.76.53", ["02:aa:00:00:00:07"]]]) },
        spec: of({ address: "192.168.76.9" }),
      },
    },
  },
  "link-file-not-ours": {
    fires: {
      "a udev rule of somebody's": {
        on: { ...bare, foreign: ["/etc/udev/rules.d/82-macvlan-lan0.rules"] },
        spec,
        says: "name: /etc/udev/rules.d/82-macvlan-lan0.rules is there already and does not carry our mark; move it away, or choose another name for the link",
      },
    },
    quiet: {
      "nothing there": { on: bare, spec },
      "that of another link": { on: { ...bare, foreign: ["/etc/udev/rules.d/82-macvlan-lan1.rules"] }, spec },
    },
  },
  hypervisor: {
    fires: {
      VMware: {
        on: { ...bare, virtualization: "vmware" },
        spec,
        says: "nic.mac: the host is a virtual machine of VMware, whose switch drops frames from any MAC but the NIC's unless told otherwise; ESXi: on its port group set Forged transmits and Promiscuous mode to Accept (or, on a distributed switch, MAC learning); or set network.driver: ipvlan, whose containers send under the NIC's",
      },
      "Hyper-V": {
        on: { ...bare, virtualization: "microsoft" },
        spec,
        says: "nic.mac: the host is a virtual machine of Hyper-V, whose switch drops frames from any MAC but the NIC's unless told otherwise; on the Windows host: Set-VMNetworkAdapter -VMName NAME -MacAddressSpoofing On (Azure has no such thing); or set network.driver: ipvlan, whose containers send under the NIC's",
      },
      VirtualBox: {
        on: { ...bare, virtualization: "oracle" },
        spec,
        says: "nic.mac: the host is a virtual machine of VirtualBox, whose switch drops frames from any MAC but the NIC's unless told otherwise; bridge its adapter, and on the machine around it: VBoxManage modifyvm NAME --nicpromisc1 allow-all; or set network.driver: ipvlan, whose containers send under the NIC's",
      },
    },
    quiet: {
      ipvlan: { on: { ...bare, virtualization: "vmware" }, spec: ipvlan },
      KVM: { on: { ...bare, virtualization: "kvm" }, spec },
      QEMU: { on: bare, spec },
      "a machine": { on: { ...bare, virtualization: "none" }, spec },
      "VMware, once it was set up": { on: { ...used, virtualization: "vmware" }, spec },
    },
  },
  "network-manager": {
    fires: {
      "dhcpcd, on the VLAN too": {
        on: managed({ active: ["dhcpcd"] }),
        spec: tagged,
        says: ["lan0", tagged.vlan!.device]
          .map(
            (name) =>
              `name: dhcpcd would give ${name} an address of its own; add to /etc/dhcpcd.conf: denyinterfaces ${name}; then systemctl restart dhcpcd`,
          )
          .join("\n"),
      },
      "dhcpcd, before the first time": {
        on: managed({ active: ["dhcpcd"] }),
        spec,
        says: "name: dhcpcd would give lan0 an address of its own; add to /etc/dhcpcd.conf: denyinterfaces lan0; then systemctl restart dhcpcd",
      },
      "dhcpcd that is told to leave others alone": {
        on: managed({ active: ["dhcpcd"], dhcpcd: { deny: ["lan", "lan0.1", "*1"], allow: ["l*"] } }),
        spec,
        says: "name: dhcpcd would give lan0 an address of its own; add to /etc/dhcpcd.conf: denyinterfaces lan0; then systemctl restart dhcpcd",
      },
      "ConnMan, when it did": {
        on: {
          ...managed({ active: ["connman.service"] }, used),
          addresses: new Map([["lan0", [{ family: "inet" as const, address: "192.168.76.9", prefix: 24 }]]]),
        },
        spec,
        says: "name: connman would give lan0 an address of its own; add lan0 to NetworkInterfaceBlacklist in /etc/connman/main.conf; then systemctl restart connman",
      },
      "networkd by a file that it reads before ours": {
        on: ours(
          "/etc/systemd/network/05-macvlan-lan0.network",
          managed({ networkd: { lan0: "/etc/systemd/network/00-all.network" } }, used),
        ),
        spec,
        says: "name: systemd-networkd sets lan0 up by /etc/systemd/network/00-all.network, which it reads before /etc/systemd/network/05-macvlan-lan0.network; leave lan0 out of it (Name=!lan0), or give it a name that sorts behind; then networkctl reload",
      },
      "NetworkManager despite our file": {
        on: ours(
          "/etc/NetworkManager/conf.d/50-macvlan-lan0.conf",
          managed({ networkManager: { lan0: "connected" } }, used),
        ),
        spec,
        says: "name: NetworkManager has lan0 in its hands (connected) although /etc/NetworkManager/conf.d/50-macvlan-lan0.conf says otherwise; see what takes it back: NetworkManager --print-config; then systemctl reload NetworkManager",
      },
    },
    quiet: {
      "nothing of these": { on: bare, spec },
      "dhcpcd that leaves it alone": { on: managed({ active: ["dhcpcd"] }, used), spec },
      "dhcpcd that is told to leave it alone": {
        on: managed({ active: ["dhcpcd"], dhcpcd: { deny: ["veth*", "lan?"], allow: [] } }),
        spec,
      },
      "dhcpcd that is told of others": {
        on: managed({ active: ["dhcpcd"], dhcpcd: { deny: [], allow: ["ens*"] } }),
        spec,
      },
      "networkd by our file": {
        on: ours(
          "/etc/systemd/network/05-macvlan-lan0.network",
          managed({ networkd: { lan0: "/etc/systemd/network/05-macvlan-lan0.network" } }, used),
        ),
        spec,
      },
      "NetworkManager that leaves it alone": {
        on: ours(
          "/etc/NetworkManager/conf.d/50-macvlan-lan0.conf",
          managed({ networkManager: { lan0: "unmanaged" } }, used),
        ),
        spec,
      },
      "NetworkManager without our file, which is drift": {
        on: managed({ networkManager: { lan0: "connected" } }, used),
        spec,
      },
    },
  },
  "macvlan-in-subnet": {
    fires: {
      "macvlan-router": {
        on: router("192.168.76.0/24"),
        spec,
        says: "nic.mac: ens4 and the macvlan macvlan0 on it both are the host's way to 192.168.76.0/24; with interface.reach: pinned or watch it is not needed: ip link del dev macvlan0, and whatever makes it",
      },
    },
    quiet: {
      "a bare host": { on: bare, spec },
      "a macvlan with an address alone": { on: withLinks(bare, { ...lan0, ifname: "macvlan0" }), spec },
      "a macvlan of another subnet": { on: router("10.1.0.0/24"), spec },
    },
  },
  workstation: {
    fires: {
      "ssh localhost": {
        on: from("127.0.0.1"),
        spec,
        says: "reach: you are on this host itself, which does not reach its own appliances; set reach: pinned if their user interfaces are to be opened from here",
      },
      "by its address on the LAN": {
        on: from("192.168.76.10"),
        spec,
        says: "reach: you are on this host itself, which does not reach its own appliances; set reach: pinned if their user interfaces are to be opened from here",
      },
    },
    quiet: {
      "from elsewhere": { on: from("192.168.76.254"), spec },
      "with a way": { on: from("127.0.0.1"), spec: of({ reach: "pinned" }) },
      "once it was set up": { on: from("127.0.0.1", used), spec },
      "not known": { on: { ...bare, connection: undefined }, spec },
    },
  },
});
