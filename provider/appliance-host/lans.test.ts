import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatProblem } from "../errors";
import { hostInterfaceSchema, interfaceOf, resolveInterface } from "../host-interface";
import { HostFacts, LinkFact } from "../observe";
import { inSync } from "../observe/fixtures/in-sync";
import { ApplianceHost } from "./appliance-host";
import { driftOf } from "./drift";
import { preflight } from "./preflight";
import { probesOf } from "./host";
import { resolveHost } from "./resolve";
import type { ApplianceHostArgs } from "./spec";

const service = { image: "example.com/app@sha256:0000000000000000000000000000000000000000000000000000000000000000" };
const nic = { mac: "52:54:00:00:02:07" };
const iot = {
  interface: { nic, vlan: 20 },
  network: { subnet: "192.168.20.0/24", gateway: "192.168.20.1" },
};
const good: ApplianceHostArgs = {
  ssh: { destination: "gw1" },
  interface: { nic },
  network: { subnet: "192.168.76.0/24", gateway: "192.168.76.1", hostAddress: "192.168.76.10" },
  lans: { iot },
  appliances: {
    dns: { ip: "192.168.76.53", service },
    cam: { ip: "192.168.20.30", service, lan: "iot", startAfter: ["dns"] },
  },
};
const problems = (change: object) => resolveHost({ ...good, ...change }).problems.map(formatProblem);
const host = resolveHost(good).host!;
const vlan = host.lans[1]!.link.vlan!.device;

describe("the LANs of a host", () => {
  it("have links and networks of their own, named after them", () => {
    expect(
      host.lans.map(({ name, path, link, network }) => [
        name,
        path,
        link.name,
        link.vlan?.id,
        network.name,
        network.parent,
      ]),
    ).toEqual([
      ["lan", [], "lan0", undefined, "lan", "lan0"],
      ["iot", ["lans", "iot"], "iot0", 20, "iot", "iot0"],
    ]);
    expect(host.pins.map(({ name, lan }) => [name, lan])).toEqual([
      ["dns", "lan"],
      ["cam", "iot"],
    ]);
    expect(probesOf(host)).toEqual([
      { ip: "192.168.76.53", on: nic },
      { ip: "192.168.20.30", on: { ...nic, vlan: 20 } },
    ]);
  });

  it.each<[string, object, string | undefined]>([
    [
      "the first one by its network's name",
      { appliances: { dns: { ip: "192.168.76.53", service, lan: "lan" } } },
      undefined,
    ],
    [
      "no such LAN",
      { appliances: { dns: { ip: "192.168.20.53", service, lan: "iott" } } },
      'appliances.dns.lan: the host is on no LAN "iott"; did you mean iot?',
    ],
    [
      "an address of another LAN of the host",
      { appliances: { dns: { ip: "192.168.20.53", service } } },
      "appliances.dns.ip: 192.168.20.53 is outside 192.168.76.0/24, the subnet of network lan; say lan: iot, which has 192.168.20.0/24, or choose another address",
    ],
    [
      "an address of no LAN",
      { appliances: { cam: { ip: "10.0.0.5", service, lan: "iot" } } },
      "appliances.cam.ip: 10.0.0.5 is outside 192.168.20.0/24, the subnet of network iot; choose a free address (next free: 192.168.20.2)",
    ],
    [
      "the first one's name",
      { lans: { lan: iot }, appliances: {} },
      "lans.lan: lan is what the first LAN is called; choose another name",
    ],
    [
      "one link twice",
      { lans: { iot: { ...iot, interface: { ...iot.interface, name: "lan0" } } } },
      "lans.iot.interface.name: lan0 is the link of the first LAN too; give each its own name",
    ],
    [
      "one network twice",
      { lans: { iot, cams: { ...iot, network: { name: "iot", subnet: "10.0.0.0/24", gateway: "10.0.0.1" } } } },
      "lans.cams.network.name: iot is the Docker network of LAN iot too; give each its own name",
    ],
    [
      "overlapping subnets",
      { lans: { iot: { ...iot, network: { subnet: "192.168.0.0/16", gateway: "192.168.0.1" } } }, appliances: {} },
      "lans.iot.network.subnet: 192.168.0.0/16 overlaps 192.168.76.0/24, the subnet of the first LAN: one Docker has each address once; put the host on LANs with subnets of their own",
    ],
    [
      "one MAC for two links",
      {
        interface: { nic, mac: "02:aa:00:00:00:01" },
        lans: { iot: { ...iot, interface: { nic, mac: "02:aa:00:00:00:01" } } },
      },
      "lans.iot.interface.mac: 02:aa:00:00:00:01 is the MAC of the link of the first LAN too; give each its own, or leave them out to have them derived",
    ],
    [
      "an appliance with the MAC of another LAN's link",
      { appliances: { dns: { ip: "192.168.76.53", service, mac: host.lans[1]!.link.mac } } },
      `appliances.dns.mac: ${host.lans[1]!.link.mac} is the MAC of the link iot0 too; give each its own, or leave them out to have them derived`,
    ],
    [
      "two MTUs for one VLAN",
      {
        lans: {
          iot,
          cams: { interface: { nic, vlan: 20, mtu: 1400 }, network: { subnet: "10.0.0.0/24", gateway: "10.0.0.1" } },
        },
      },
      "lans.cams.interface.mtu: VLAN 20 of this NIC is that of LAN iot too, with another MTU; give both the same",
    ],
    [
      "a name that makes no link's name",
      { lans: { "guest-wifi": iot }, appliances: {} },
      'lans.guest-wifi: there is no name for its link: "guest-wifi0" is not a plain name; give it one: interface.name',
    ],
    ["no name for a LAN", { lans: { "a b": iot }, appliances: {} }, '"a b" cannot be the name of a LAN'],
    ["a wrong field", { lans: { iot: { ...iot, interface: { nic, vlan: 5000 } } } }, "lans.iot.interface.vlan: "],
    [
      "a wrong address in a network",
      { lans: { iot: { ...iot, network: { ...iot.network, hostAddress: "10.0.0.1" } } } },
      "lans.iot.network.hostAddress: 10.0.0.1 is not inside the subnet 192.168.20.0/24",
    ],
    [
      "an address of a link in its own LAN",
      { lans: { iot: { ...iot, interface: { ...iot.interface, address: "192.168.20.9" } } } },
      undefined,
    ],
    [
      "an address of a link in another LAN",
      { lans: { iot: { ...iot, interface: { ...iot.interface, address: "192.168.76.9" } } } },
      "lans.iot.interface.address: 192.168.76.9 is outside 192.168.20.0/24",
    ],
    [
      "an appliance's address for the link of its LAN",
      { lans: { iot: { ...iot, interface: { ...iot.interface, address: "192.168.20.30" } } } },
      "lans.iot.interface.address: 192.168.20.30 is the address of the appliance cam too",
    ],
    [
      "a way to the ipRange of another LAN",
      {
        network: { ...good.network, ipRange: "192.168.76.64/28" },
        lans: { iot: { ...iot, interface: { ...iot.interface, reach: "range" } } },
      },
      "lans.iot.interface.reach: range is the route to ipRange, and network iot has none",
    ],
    [
      "a way into another LAN",
      { lans: { iot: { ...iot, interface: { ...iot.interface, reach: "pinned", routes: ["192.168.76.3"] } } } },
      "lans.iot.interface.routes[0]: 192.168.76.3 would send over the link iot0 what is in 192.168.76.0/24, the subnet of the first LAN; name it in the routes of the link there",
    ],
    [
      "a way from the first LAN into another",
      { interface: { nic, reach: "pinned", routes: ["192.168.20.0/24"] } },
      "interface.routes[0]: 192.168.20.0/24 would send over the link lan0 what is in 192.168.20.0/24, the subnet of LAN iot; name it in the routes of the link there",
    ],
    [
      "a way to the LAN's router",
      { lans: { iot: { ...iot, interface: { ...iot.interface, reach: "pinned", routes: ["192.168.20.0/29"] } } } },
      "lans.iot.interface.routes[0]: 192.168.20.0/29 would send over the link iot0 what is not behind it",
    ],
  ])("%s", (_, change, expected) => {
    const found = problems(change);
    if (expected === undefined) expect(found).toEqual([]);
    else expect(found.join("\n")).toContain(expected);
    expect(found.length).toBeLessThanOrEqual(1);
  });
});

describe("what is registered", () => {
  const urns: { name: string; type: string; depends: string[] }[] = [];
  beforeAll(() => {
    process.env.MACVLAN_OFFLINE = "1";
  });
  afterAll(() => {
    delete process.env.MACVLAN_OFFLINE;
  });
  const make = async (args: ApplianceHostArgs) => {
    urns.length = 0;
    await pulumi.runtime.setMocks({
      newResource: ({ name, inputs, id }) => ({ id: id || `${name}-id`, state: inputs as Record<string, unknown> }),
      call: () => ({}),
    });
    const monitor = pulumi.runtime.getMonitor() as unknown as { registerResource(request: never, done: unknown): void };
    const register = monitor.registerResource.bind(monitor);
    monitor.registerResource = (
      request: { getName(): string; getType(): string; getDependenciesList(): string[] },
      done,
    ) => {
      const depends = request.getDependenciesList().map((urn) => urn.split("::").at(-1)!);
      urns.push({ name: request.getName(), type: request.getType(), depends });
      register(request as never, done);
    };
    const component = new ApplianceHost("gw1", args);
    await pulumi.runtime.disconnect();
    return component;
  };
  const of = (name: string) => urns.find((each) => each.name === name)!;

  it("is what it was for the first LAN; a further one has its own link and network, and its appliances wait for these", async () => {
    await make({ ...good, lans: undefined, appliances: { dns: good.appliances.dns! } });
    const single = urns.map(({ name, type, depends }) => ({ name, type, depends }));
    const component = await make(good);
    for (const each of single) expect(urns).toContainEqual(each);
    expect(urns.filter(({ name }) => !single.some((each) => each.name === name)).map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "gw1-iot0",
        "gw1-iot0-link",
        "gw1-iot",
        "gw1-iot-network",
        "gw1-cam",
        "gw1-cam-appliance",
      ]),
    );
    expect(of("gw1-iot0-link").depends).toContain("gw1-lan0-link");
    expect(of("gw1-iot-network").depends).toEqual(["gw1-iot0-link"]);
    expect(of("gw1-cam-appliance").depends).toEqual(expect.arrayContaining(["gw1-iot-network", "gw1-dns-appliance"]));
    expect(of("gw1-cam-appliance").depends).not.toContain("gw1-lan-network");
    const lans = await new Promise((resolve) => component.lans.apply(resolve));
    expect(lans).toEqual({ iot: { networkId: "gw1-iot-network-id", mac: host.lans[1]!.link.mac } });
  });
});

describe("ways of their own", () => {
  const args: ApplianceHostArgs = {
    ...good,
    interface: { nic, reach: "pinned" },
    lans: {
      iot: {
        interface: { ...iot.interface, reach: "range", address: "192.168.20.9", routes: ["192.168.20.200"] },
        network: { ...iot.network, ipRange: "192.168.20.64/28" },
      },
    },
  };
  const both = resolveHost(args).host!;

  it("lead over the link of each LAN, to the range of its network", () => {
    const [first, further] = both.lans;
    expect(first!.link).not.toHaveProperty("ipRange");
    expect(further!.link).toMatchObject({ reach: "range", ipRange: "192.168.20.64/28", address: "192.168.20.9" });
    const component = { ssh: args.ssh, ...interfaceOf(further!.link) };
    const { ipRange, ...spec } = hostInterfaceSchema.parse(component);
    expect(resolveInterface(spec, "gw1", { ipRange })).toEqual(further!.link);
  });

  it("are missed on the one that lacks them", () => {
    const facts = inSync(args, both);
    expect(driftOf(facts, args, both)).toEqual([]);
    const routes = facts.routes.filter(({ dst }) => dst !== "192.168.20.64/28");
    expect(driftOf({ ...facts, routes }, args, both)).toEqual([
      { resource: { lan: "iot", part: "link" }, reasons: ["the route to 192.168.20.64/28 over iot0 is missing"] },
    ]);
  });
});

describe("the host of several LANs", () => {
  const facts = inSync(good, host);
  const drift = (change: Partial<HostFacts>) =>
    driftOf({ ...facts, ...change }, good, host).flatMap(({ resource, reasons }) =>
      reasons.map(
        (reason) => `${typeof resource === "string" ? resource : Object.values(resource).join(" ")}: ${reason}`,
      ),
    );
  const device = (name: string, change: Partial<LinkFact>): Partial<HostFacts> => {
    return { links: facts.links.map((link) => (link.ifname === name ? { ...link, ...change } : link)) };
  };
  const without = (...names: string[]): Partial<HostFacts> => {
    return { links: facts.links.filter(({ ifname }) => !names.includes(ifname)) };
  };
  const sysctl = (key: string): Partial<HostFacts> => ({ sysctls: new Map([...facts.sysctls, [key, "0"]]) });

  it("is judged below each LAN, and what holds for the host once", () => {
    const bare = { ...facts, macvlan: false, vlan: false, kernel: "6.1.0-board" };
    expect(preflight(facts, host)).toEqual([]);
    expect(preflight(bare, host).map(formatProblem)).toEqual([
      "ssh.destination: the kernel 6.1.0-board has no macvlan; install a kernel with the module macvlan (Debian: linux-image-amd64)",
      "lans.iot.interface.vlan: the kernel 6.1.0-board has no VLANs; install a kernel with the module 8021q (Debian: linux-image-amd64)",
    ]);
  });

  it("does not take the NIC's address for one on the VLAN", () => {
    const addresses = new Map([
      ...facts.addresses,
      [vlan, [{ family: "inet" as const, address: "10.9.9.9", prefix: 24 }]],
    ]);
    expect(preflight({ ...facts, addresses }, host).map(formatProblem)).toEqual([
      `lans.iot.network.subnet: ${vlan} has the address 10.9.9.9/24, and this network is 192.168.20.0/24; give the subnet of the LAN that the NIC is on, or another NIC`,
    ]);
  });

  it.each<[string, Partial<HostFacts>, string[]]>([
    ["in sync", {}, []],
    [
      "the VLAN was deleted, and its link with it",
      without(vlan, "iot0"),
      ["iot link: iot0 is missing", "iot link: VLAN 20 of ens4, which iot0 is to be on, is missing"],
    ],
    ["the VLAN is down", device(vlan, { flags: [] }), [`iot link: ${vlan}, which iot0 is on, is down`]],
    [
      "the VLAN has another id",
      device(vlan, { linkinfo: { info_kind: "vlan", info_data: { protocol: "802.1Q", id: 30 } } }),
      [
        `iot link: iot0 is on ${vlan} instead of VLAN 20 of ens4`,
        "iot link: VLAN 20 of ens4, which iot0 is to be on, is missing",
      ],
    ],
    [
      "the VLAN is one of another NIC",
      device(vlan, { link: "ens3" }),
      [
        `iot link: iot0 is on ${vlan} instead of VLAN 20 of ens4`,
        "iot link: VLAN 20 of ens4, which iot0 is to be on, is missing",
      ],
    ],
    [
      "802.1ad is no 802.1Q",
      device(vlan, { linkinfo: { info_kind: "vlan", info_data: { protocol: "802.1ad", id: 20 } } }),
      [
        `iot link: iot0 is on ${vlan} instead of VLAN 20 of ens4`,
        "iot link: VLAN 20 of ens4, which iot0 is to be on, is missing",
      ],
    ],
    [
      "the link is on the NIC itself",
      device("iot0", { link: "ens4" }),
      [`iot link: iot0 is on ens4 instead of ${vlan}`],
    ],
    [
      "a VLAN of ours has another MAC",
      device(vlan, { address: "02:00:00:00:00:01" }),
      [`iot link: ${vlan} has the MAC 02:00:00:00:00:01 instead of that of ens4, ${nic.mac}`],
    ],
    ["somebody's VLAN has another MAC", device(vlan, { ifalias: "theirs", address: "02:00:00:00:00:01" }), []],
    [
      "the VLAN would answer for the host",
      sysctl(`ipv4/conf/${vlan}/arp_filter`),
      [`iot link: net/ipv4/conf/${vlan}/arp_filter is 0 instead of 1`],
    ],
    ["the other link is down", device("lan0", { flags: [] }), ["link: lan0 is down"]],
  ])("%s", (_, change, expected) => expect(drift(change)).toEqual(expected));

  it("has the MTU that is asked for, on a VLAN of ours as well", () => {
    const args = { ...good, lans: { iot: { ...iot, interface: { ...iot.interface, mtu: 1400 } } } };
    const other = resolveHost(args).host!;
    const seen = inSync(args, other);
    const with1500 = (name: string) => ({
      ...seen,
      links: seen.links.map((link) => (link.ifname === name ? { ...link, mtu: 1500 } : link)),
    });
    expect(driftOf(seen, args, other)).toEqual([]);
    expect(driftOf(with1500("iot0"), args, other)[0]?.reasons).toEqual(["iot0 has the MTU 1500 instead of 1400"]);
    expect(driftOf(with1500(vlan), args, other)[0]?.reasons).toEqual([`${vlan} has the MTU 1500 instead of 1400`]);
  });
});
