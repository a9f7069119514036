import { describe, expect, it } from "vitest";
import { ContainerFact, HostFacts, LinkFact, NetworkFact, RouteFact } from "../observe";
import { fixture } from "../observe/fixtures/fixture";
import { diagnose, doctorRules, survey, Weight } from ".";
import { BootFacts, Sight } from "./look";

const NO_BOOT: BootFacts = { makers: new Map(), runners: new Map(), units: new Map(), pins: new Map(), arp: new Map() };

const base = fixture("trixie-in-use");
const LAN = base.networks.find(({ name }) => name === "lan")!;
const LAN0 = base.links.find(({ ifname }) => ifname === "lan0")!;
const PINNED = base.containers.find(({ name }) => name === "pinned")!;
const ID = "ab".repeat(32);

const network = (change: Partial<NetworkFact> = {}): NetworkFact => ({ ...LAN, ...change });
const ipam = (config: object): NetworkFact["ipam"] => ({
  Driver: "default",
  Config: [
    { Subnet: "192.168.76.0/24", Gateway: "192.168.76.1", AuxiliaryAddresses: { host: "192.168.76.10" }, ...config },
  ],
});
const container = (change: Partial<ContainerFact> = {}): ContainerFact => ({ ...PINNED, ...change });
const second = (change: Partial<ContainerFact> = {}): ContainerFact =>
  container({
    id: "c2",
    name: "second",
    networks: {
      lan: {
        ...PINNED.networks.lan!,
        IPAddress: "192.168.76.54",
        IPAMConfig: { IPv4Address: "192.168.76.54" },
        MacAddress: "02:42:c0:a8:4c:36",
      },
    },
    ...change,
  });
const link = (change: Partial<LinkFact> = {}): LinkFact => ({ ...LAN0, ...change });
const route = (change: Partial<RouteFact>): RouteFact => ({ dst: "192.168.76.0/24", protocol: "kernel", ...change });
const docker = (version: string): HostFacts["docker"] => ({
  ...base.docker!,
  server: { version, apiVersion: "1.52", components: [] },
});

/** The host's links with another ens4. */
const ens4 = (change: Partial<LinkFact>): LinkFact[] =>
  base.links.map((each) => (each.ifname === "ens4" ? { ...each, ...change } : each));

/** A host with lan0 on ens4, the network lan on that, and the container `pinned` there, made and ordered by a unit. */
function host(change: Partial<HostFacts> = {}, boot: Partial<BootFacts> = {}): Sight {
  const facts: HostFacts = {
    ...base,
    networks: [network()],
    containers: [container()],
    routes: [
      route({ dev: "ens4", prefsrc: "192.168.76.10" }),
      route({ dst: "192.168.76.53", dev: "lan0", protocol: "static" }),
    ],
    ...change,
  };
  const shim = unit({ Before: "docker.service", UnitFileState: "enabled" });
  return {
    facts,
    boot: {
      ...NO_BOOT,
      makers: new Map([
        ["/etc/systemd/system/shim.service", ["ExecStart=/sbin/ip link add lan0 link ens4 type macvlan"]],
      ]),
      units: new Map([["shim.service", shim]]),
      arp: new Map([["lan0/arp_filter", "1"]]),
      pins: new Map([
        [PINNED.id, ["02:42:c0:a8:4c:35"]],
        ["c2", ["02:42:c0:a8:4c:36"]],
      ]),
      ...boot,
    },
  };
}

function unit(properties: Record<string, string>) {
  return { loadState: "loaded", activeState: "active", fragmentPath: "", properties };
}

const ids = (sight: Sight) => diagnose(sight).map(({ id }) => id);
const only = (sight: Sight, id: string) => diagnose(sight).find((finding) => finding.id === id);

describe("a host where all is well", () => {
  it("has no finding", () => expect(diagnose(host())).toEqual([]));

  it.each(["trixie-bare", "trixie-no-docker"])("nor has %s, which has no MACVLAN", (name) =>
    expect(diagnose({ facts: fixture(name), boot: NO_BOOT })).toEqual([]),
  );

  it("nor has one that reaches a range and a virtual address from an address of the link, or a container that has just come", () => {
    const ours = (dst: string): RouteFact => ({ dst, dev: "lan0", protocol: "201", prefsrc: "192.168.76.9" });
    const own = [{ family: "inet" as const, address: "192.168.76.9", prefix: 32 }];
    const { routes, addresses } = host().facts;
    const more = [ours("192.168.76.64/27"), ours("192.168.76.3"), ours("10.1.0.0/24")];
    const reaching = (made: boolean): Sight =>
      host({
        linkConfs: new Map(made ? [["lan0", { NAME: "lan0", REACH: "watch" }]] : []),
        links: base.links.map((each) => (each.ifname === "lan0" ? { ...each, ifalias: undefined } : each)),
        containers: [container(), second()],
        routes: [...routes, ...more],
        addresses: new Map([...addresses, ["lan0", own]]),
      });
    expect(diagnose(reaching(true))).toEqual([]);
    expect(ids(reaching(false))).toEqual(["no-route"]);
  });

  it("proposes no link and no route to containers in a mode in which nothing beside them reaches them", () => {
    const apart = [network({ options: { parent: "lan0", macvlan_mode: "private" } })];
    expect(ids(host({ networks: apart, containers: [container(), second()] }))).not.toContain("no-route");
    const [finding, ...more] = diagnose(host({ networks: apart, routes: [] }));
    expect(finding).toMatchObject({ id: "no-host-reach", remedy: "" });
    expect(more).toEqual([]);
  });
});

/** Each rule with a host where it speaks; that it is silent elsewhere is `has no finding` above. */
const cases: Record<string, () => Sight> = {
  "docker-unseen": () => host({ docker: { path: "/usr/bin/docker", refusal: "permission denied" } }),
  "docker-stopped": () =>
    host({
      docker: { path: "/usr/bin/docker" },
      units: new Map([["docker.service", { ...unit({}), activeState: "inactive" }]]),
    }),
  platform: () => host({ platforms: ["unraid"] }),
  "container-host": () => host({ virtualization: "lxc" }),
  cloud: () => host({ machine: "Amazon EC2 t3.micro" }),
  "docker-of-kubernetes": () => host({ containers: [container({ name: "k8s_POD_x" })] }),
  "docker-kind": () => host({ docker: { ...base.docker!, path: "/snap/bin/docker" } }),
  systemd: () => host({ systemd: undefined }),
  "docker-version": () =>
    host({ docker: { ...docker("25.0.1")!, server: { version: "25.0.1", apiVersion: "1.44", components: [] } } }),
  "nic-unfit": () => host({ links: ens4({ master: "br0", linkinfo: { info_slave_kind: "bridge" } }) }),
  "nic-wifi": () => host({ nics: [{ name: "ens4", wireless: true, idPath: "" }] }),
  "nic-bond-alb": () =>
    host({ bonds: new Map([["ens4", "balance-alb"]]), links: ens4({ linkinfo: { info_kind: "bond" } }) }),
  "nic-bond-tlb": () =>
    host({ bonds: new Map([["ens4", "balance-tlb"]]), links: ens4({ linkinfo: { info_kind: "bond" } }) }),
  "nic-carrier": () => host({ links: ens4({ flags: ["UP"] }) }),
  hypervisor: () => host({ virtualization: "vmware" }),
  "nic-taken": () =>
    host({
      links: [...base.links, link({ ifname: "ipv0", linkinfo: { info_kind: "ipvlan", info_data: { mode: "l2" } } })],
    }),
  "docker-28-start": () => host({ docker: docker("28.0.1") }),
  "taken-back": () =>
    host({ undone: new Map([["lan0", { time: "2026-11-21T03:20:11Z", reason: "nobody confirmed it in time" }]]) }),
  "docker-29-wipe": () => host({ docker: docker("29.1.2") }),
  "ghost-parent-missing": () => host({ ghosts: [LAN.id], links: base.links.filter(({ ifname }) => ifname !== "lan0") }),
  ghost: () => host({ ghosts: [LAN.id] }),
  "zombie-claims-parent": () => host({ ghosts: [LAN.id], zombies: [{ id: ID, parent: "lan0" }] }),
  zombie: () => host({ zombies: [{ id: ID, parent: "eth9" }] }),
  "zombie-harmless": () => host({ zombies: [{ id: ID, parent: "lan0" }], docker: docker("27.0.1") }),
  "dead-network": () =>
    host({ containers: [container({ networks: { lan: { ...PINNED.networks.lan!, NetworkID: ID } } })] }),
  "parent-missing": () => host({ links: base.links.filter(({ ifname }) => ifname !== "lan0") }),
  "no-parent": () => host({ networks: [network({ options: { parnt: "ens4" } })] }),
  "no-gateway": () => host({ networks: [network({ ipam: ipam({ Gateway: undefined, IPRange: "192.168.76.1/32" }) })] }),
  "wrong-subnet": () =>
    host({ networks: [network({ ipam: ipam({ Subnet: "10.1.0.0/24", IPRange: "10.1.0.1/32" }) })] }),
  "pool-on-lan": () => host({ networks: [network({ ipam: ipam({}) })] }),
  "pin-in-pool": () => host({ networks: [network({ ipam: ipam({ IPRange: "192.168.76.48/28" }) })] }),
  "host-address-in-pool": () =>
    host({ networks: [network({ ipam: ipam({ IPRange: "192.168.76.0/28", AuxiliaryAddresses: {} }) })] }),
  "docker-owned-vlan": () => host({ networks: [network({ options: { parent: "ens4.50" } })] }),
  wiped: () => host({ containers: [container({ networks: {}, networkMode: "lan" })] }),
  "no-eth0": () => host({ inside: new Map([[PINNED.id, { macs: {}, addresses: [] }]]) }),
  "not-started": () => host({ containers: [container({ status: "exited", error: "Address already in use" })] }),
  "identity-taken": () =>
    host({
      addresses: new Map([...base.addresses, ["ens5", [{ family: "inet", address: "192.168.76.53", prefix: 24 }]]]),
    }),
  "mac-not-pinned": () => host({}, { pins: new Map([[PINNED.id, []]]) }),
  "ip-not-pinned": () =>
    host({ containers: [container({ networks: { lan: { ...PINNED.networks.lan!, IPAMConfig: null } } })] }),
  "no-restart-policy": () => host({ containers: [container({ restart: "no" })] }),
  "not-made-at-boot": () => host({}, { makers: new Map() }),
  "unit-off": () =>
    host({}, { units: new Map([["shim.service", unit({ Before: "docker.service", UnitFileState: "disabled" })]]) }),
  "unit-failed": () =>
    host(
      {},
      {
        units: new Map([
          ["shim.service", { ...unit({ Before: "docker.service", Result: "exit-code" }), activeState: "failed" }],
        ]),
      },
    ),
  "not-before-docker": () => host({}, { units: new Map([["shim.service", unit({ UnitFileState: "enabled" })]]) }),
  "stops-docker": () =>
    host(
      {},
      {
        units: new Map([
          ["shim.service", unit({ Before: "docker.service" })],
          ["docker.service", unit({ Requires: "docker.socket shim.service" })],
        ]),
      },
    ),
  "before-docker-socket": () =>
    host({}, { units: new Map([["shim.service", unit({ Before: "docker.socket docker.service" })]]) }),
  "parent-is-nic": () => host({ networks: [network({ options: { parent: "ens4" } })] }),
  "lan-hijacked": () =>
    host({
      addresses: new Map([...base.addresses, ["lan0", [{ family: "inet", address: "192.168.76.250", prefix: 24 }]]]),
      routes: [route({ dev: "ens4", metric: 100 }), route({ dev: "lan0" })],
    }),
  "lan-route-twice": () =>
    host({
      addresses: new Map([...base.addresses, ["lan0", [{ family: "inet", address: "192.168.76.250", prefix: 24 }]]]),
      routes: [route({ dev: "ens4" }), route({ dev: "lan0" })],
    }),
  "arp-flux": () =>
    host(
      {},
      {
        arp: new Map([
          ["lan0/arp_filter", "0"],
          ["all/rp_filter", "1"],
        ]),
      },
    ),
  "arp-ignore": () =>
    host(
      {},
      {
        arp: new Map([
          ["lan0/arp_filter", "0"],
          ["all/arp_ignore", "1"],
        ]),
      },
    ),
  "shim-mode": () =>
    host({
      links: base.links.map((each) =>
        each.ifname === "lan0" ? link({ linkinfo: { info_kind: "macvlan", info_data: { mode: "vepa" } } }) : each,
      ),
    }),
  "link-down": () => host({ links: base.links.map((each) => (each.ifname === "lan0" ? link({ flags: [] }) : each)) }),
  "nic-down": () => host({ links: ens4({ flags: [] }) }),
  "macvlan-router-routes": () => routed([route({ dst: "192.168.76.53", dev: "lan0", protocol: "boot" })]),
  "macvlan-router": () =>
    routed([
      route({ dst: "192.168.76.53", dev: "lan0", protocol: "boot" }),
      route({ dst: "192.168.76.54", dev: "lan0", protocol: "boot" }),
    ]),
  "no-route": () => host({ containers: [container(), second()] }),
  "no-host-reach": () => host({ routes: [] }),
};

/** Two containers, a macvlan-router, and the routes that it has set. */
function routed(routes: RouteFact[]): Sight {
  const router = container({
    id: "r",
    name: "router",
    image: "ghcr.io/laugmanuel/macvlan-router:latest",
    networks: {},
    networkMode: "host",
  });
  return host({
    containers: [container(), second(), router],
    addresses: new Map([...base.addresses, ["lan0", [{ family: "inet", address: "192.168.76.250", prefix: 32 }]]]),
    routes,
  });
}

describe("each rule", () => {
  it.each(Object.keys(cases))("%s speaks where it should", (id) => expect(ids(cases[id]!())).toContain(id));

  it("has a case here", () => expect(Object.keys(cases).sort()).toEqual(doctorRules.map(({ id }) => id).sort()));

  it.each(Object.keys(cases))("%s says where, what it means in one sentence, and names no id twice", (id) => {
    const finding = only(cases[id]!(), id)!;
    expect(finding.where).toMatch(
      /^(host|docker\.service|shim\.service|removed network|(network|container|link|NIC) )/,
    );
    expect(finding.means.split(/\.\s/).length).toBeLessThanOrEqual(2);
    expect(`${finding.means} ${finding.remedy}`).not.toMatch(/undefined|NaN|\[object/);
    if (finding.severity !== Weight.Note) expect(finding.remedy).not.toBe("");
  });
});

describe("the three states of a ghost", () => {
  it("brings the parent first, then Docker, names whom that stops, and warns of network rm", () => {
    const { remedy } = only(cases["ghost-parent-missing"]!(), "ghost-parent-missing")!;
    expect(remedy).toMatch(
      /systemctl restart shim\.service.*systemctl restart docker \(it stops every container of this host: pinned\).*never docker network rm lan/,
    );
  });

  it("restarts Docker alone where the parent is back, and starts what has no restart policy", () => {
    const sight = host({ ghosts: [LAN.id], containers: [container({ status: "exited", restart: "no" })] });
    expect(only(sight, "ghost")!.remedy).toMatch(/^systemctl restart docker;.*then: docker start pinned$/);
  });

  it("advises no restart where a record of a removed network claims the parent: that would bring nothing", () => {
    const sight = cases["zombie-claims-parent"]!();
    expect(ids(sight)).not.toContain("ghost");
    const { remedy } = only(sight, "zombie-claims-parent")!;
    expect(remedy.indexOf("upgrade to")).toBeLessThan(remedy.indexOf("altname"));
    expect(remedy.indexOf("altname")).toBeLessThan(remedy.indexOf("local-kv.db"));
  });

  it("sees by the containers' errors what the journal would say, if the account may not read that", () => {
    const failed = container({ status: "exited", error: `network id "${LAN.id}" not found` });
    const account = { uid: 1000, name: "ann", groups: ["docker"], sudo: "missing" };
    expect(ids(host({ containers: [failed], account }))).toContain("ghost");
    expect(ids(host({ containers: [failed] }))).not.toContain("ghost");
  });

  it("says of containers of a ghost nothing more than that", () => {
    const failed = container({ status: "exited", error: `network id "${LAN.id}" not found` });
    expect(ids(host({ containers: [failed], ghosts: [LAN.id] }))).toEqual(["ghost"]);
  });
});

it("knows Docker's own choice of a MAC from one that was asked for where it may not look it up", () => {
  const blind = (mac: string, version = "26.1.5") =>
    survey(
      host(
        {
          containers: [container({ networks: { lan: { ...PINNED.networks.lan!, MacAddress: mac } } })],
          docker: docker(version),
        },
        { pins: new Map() },
      ),
    ).networks[0]!.members[0]!.macPinned;
  expect(blind("02:00:00:00:00:01")).toBe(true);
  expect(blind("02:42:c0:a8:4c:35")).toBeUndefined();
  expect(blind("02:00:00:00:00:01", "28.5.2")).toBeUndefined();
});
