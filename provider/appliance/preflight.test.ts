import { ContainerFact, HostFacts } from "../observe";
import { fixture } from "../observe/fixtures/fixture";
import { testRules, withInfo, withVersion } from "../observe/fixtures/rule-cases";
import { Pin, pinRules } from "./preflight";

const bare = fixture("trixie-bare");
const used = fixture("trixie-in-use");
const dns = { path: ["dns"], name: "dns", ip: "192.168.76.53", mac: "02:42:c0:a8:4c:35" } satisfies Pin;
const spec = [dns];
const dual: Pin = { ...dns, ip6: "fd00:76::53" };
const web: Pin = { path: ["web"], name: "web", ip: "192.168.76.80", mac: "02:42:c0:a8:4c:50" };

/** The container that has the address and the MAC of `dns`, somebody's unless it is said whose. */
const pinned = used.containers.find(({ name }) => name === "pinned")!;
const holding = (change: Partial<ContainerFact>, facts: HostFacts = bare): HostFacts => ({
  ...facts,
  containers: [{ ...pinned, ...change }],
});
const ours = holding({ name: "dns", appliance: "dns" });
/** Made again with `docker run`, on a host that the appliance was applied to. */
const remade = (facts = holding({ name: "dns", project: "" })): HostFacts => ({
  ...facts,
  applianceConfs: new Map([["dns", { NAME: "dns", IP: dns.ip }]]),
});
const end = { IPAMConfig: null, MacAddress: "", IPAddress: "", NetworkID: "" };
const end6 = { ...end, GlobalIPv6Address: "fd00:76::53" };
const answering = (macs: string[], facts: HostFacts = bare): HostFacts => ({
  ...facts,
  probed: new Map([[dns.ip, macs]]),
});
const cached = (dst: string, facts: HostFacts = bare): HostFacts => ({
  ...facts,
  neighbours: [...facts.neighbours, { dst, dev: "ens4", lladdr: dns.mac }],
});
const from = (client: string, facts: HostFacts = bare): HostFacts => ({
  ...facts,
  connection: { client, server: "192.168.76.10", device: "ens4" },
});
const compose = (cliPlugins: { Name: string; Version?: string }[]) => withInfo(bare, { cliPlugins });
const install = "install the Compose plugin 2.24.0 or later (Debian 13: apt install docker-compose)";

const versions = (docker: string, Version: string) =>
  withVersion(withInfo(bare, { cliPlugins: [{ Name: "compose", Version }] }), docker, "1.45");

testRules(pinRules, {
  "compose-version": {
    fires: {
      none: { on: compose([]), spec, says: `ssh.destination: Docker on the host has no Compose plugin; ${install}` },
      "an old one": {
        on: compose([{ Name: "compose", Version: "v2.20.3" }]),
        spec,
        says: `ssh.destination: Docker Compose v2.20.3 does not pin the MAC of a container; ${install}`,
      },
    },
    quiet: {
      "that of Debian 13": { on: bare, spec },
      "one that applied something before": { on: compose([{ Name: "compose" }]), spec },
    },
  },
  "slaac-version": {
    fires: {
      "Docker 26, not to hear a router": {
        on: versions("26.1.5", "2.26.1"),
        spec: [{ ...dns, slaac: false }],
        says: "dns.slaac: Docker 26.1.5 has no way to keep it from what a router announces; leave it out, or use Docker 27.0.0 or later",
      },
      "an old Compose with a new Docker": {
        on: versions("28.5.2", "2.26.1"),
        spec: [{ ...dns, slaac: true }],
        says: "dns.slaac: Docker Compose 2.26.1 has no way to have it take what a router announces; leave it out, or use the Compose plugin 2.27.1 or later",
      },
    },
    quiet: {
      "Docker 26, to hear a router": { on: versions("26.1.5", "2.26.1"), spec: [{ ...dns, slaac: true }] },
      "Docker 28 with its Compose": { on: versions("28.5.2", "2.40.3"), spec: [{ ...dns, slaac: false }] },
      "nothing of it": { on: versions("26.1.5", "2.26.1"), spec },
    },
  },
  "ip-of-host": {
    fires: {
      "its address on the LAN": {
        on: bare,
        spec: [{ ...dns, ip: "192.168.76.10" }],
        says: "dns.ip: 192.168.76.10 is the host's own address (on ens4); choose another address",
      },
      "its IPv6 address": {
        on: {
          ...bare,
          addresses: new Map([...bare.addresses, ["ens4", [{ family: "inet6", address: "fd00:76::53", prefix: 64 }]]]),
        },
        spec: [dual],
        says: "dns.ip6: fd00:76::53 is the host's own address (on ens4); choose another address",
      },
    },
    quiet: { "an address of nobody": { on: bare, spec: [dual] } },
  },
  "ip-of-workstation": {
    fires: {
      "a workstation on the LAN": {
        on: from(dns.ip),
        spec,
        says: "dns.ip: 192.168.76.53 is the address that you are connected from; choose another address",
      },
      "a workstation on the LAN, by IPv6": {
        on: from("fd00:76::53"),
        spec: [dual],
        says: "dns.ip6: fd00:76::53 is the address that you are connected from; choose another address",
      },
      "behind an appliance of another name": {
        on: from(dns.ip, holding({ appliance: "vpn" })),
        spec,
        says: "dns.ip: 192.168.76.53 is the address that you are connected from; choose another address",
      },
    },
    quiet: {
      "from elsewhere": { on: from("192.168.76.254"), spec },
      "through the appliance itself, by IPv6": {
        on: from("fd00:76::53", holding({ name: "dns", appliance: "dns", networks: { lan: end6 } })),
        spec: [dual],
      },
      "through the appliance itself": { on: from(dns.ip, ours), spec },
      "not known": { on: { ...bare, connection: undefined }, spec },
    },
  },
  "ip-taken": {
    fires: {
      "by a container": {
        on: used,
        spec,
        says: "dns.ip: 192.168.76.53 is taken by the container pinned on this host; choose another address, or remove the container: docker rm -f pinned",
      },
      "by one that is stopped": {
        on: holding({ networks: { lan: { ...end, IPAMConfig: { IPv4Address: dns.ip } } } }),
        spec,
        says: "dns.ip: 192.168.76.53 is taken by the container pinned on this host; choose another address, or remove the container: docker rm -f pinned",
      },
      "by a container with its IPv6 address": {
        on: holding({ networks: { lan: end6 } }),
        spec: [dual],
        says: "dns.ip6: fd00:76::53 is taken by the container pinned on this host; choose another address, or remove the container: docker rm -f pinned",
      },
      "by one that is stopped and has its IPv6 address": {
        on: holding({ networks: { lan: { ...end, IPAMConfig: { IPv6Address: "fd00:76::53" } } } }),
        spec: [dual],
        says: "dns.ip6: fd00:76::53 is taken by the container pinned on this host; choose another address, or remove the container: docker rm -f pinned",
      },
      "by a container of that name, where no such appliance was applied": {
        on: holding({ name: "dns", project: "" }),
        spec,
        says: "dns.ip: 192.168.76.53 is taken by the container dns on this host; choose another address, or remove the container: docker rm -f dns",
      },
      "by an appliance that left the specification": {
        on: holding({ appliance: "old" }),
        spec,
        says: "dns.ip: 192.168.76.53 is taken by the appliance old, which runs on this host; choose another address; if this one takes its place, remove old in an update of its own first",
      },
    },
    quiet: {
      "a free address": { on: bare, spec },
      "the appliance itself": { on: ours, spec },
      "the appliance, made anew by something else": { on: remade(), spec },
      "appliances that swap their addresses": { on: holding({ appliance: "web" }), spec: [dns, web] },
    },
  },
  "ip-on-lan": {
    fires: {
      "a stranger": {
        on: answering(["00:11:22:33:44:55"]),
        spec,
        says: "dns.ip: 192.168.76.53 is in use on the LAN by the device with MAC 00:11:22:33:44:55; choose another address, or give that device one",
      },
      "a stranger with its IPv6 address": {
        on: { ...bare, probed: new Map([["fd00:76::53", ["00:11:22:33:44:55"]]]) },
        spec: [dual],
        says: "dns.ip6: fd00:76::53 is in use on the LAN by the device with MAC 00:11:22:33:44:55; choose another address, or give that device one",
      },
      "a stranger beside the appliance": {
        on: answering([dns.mac, "00:11:22:33:44:55"], ours),
        spec,
        says: "dns.ip: 192.168.76.53 is in use on the LAN by the device with MAC 00:11:22:33:44:55; choose another address, or give that device one",
      },
    },
    quiet: {
      "nobody answers": { on: answering([]), spec },
      "nobody was asked": { on: bare, spec },
      "the appliance, still on another host, by IPv6": {
        on: { ...bare, probed: new Map([["fd00:76::53", [dns.mac]]]) },
        spec: [dual],
      },
      "the appliance, still on another host": { on: answering([dns.mac]), spec },
      "the appliance with the MAC that it has today": {
        on: answering([dns.mac], ours),
        spec: [{ ...dns, mac: web.mac }],
      },
      "the host itself, of which another rule speaks": { on: answering(["52:54:00:00:02:07"]), spec },
    },
  },
  "mac-taken": {
    fires: {
      "by a NIC": {
        on: bare,
        spec: [{ ...dns, mac: "52:54:00:00:01:07" }],
        says: "dns.mac: 52:54:00:00:01:07 is the MAC of the host's interface ens3; choose another MAC",
      },
      "by a container": {
        on: used,
        spec,
        says: "dns.mac: 02:42:c0:a8:4c:35 is taken by the container pinned on this host; choose another MAC, or remove the container: docker rm -f pinned",
      },
    },
    quiet: {
      "a MAC of nobody": { on: bare, spec },
      "the appliance itself": { on: ours, spec },
      "the appliance, made anew by something else": { on: remade(), spec },
    },
  },
  "mac-on-lan": {
    fires: {
      "a device of another address": {
        on: cached("192.168.76.7"),
        spec,
        says: "dns.mac: 02:42:c0:a8:4c:35 is the MAC of the device 192.168.76.7 on the LAN; choose another MAC",
      },
    },
    quiet: {
      nobody: { on: bare, spec },
      "the appliance, still on another host": { on: cached(dns.ip), spec },
      "with further addresses there": { on: cached(dns.ip, cached("192.168.76.7")), spec },
      "by IPv6": { on: cached("fe80::42:c0ff:fea8:4c35"), spec },
      "the appliance, by an address that it had": { on: cached("192.168.76.7", ours), spec },
    },
  },
  "container-name-taken": {
    fires: {
      "a container of somebody's": {
        on: used,
        spec: [{ ...web, name: "pinned" }],
        says: "web: the host has a container called pinned that is not this appliance; choose another name, or remove it: docker rm -f pinned",
      },
    },
    quiet: {
      "a free name": { on: used, spec: [web] },
      "the appliance itself": { on: ours, spec },
      "the appliance, made anew by something else": { on: remade(), spec },
    },
  },
});
