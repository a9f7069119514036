import { describe, expect, it } from "vitest";
import { applianceFiles, resolveAppliance } from "../appliance";
import { formatProblem } from "../errors";
import { interfaceOf, linkFiles, NetworkDriver } from "../host-interface";
import { HostFacts } from "../observe";
import { inSync } from "../observe/fixtures/in-sync";
import { driftOf } from "./drift";
import { preflight } from "./preflight";
import { placeAppliance } from "./host";
import { resolveHost } from "./resolve";
import type { ApplianceHostArgs } from "./spec";

const service = { image: "example.com/app:1" };
const mac = "52:54:00:00:02:07";
const network = { subnet: "192.168.76.0/24", gateway: "192.168.76.1" };
const iot = {
  interface: { nic: { mac } },
  network: { subnet: "192.168.20.0/24", gateway: "192.168.20.1" },
};
const host = (change: Partial<ApplianceHostArgs> = {}): ApplianceHostArgs => ({
  ssh: { destination: "gw1" },
  interface: { nic: { mac } },
  network: { ...network, driver: "ipvlan" },
  appliances: { dns: { ip: "192.168.76.53", service } },
  ...change,
});
const said = (args: unknown) => resolveHost(args).problems.map(formatProblem);
const read = (args: ApplianceHostArgs) => {
  const { host: resolved, problems } = resolveHost(args);
  expect(problems).toEqual([]);
  return resolved!;
};

describe("a network of driver ipvlan", () => {
  it("has no MAC anywhere, and says so to the host", () => {
    const args = host();
    const resolved = read(args);
    expect(resolved.link).not.toHaveProperty("mac");
    expect(resolved.pins).toEqual([{ path: ["appliances", "dns"], name: "dns", ip: "192.168.76.53", lan: "lan" }]);
    expect(interfaceOf(resolved.link)).toMatchObject({ driver: "ipvlan" });
    const conf = linkFiles(resolved.link)[0]!.content;
    expect(conf).toContain("DRIVER='ipvlan'\nMODE='l2'\n");
    const files = applianceFiles(resolveAppliance(placeAppliance(args, resolved, "dns")));
    expect(files["appliance.conf"]).toContain("DRIVER='ipvlan'\nIP='192.168.76.53'\n");
    expect(`${conf}${files["appliance.conf"]}`).not.toMatch(/^MAC=/m);
    expect(files["pins.yaml"]).not.toContain("mac_address");
  });

  it("keeps networkd from what has the NIC's MAC: the link, the VLAN under it, and containers' interfaces on their way", () => {
    const networkd = ({ link }: ReturnType<typeof read>) =>
      linkFiles(link).find(({ frame }) => frame === "networkd.network")!.content;
    const tagged = host({ interface: { nic: { mac }, vlan: 20 } });
    expect(networkd(read(host()))).toContain("[Match]\nName=lan0 veth*\nKind=ipvlan vlan\n");
    expect(networkd(read(tagged))).toMatch(/^Name=lan0 vlan20_[0-9a-f]{6} veth\*\nKind=ipvlan vlan$/m);
    expect(networkd(read(host({ network })))).toContain("[Match]\nName=lan0\n\n");
  });

  it("adds nothing to what a host with macvlan has", () => {
    const args = host({ network });
    const resolved = read(args);
    expect(interfaceOf(resolved.link)).not.toHaveProperty("driver");
    expect(placeAppliance(args, resolved, "dns").network).not.toHaveProperty("driver");
    expect(linkFiles(resolved.link)[0]!.content).not.toContain("DRIVER");
  });

  const withAppliance = (change: object) => host({ appliances: { dns: { ip: "192.168.76.53", service, ...change } } });
  it.each<[string, ApplianceHostArgs, string[]]>([
    [
      "a MAC of an appliance",
      withAppliance({ mac: "02:00:00:00:00:53" }),
      [
        "appliances.dns.mac: on network lan, an ipvlan one, every appliance has the MAC of the NIC; leave it out, or use network.driver: macvlan",
      ],
    ],
    [
      "a MAC in the service",
      withAppliance({ service: { ...service, networks: { lan: { mac_address: "02:42:c0:a8:4c:35" } } } }),
      [
        "appliances.dns.service.networks.lan.mac_address: on network lan, an ipvlan one, it has the MAC of the NIC; leave it out",
      ],
    ],
    [
      "a MAC of the link",
      host({ interface: { nic: { mac }, mac: "02:00:00:00:00:07" } }),
      [
        "interface.mac: an ipvlan link has the MAC of its NIC and takes no other; leave it out, or use the driver macvlan",
      ],
    ],
    [
      "a queue for broadcasts",
      host({ interface: { nic: { mac }, bcqueuelen: 5000 } }),
      [
        "interface.bcqueuelen: the kernel's queue for the broadcasts of ipvlans has a length that nobody can set; leave it out, or use the driver macvlan",
      ],
    ],
    [
      "reach without an address of the link",
      host({ interface: { nic: { mac }, reach: "pinned" } }),
      [
        "interface.reach: an ipvlan link without an address reaches no container: the kernel gives the answers to the NIC, whose address they are for; give the link one that is free on the LAN: interface.address; or set reach: none",
      ],
    ],
    [
      "mode private",
      host({ network: { ...network, driver: "ipvlan", mode: "private" } }),
      [
        "network.mode: with the driver ipvlan private keeps every ipvlan of the NIC apart, the host's link too; leave it out, or use the driver macvlan",
      ],
    ],
    [
      "mode vepa",
      host({ network: { ...network, driver: "ipvlan", mode: "vepa" } }),
      [
        "network.mode: with the driver ipvlan vepa sends the switch frames whose sender and receiver have the same MAC, which it sends nowhere; leave it out, or use the driver macvlan",
      ],
    ],
    [
      "macvlan beside it",
      host({ lans: { iot } }),
      [
        "lans.iot.network.driver: macvlan beside the ipvlan of the first LAN: a device carries macvlans or ipvlans, not both; give both the same driver, or put one on a VLAN or a NIC of its own",
      ],
    ],
    [
      "another driver",
      host({ network: { ...network, driver: "bridge" as never } }),
      ['network.driver: has a value that is not known here; choose one of "macvlan", "ipvlan"'],
    ],
  ])("refuses %s", (_, args, expected) => expect(said(args)).toEqual(expected));

  it.each<[string, ApplianceHostArgs]>([
    ["reach with an address", host({ interface: { nic: { mac }, reach: "watch", address: "192.168.76.9" } })],
    ["mode bridge", host({ network: { ...network, driver: "ipvlan", mode: "bridge" } })],
    ["ipvlan beside it", host({ lans: { iot: { ...iot, network: { ...iot.network, driver: "ipvlan" } } } })],
    ["macvlan on a VLAN of the NIC", host({ lans: { iot: { ...iot, interface: { nic: { mac }, vlan: 20 } } } })],
    ["macvlan on another NIC", host({ lans: { iot: { ...iot, interface: { nic: { name: "ens5" } } } } })],
    ["IPv6", host({ network: { ...network, driver: "ipvlan", subnet6: "fd00:76::/64" } })],
    [
      "several LANs without a NIC's MAC",
      host({
        interface: { nic: { name: "ens4" } },
        lans: { iot: { ...iot, interface: { nic: { name: "ens4" } }, network: { ...iot.network, driver: "ipvlan" } } },
      }),
    ],
  ])("takes %s", (_, args) => expect(said(args)).toEqual([]));
});

describe("on the host", () => {
  const args = host({ interface: { nic: { mac }, reach: "pinned", address: "192.168.76.9" } });
  const ipvlan = { args, host: read(args) };
  const facts = inSync(args, ipvlan.host);
  const before = host({ network });
  const macvlan = { args: before, host: read(before), facts: inSync(before, read(before)) };
  const drift = (seen: HostFacts) =>
    driftOf(seen, args, ipvlan.host).map(({ resource, reasons }) => [
      resource,
      reasons.filter((each) => !each.startsWith("/")),
    ]);

  it("nothing is to do, and nothing speaks against it", () => {
    expect(drift(facts)).toEqual([]);
    expect(preflight(facts, ipvlan.host).filter(({ severity }) => severity === "refuse")).toEqual([]);
  });

  it("a change of the driver is told of link, network and appliance, and not refused", () => {
    expect(preflight(macvlan.facts, ipvlan.host).filter(({ severity }) => severity === "refuse")).toEqual([]);
    expect(drift(macvlan.facts)).toEqual([
      ["link", ["lan0 is not an ipvlan but a macvlan", "the route to 192.168.76.53 over lan0 is missing"]],
      ["network", ["network lan is another one (driver: macvlan instead of ipvlan)"]],
      [{ appliance: "dns" }, ["this host has another version of dns"]],
    ]);
  });

  it.each<[string, (seen: HostFacts) => Partial<HostFacts>, string[]]>([
    [
      "another mode",
      ({ links }) => ({
        links: links.map((link) =>
          link.ifname === "lan0" ? { ...link, linkinfo: { info_kind: "ipvlan", info_data: { mode: "l3" } } } : link,
        ),
      }),
      ["lan0 is in mode l3 instead of l2"],
    ],
    [
      "another way to ask",
      ({ sysctls }) => ({ sysctls: new Map([...sysctls, ["ipv4/conf/lan0/arp_announce", "0"]]) }),
      ["net/ipv4/conf/lan0/arp_announce is 0 instead of 2"],
    ],
    [
      "a container without its address",
      ({ inside }) => ({ inside: new Map([...inside].map(([id]) => [id, { macs: {}, addresses: [] }])) }),
      ["container dns has lost its address 192.168.76.53 inside"],
    ],
  ])("%s is drift", (_, change, expected) => {
    expect(drift({ ...facts, ...change(facts) }).map(([, reasons]) => reasons)).toEqual([expected]);
  });

  it("the driver of the network says which MAC answers", () => {
    const answered = (by: string): HostFacts => ({
      ...facts,
      containers: [],
      probed: new Map([["192.168.76.53", [by]]]),
    });
    const refused = (seen: HostFacts) =>
      preflight(seen, ipvlan.host)
        .filter(({ severity }) => severity === "refuse")
        .map(({ id }) => id);
    expect(refused(answered(mac))).toEqual([]);
    expect(refused(answered("00:11:22:33:44:55"))).toEqual(["ip-on-lan"]);
  });

  it("is what Docker calls it", () => expect(Object.values(NetworkDriver)).toEqual(["macvlan", "ipvlan"]));
});
