import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { hostFiles } from "../boot-shim";
import { Reach } from "../host-interface";
import { ContainerFact, FileFact, HostFacts, LinkFact, UnitFact } from "../observe";
import { fixture } from "../observe/fixtures/fixture";
import { inSync } from "../observe/fixtures/in-sync";
import { driftOf } from "./drift";
import type { ResolvedHost } from "./host";
import { resolveHost } from "./resolve";
import type { ApplianceHostArgs } from "./spec";

const image = "example.com/app@sha256:0000000000000000000000000000000000000000000000000000000000000000";
const hostWith = (change: Partial<ApplianceHostArgs> = {}): ApplianceHostArgs => ({
  ssh: { destination: "gw1" },
  interface: { nic: { mac: "52:54:00:00:02:07" }, reach: "pinned" },
  network: { subnet: "192.168.76.0/24", gateway: "192.168.76.1", hostAddress: "192.168.76.10" },
  appliances: {
    dns: { ip: "192.168.76.53", service: { image }, files: { "zone.txt": "a" } },
    web: { ip: "192.168.76.80", service: { image } },
  },
  ...change,
});

interface Bench {
  readonly args: ApplianceHostArgs;
  readonly host: ResolvedHost;
  readonly facts: HostFacts;
}

function bench(args = hostWith()): Bench {
  const { host, problems } = resolveHost(args);
  expect(problems).toEqual([]);
  return { args, host: host!, facts: inSync(args, host!) };
}

/** One line a reason: RESOURCE: REASON. */
function reasons({ args, host }: Bench, facts: HostFacts): string[] {
  return driftOf(facts, args, host).flatMap(({ resource, reasons: all }) =>
    all.map((reason) => `${typeof resource === "string" ? resource : Object.values(resource).join(" ")}: ${reason}`),
  );
}

type Change = (facts: HostFacts) => Partial<HostFacts>;

const file =
  (path: string, change: object | undefined): Change =>
  ({ files }) => {
    const changed = new Map(files);
    if (change === undefined) changed.delete(path);
    else changed.set(path, { digest: "0".repeat(64), mode: "", owner: "", ...files.get(path), ...change });
    return { files: changed };
  };
const unit =
  (name: string, change: Partial<UnitFact>, properties: Record<string, string> = {}): Change =>
  ({ units }) => {
    const old = units.get(name)!;
    return {
      units: new Map([...units, [name, { ...old, ...change, properties: { ...old.properties, ...properties } }]]),
    };
  };
const device =
  (name: string, change: Partial<LinkFact>): Change =>
  ({ links }) => ({ links: links.map((link) => (link.ifname === name ? { ...link, ...change } : link)) });
const container =
  (name: string, change: (old: ContainerFact) => Partial<ContainerFact>): Change =>
  ({ containers }) => ({
    containers: containers.map((each) => (each.name === name ? { ...each, ...change(each) } : each)),
  });
const endpoint = (name: string, change: object): Change =>
  container(name, ({ networks }) => ({ networks: { lan: { ...networks.lan!, ...change } } }));
const inside =
  (name: string, change: object): Change =>
  ({ containers, inside: all }) => {
    const { id } = containers.find((each) => each.name === name)!;
    return { inside: new Map([...all, [id, { ...all.get(id)!, ...change }]]) };
  };
const network =
  (change: object): Change =>
  ({ networks }) => ({ networks: networks.map((each) => (each.name === "lan" ? { ...each, ...change } : each)) });
const libexec = "/usr/local/libexec/macvlan";
const ghost: Change = ({ networks }) => ({ ghosts: [networks.find(({ name }) => name === "lan")!.id] });

/** A change of the host, and the one reason that it is to give. */
const mutations: [string, Change, string][] = [
  ["a script is missing", file(`${libexec}/link`, undefined), `boot: ${libexec}/link is missing on this host`],
  [
    "a script was edited",
    file(`${libexec}/link`, { digest: "f".repeat(64) }),
    `boot: ${libexec}/link has other content`,
  ],
  [
    "a script cannot run",
    file(`${libexec}/link`, { mode: "644" }),
    `boot: ${libexec}/link has the mode 644 instead of 755`,
  ],
  [
    "a script is somebody's",
    file(`${libexec}/link`, { owner: "op" }),
    `boot: ${libexec}/link belongs to op, not to root`,
  ],
  ["a script of before is there", file(`${libexec}/shim`, {}), `boot: ${libexec}/shim is left over`],
  [
    "a unit of before is there",
    file("/etc/systemd/system/macvlan-shim.service", {}),
    "boot: /etc/systemd/system/macvlan-shim.service is left over",
  ],
  [
    "the drop-in is gone",
    file("/etc/systemd/system/docker.service.d/50-macvlan.conf", undefined),
    "boot: /etc/systemd/system/docker.service.d/50-macvlan.conf is missing on this host",
  ],
  [
    "the drop-in was not read",
    unit("docker.service", {}, { NeedDaemonReload: "yes" }),
    "boot: docker.service is not in force as its files say",
  ],
  [
    "the link's unit was not read",
    unit("macvlan-parent@lan0.service", {}, { NeedDaemonReload: "yes" }),
    "boot: macvlan-parent@lan0.service is not in force as its files say",
  ],
  [
    "stage 3 is masked",
    unit("macvlan-appliances.service", { loadState: "masked" }),
    "boot: macvlan-appliances.service is masked",
  ],
  ["Docker is disabled", unit("docker.service", {}, { UnitFileState: "disabled" }), "boot: docker.service is disabled"],
  [
    "stage 3 is disabled",
    unit("macvlan-appliances.service", {}, { UnitFileState: "disabled" }),
    "boot: macvlan-appliances.service is disabled",
  ],
  [
    "stage 3 was stopped",
    unit("macvlan-appliances.service", { activeState: "inactive" }),
    "boot: macvlan-appliances.service does not run",
  ],
  [
    "stage 3 has failed",
    unit("macvlan-appliances.service", { activeState: "failed" }),
    "boot: macvlan-appliances.service has failed",
  ],
  [
    "the link is missing",
    ({ links }) => ({ links: links.filter(({ ifname }) => ifname !== "lan0") }),
    "link: lan0 is missing",
  ],
  [
    "the link is a dummy",
    device("lan0", { linkinfo: { info_kind: "dummy", info_data: {} } }),
    "link: lan0 is not a macvlan but a dummy",
  ],
  ["the link is not ours", device("lan0", { ifalias: undefined }), "link: lan0 does not carry our mark"],
  [
    "the link has another mode",
    device("lan0", { linkinfo: { info_kind: "macvlan", info_data: { mode: "private" } } }),
    "link: lan0 is in mode private instead of bridge",
  ],
  ["the link is on another NIC", device("lan0", { link: "ens3" }), "link: lan0 is on ens3 instead of ens4"],
  [
    "the link has another MAC",
    device("lan0", { address: "02:00:00:00:00:01" }),
    "link: lan0 has the MAC 02:00:00:00:00:01 instead of",
  ],
  [
    "the link asks for a longer queue",
    device("lan0", { linkinfo: { info_kind: "macvlan", info_data: { mode: "bridge", bcqueuelen: 5000 } } }),
    "link: lan0 has the bcqueuelen 5000 instead of 1000",
  ],
  ["the link is down", device("lan0", { flags: ["BROADCAST"] }), "link: lan0 is down"],
  ["the NIC is down", device("ens4", { flags: ["BROADCAST"] }), "link: ens4, which lan0 is on, is down"],
  [
    "the link has an address",
    ({ addresses }) => ({
      addresses: new Map([...addresses, ["lan0", [{ family: "inet", address: "192.168.76.9", prefix: 24 }]]]),
    }),
    "link: lan0 has an address (192.168.76.9)",
  ],
  [
    "ARP flux is back",
    ({ sysctls }) => ({ sysctls: new Map([...sysctls, ["ipv4/conf/lan0/arp_filter", "0"]]) }),
    "link: net/ipv4/conf/lan0/arp_filter is 0 instead of 1",
  ],
  [
    "the link has IPv6",
    ({ sysctls }) => ({ sysctls: new Map([...sysctls, ["ipv6/conf/lan0/disable_ipv6", "0"]]) }),
    "link: net/ipv6/conf/lan0/disable_ipv6 is 0 instead of 1",
  ],
  [
    "the link's file was edited",
    file("/etc/macvlan/links/lan0.conf", { digest: "f".repeat(64) }),
    "link: /etc/macvlan/links/lan0.conf has other content than it should",
  ],
  [
    "the udev rule is gone",
    file("/etc/udev/rules.d/82-macvlan-lan0.rules", undefined),
    "link: /etc/udev/rules.d/82-macvlan-lan0.rules is missing",
  ],
  [
    "networkd may take the link",
    file("/etc/systemd/network/05-macvlan-lan0.network", undefined),
    "link: /etc/systemd/network/05-macvlan-lan0.network is missing",
  ],
  [
    "NetworkManager came later",
    () => ({ folders: ["/etc/systemd/network", "/etc/NetworkManager/conf.d"] }),
    "link: /etc/NetworkManager/conf.d/50-macvlan-lan0.conf is missing",
  ],
  [
    "the link's unit is masked",
    unit("macvlan-parent@lan0.service", { loadState: "masked" }),
    "link: macvlan-parent@lan0.service is masked",
  ],
  [
    "the link's unit is disabled",
    unit("macvlan-parent@lan0.service", {}, { UnitFileState: "disabled" }),
    "link: macvlan-parent@lan0.service is disabled",
  ],
  [
    "the link's unit failed",
    unit("macvlan-parent@lan0.service", { activeState: "failed" }),
    "link: macvlan-parent@lan0.service has failed",
  ],
  [
    "a route is gone",
    ({ routes }) => ({ routes: routes.filter(({ dst }) => dst !== "192.168.76.53") }),
    "link: the route to 192.168.76.53 over lan0 is missing",
  ],
  [
    "a route is somebody's",
    ({ routes }) => ({
      routes: routes.map((route) => (route.dst === "192.168.76.53" ? { ...route, dev: "ens3" } : route)),
    }),
    "link: the route to 192.168.76.53 over lan0 is missing (one goes over ens3)",
  ],
  [
    "a route is from another address",
    ({ routes }) => ({
      routes: routes.map((route) => (route.dst === "192.168.76.53" ? { ...route, prefsrc: "10.0.2.15" } : route)),
    }),
    "link: the route to 192.168.76.53 over lan0 is from 10.0.2.15 instead of 192.168.76.10",
  ],
  [
    "a route is left over",
    ({ routes }) => ({ routes: [...routes, { dst: "192.168.76.99", dev: "lan0", protocol: "201" }] }),
    "link: the route to 192.168.76.99 over lan0 is left over",
  ],
  [
    "Docker came up before the link",
    ghost,
    "link: network lan is a ghost: lan0 was missing when Docker was started, which has lost hold of it; dockerd is restarted once, which stops every container of this host: dns, web",
  ],
  [
    "a ghost, and nothing runs",
    (facts) => ({
      ...ghost(facts),
      containers: facts.containers.map((each) => ({ ...each, status: "exited", error: 'network id "ab" not found' })),
    }),
    "link: network lan is a ghost: lan0 was missing when Docker was started, which has lost hold of it; dockerd is restarted once, no container of this host runs",
  ],
  [
    "the network is gone",
    ({ networks }) => ({ networks: networks.filter(({ name }) => name !== "lan") }),
    "network: network lan is missing on this host",
  ],
  [
    "a ghost, and stage 3 holds one back",
    (facts) => ({ ...ghost(facts), ...container("dns", () => ({ status: "exited", restart: "no" }))(facts) }),
    "link: network lan is a ghost",
  ],
  [
    "the network is on another parent",
    network({ options: { parent: "ens4", macvlan_mode: "bridge" } }),
    "network: network lan is another one (parent: ens4 instead of lan0)",
  ],
  [
    "the network is in another mode",
    network({ options: { parent: "lan0", macvlan_mode: "private" } }),
    "network: network lan is another one (mode: private instead of bridge)",
  ],
  [
    "the network is a bridge",
    network({ driver: "bridge", options: {} }),
    "network: network lan is another one (driver: bridge instead of macvlan, parent: none instead of lan0)",
  ],
  [
    "an apply was cut off",
    ({ applied }) => ({ applied: new Map([...applied].filter(([name]) => name !== "dns")) }),
    "dns: dns was not applied to the end",
  ],
  [
    "another version is there",
    ({ applied }) => ({ applied: new Map([...applied, ["dns", "f".repeat(64)]]) }),
    "dns: this host has another version of dns",
  ],
  [
    "an appliance's file was edited",
    file("/etc/macvlan/appliances/dns/files/zone.txt", { digest: "f".repeat(64) }),
    "dns: /etc/macvlan/appliances/dns/files/zone.txt has other content than it should",
  ],
  [
    "an appliance's compose file is for all to read",
    file("/etc/macvlan/appliances/dns/compose.yaml", { mode: "666" }),
    "dns: /etc/macvlan/appliances/dns/compose.yaml has the mode 666 instead of 600",
  ],
  [
    "an appliance's secrets are for all to read",
    () => ({ secrets: new Map([["/etc/macvlan/appliances/dns/secrets.sh", { mode: "644", owner: "root" }]]) }),
    "dns: /etc/macvlan/appliances/dns/secrets.sh has the mode 644 instead of 600",
  ],
  [
    "the container is gone",
    ({ containers }) => ({ containers: containers.filter(({ name }) => name !== "dns") }),
    "dns: container dns is missing",
  ],
  ["the container was stopped", container("dns", () => ({ status: "exited" })), "dns: container dns is stopped"],
  [
    "the container could not start",
    container("dns", () => ({ status: "created", error: "failed to create endpoint" })),
    "dns: container dns was never started (failed to create endpoint)",
  ],
  [
    "the container is not to be started at a boot",
    container("dns", () => ({ restart: "no" })),
    "dns: container dns has the restart policy no instead of unless-stopped",
  ],
  ["the container is paused", container("dns", () => ({ status: "paused" })), "dns: container dns is paused"],
  ["the container is dead", container("dns", () => ({ status: "dead" })), "dns: container dns is dead"],
  [
    "the container was made by something else",
    container("dns", () => ({ appliance: "", project: "", service: "" })),
    "dns: container dns lacks the labels of Compose and ours: something else made it anew",
  ],
  ["the container lost its project", container("dns", () => ({ project: "" })), "dns: container dns lacks the labels"],
  [
    "there are two containers",
    ({ containers }) => ({ containers: [...containers, { ...containers[0]!, id: "d".repeat(64), name: "dns-2" }] }),
    "dns: dns has 2 containers instead of one",
  ],
  [
    "the container is elsewhere",
    container("dns", ({ networks }) => ({ networks: { bridge: networks.lan! } })),
    "dns: container dns is on bridge instead of lan",
  ],
  [
    "Docker 29 wiped its networks",
    container("dns", () => ({ networks: {} })),
    "dns: container dns has lost its networks",
  ],
  [
    "the network was made anew",
    endpoint("dns", { NetworkID: "cd".repeat(32) }),
    "dns: container dns is on a network lan that is gone",
  ],
  [
    "the address is not pinned",
    endpoint("dns", { IPAMConfig: null }),
    "dns: container dns is pinned to no address instead of 192.168.76.53",
  ],
  [
    "another address",
    endpoint("dns", { IPAddress: "192.168.76.54" }),
    "dns: container dns runs with IP 192.168.76.54 instead of 192.168.76.53",
  ],
  [
    "another MAC",
    endpoint("dns", { MacAddress: "82:40:d6:53:9d:d2" }),
    "dns: container dns runs with MAC 82:40:d6:53:9d:d2 instead of 02:42:c0:a8:4c:35",
  ],
  [
    "the NIC took its interface",
    inside("dns", { macs: {}, addresses: [] }),
    "dns: container dns has lost its interface, which goes with its NIC",
  ],
  [
    "its address is gone inside",
    inside("dns", { addresses: [] }),
    "dns: container dns has lost its address 192.168.76.53 inside",
  ],
];

/** A change of the host that is none of our business. */
const quiet: [string, Change][] = [
  ["the container is unhealthy", container("dns", () => ({ health: "unhealthy" }))],
  ["the container crashes", container("dns", () => ({ status: "restarting" }))],
  ["the container has another image", container("dns", () => ({ imageId: "sha256:11" }))],
  [
    "the container is on a second network",
    container("dns", ({ networks }) => ({ networks: { ...networks, zz: networks.lan! } })),
  ],
  ["the network carries no mark", network({ labels: {} })],
  [
    "another network is a ghost",
    ({ networks }) => ({
      networks: [...networks, { ...networks.at(-1)!, id: "ee".repeat(32), name: "iot", options: { parent: "iot0" } }],
      ghosts: ["ee".repeat(32), "00".repeat(32)],
    }),
  ],
  [
    "another container is stopped",
    ({ containers }) => ({
      containers: [
        ...containers,
        { ...containers[0]!, id: "e".repeat(64), name: "x", appliance: "", status: "exited" },
      ],
    }),
  ],
  [
    "a file of somebody else's beside ours",
    (facts) => ({ ...file(`${libexec}/notes`, {})(facts), foreign: [`${libexec}/notes`] }),
  ],
  ["a file that was being written", file(`${libexec}/.link.x1Yz2a`, {})],
  [
    "a container took its file over",
    file("/etc/macvlan/appliances/dns/files/zone.txt", { owner: "1000", mode: "600" }),
  ],
  [
    "the host has no networkd",
    (facts) => ({ ...file("/etc/systemd/network/05-macvlan-lan0.network", undefined)(facts), folders: [] }),
  ],
  ["Docker does not run", unit("docker.service", { activeState: "inactive" })],
  ["stage 3 is at it", unit("macvlan-appliances.service", { activeState: "activating" })],
  [
    "the NIC has no address yet",
    ({ routes }) => ({ routes: routes.filter(({ dev }) => dev !== "ens4" && dev !== "lan0") }),
  ],
  [
    "routes of others",
    ({ routes }) => ({ routes: [...routes, { dst: "default", dev: "ens3" }, { dst: "192.168.76.99", dev: "lan0" }] }),
  ],
  [
    "files were not looked at",
    ({ account }) => ({ account: { ...account, sudo: "password" }, files: new Map(), applied: new Map() }),
  ],
  [
    "modes were not looked at",
    ({ files }) => ({
      files: new Map([...files].map(([path, { digest }]) => [path, { digest, mode: "", owner: "" }])),
    }),
  ],
  ["links were not looked at", () => ({ links: [] })],
  ["routes were not looked at", () => ({ routes: [], failed: new Map([["route", "124"]]) })],
  ["configurations were not looked at", () => ({ linkConfs: new Map(), applianceConfs: new Map(), routes: [] })],
  ["settings were not looked at", () => ({ sysctls: new Map() })],
  ["units were not looked at", () => ({ units: new Map() })],
  ["networks were not looked at", () => ({ networks: [], failed: new Map([["docker.networks", "124"]]) })],
  ["containers were not looked at", () => ({ containers: [], failed: new Map([["docker.containers", "1"]]) })],
  ["nobody looked inside", () => ({ inside: new Map() })],
];

const undone: Change = () => ({
  undone: new Map([
    ["lan0", { time: "2026-11-21T03:20:11Z", reason: "nobody could confirm that the host can still be reached" }],
  ]),
});

describe("drift", () => {
  const at = bench();

  it("is nothing where everything is as the specification says", () => expect(reasons(at, at.facts)).toEqual([]));

  it.each(mutations)("%s", (_, change, expected) => {
    const found = reasons(at, { ...at.facts, ...change(at.facts) });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(expected);
  });

  it("tells of a change that the host took back, while there is something to put right", () => {
    const down = { ...at.facts, ...device("lan0", { flags: [] })(at.facts) };
    expect(reasons(at, { ...at.facts, ...undone(at.facts) })).toEqual([]);
    expect(reasons(at, { ...down, ...undone(down) })).toEqual([
      ...reasons(at, down),
      "link: its last change was taken back at 2026-11-21T03:20:11Z: nobody could confirm that the host can still be reached",
    ]);
  });

  it.each(quiet)("is nothing: %s", (_, change) => {
    expect(reasons(at, { ...at.facts, ...change(at.facts) })).toEqual([]);
  });

  it("reads well on a host that nobody has set up", () => {
    expect(reasons(at, fixture("trixie-bare"))).toEqual([
      "boot: the boot shim is not set up on this host",
      "link: lan0 is not set up on this host",
      "network: network lan is missing on this host",
      "dns: dns is not set up on this host",
      "web: web is not set up on this host",
    ]);
  });

  it("tells many files of one kind in one reason", () => {
    const files = new Map([...at.facts.files].map(([path, fact]) => [path, { ...fact, digest: "f".repeat(64) }]));
    const [boot] = driftOf({ ...at.facts, files }, at.args, at.host);
    expect(boot!.reasons).toHaveLength(1);
    expect(boot!.reasons[0]).toMatch(/^\/etc\/.*, .*, .* and \d+ more have other content than they should$/);
  });

  describe("of services that are not on the LAN", () => {
    const folder = mkdtempSync(join(tmpdir(), "macvlan-drift-"));
    afterAll(() => rmSync(folder, { recursive: true }));
    const compose = join(folder, "compose.yaml");
    writeFileSync(
      compose,
      `services:
  dns: { image: ${image}, depends_on: { init: { condition: service_completed_successfully }, db: { condition: service_started } } }
  db: { image: ${image} }
  init: { image: ${image} }
  debug: { image: ${image}, profiles: [debug] }
  none: { image: ${image}, deploy: { replicas: 0 } }
`,
    );
    const several = bench(hostWith({ appliances: { dns: { ip: "192.168.76.53", compose, lanService: "dns" } } }));

    it.each<[string, Change, string[]]>([
      ["nothing in sync", () => ({}), []],
      [
        "one is missing",
        ({ containers }) => ({ containers: containers.filter(({ service }) => service !== "db") }),
        ["dns: the container of db is missing"],
      ],
      ["one was stopped", container("dns-db-1", () => ({ status: "exited" })), ["dns: container dns-db-1 is stopped"]],
      ["one has done its work", container("dns-init-1", () => ({ status: "exited", restart: "no" })), []],
      [
        "one that was to do its work did not",
        container("dns-init-1", () => ({ status: "created", restart: "no" })),
        ["dns: container dns-init-1 was never started"],
      ],
    ])("%s", (_, change, expected) => {
      expect(reasons(several, { ...several.facts, ...change(several.facts) })).toEqual(expected);
    });
  });
});

describe("a lab host that was set up and recorded", () => {
  // See observe/fixtures/record.ts.
  const args = {
    ssh: { destination: "lab1" },
    interface: { nic: { mac: "52:54:00:00:02:01" }, reach: Reach.Pinned },
    network: { subnet: "192.168.76.0/24", gateway: "192.168.76.1", hostAddress: "192.168.76.11" },
    appliances: {
      dns: { ip: "192.168.76.53", service: { image: "lab/dns:1" } },
      web: {
        ip: "192.168.76.80",
        service: { image: "lab/web:1", environment: { ADMIN_PASSWORD: "${ADMIN_PASSWORD}" } },
        secrets: { ADMIN_PASSWORD: "not the one" },
        startAfter: ["dns"],
      },
    },
  };
  /** With what we put on a host today: its own files are those of the day on which it was recorded. */
  const recorded = (name: string): HostFacts => {
    const facts = fixture(`trixie-${name}`);
    const today = inSync(args, resolveHost(args).host!);
    const files = new Map([...facts.files, ...hostFiles(false).map(({ path }) => fileOf(today, path))]);
    for (const path of facts.files.keys()) if (today.files.has(path)) files.set(...fileOf(today, path));
    return { ...facts, files, applied: today.applied };
  };
  const fileOf = ({ files }: HostFacts, path: string): [string, FileFact] => [
    path,
    { digest: files.get(path)!.digest, mode: "", owner: "" },
  ];
  const at = (change: object = {}): Bench => {
    const changed = { ...args, ...change };
    return { args: changed, host: resolveHost(changed).host!, facts: recorded("provisioned") };
  };

  const GHOST =
    "link: network lan is a ghost: lan0 was missing when Docker was started, which has lost hold of it; " +
    "dockerd is restarted once, no container of this host runs";

  it.each<[string, string[]]>([
    ["provisioned", []],
    ["link-missing", ["link: lan0 is missing"]],
    ["link-down", ["link: lan0 is down"]],
    ["container-stopped", ["web: container web is stopped"]],
    [
      "network-removed",
      [
        "network: network lan is missing on this host",
        "dns: container dns is missing",
        "web: container web is missing",
      ],
    ],
    ["unit-masked", ["link: macvlan-parent@lan0.service is masked"]],
    [
      "eth0-lost",
      [
        "boot: macvlan-appliances.service is disabled",
        "dns: container dns has lost its interface, which goes with its NIC",
        "web: container web has lost its interface, which goes with its NIC",
      ],
    ],
    ["nic-absent", ["link: lan0 is missing", "link: macvlan-parent@lan0.service has failed", GHOST]],
    ["ghost", [GHOST]],
    [
      "zombie",
      [
        "network: network lan is missing on this host",
        "dns: container dns is missing",
        "web: container web is missing",
      ],
    ],
  ])("%s", (name, expected) => expect(reasons(at(), recorded(name))).toEqual(expected));

  it("drifts in what the specification says otherwise", () => {
    const other = at({
      interface: { ...args.interface, mac: "02:00:5e:00:00:01", reach: Reach.None },
      network: { ...args.network, hostAddress: undefined },
      appliances: { ...args.appliances, dns: { ...args.appliances.dns, ip: "192.168.76.54" } },
    });
    expect(reasons(other, other.facts)).toEqual([
      "link: lan0 has the MAC 02:ff:e1:62:6e:a0 instead of 02:00:5e:00:00:01",
      "link: /etc/macvlan/links/lan0.conf has other content than it should",
      "link: the route to 192.168.76.53 over lan0 is left over",
      "link: the route to 192.168.76.80 over lan0 is left over",
      "network: network lan is another one (reserved addresses: host=192.168.76.11 instead of none)",
      "dns: this host has another version of dns",
    ]);
  });
});

describe("any host", () => {
  const specs = fc
    .record({
      appliances: fc.uniqueArray(fc.integer({ min: 2, max: 250 }), { minLength: 0, maxLength: 4 }),
      mac: fc.constantFrom(undefined, "02:00:5e:00:00:01"),
      waitForNic: fc.constantFrom(undefined, 0, 90),
      failClosed: fc.boolean(),
      files: fc.dictionary(
        fc.stringMatching(/^[a-z]{1,8}$/),
        fc.string().filter((text) => !text.includes("\0")),
      ),
      aux: fc.boolean(),
    })
    .map(({ appliances, mac, waitForNic, failClosed, files, aux }) =>
      hostWith({
        interface: { nic: { mac: "52:54:00:00:02:07" }, reach: "pinned", mac, waitForNic },
        network: {
          subnet: "192.168.76.0/24",
          gateway: "192.168.76.1",
          hostAddress: "192.168.76.10",
          auxAddresses: aux ? { tv: "192.168.76.251", nas: "192.168.76.252" } : undefined,
        },
        failClosed,
        appliances: {
          dns: { ip: "192.168.76.53", service: { image }, files: { ...files, "zone.txt": "a" } },
          web: { ip: "192.168.76.80", service: { image } },
          ...Object.fromEntries(
            appliances
              .filter((last) => ![10, 53, 80, 99].includes(last))
              .map((last) => [`app${last}`, { ip: `192.168.76.${last}`, service: { image }, files }]),
          ),
        },
      }),
    );

  it("has no drift in sync, and any one change drifts exactly one resource", () => {
    fc.assert(
      fc.property(specs, fc.constantFrom(...mutations), (args, [, change]) => {
        const at = bench(args);
        expect(driftOf(at.facts, at.args, at.host)).toEqual([]);
        expect(driftOf({ ...at.facts, ...change(at.facts) }, at.args, at.host)).toHaveLength(1);
      }),
      { numRuns: 150 },
    );
  });
});
