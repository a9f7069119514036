import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatProblem } from "../errors";
import { fixture } from "../observe/fixtures/fixture";
import { preflight } from "./preflight";
import { resolveHost } from "./resolve";

const image = "example.com/dns@sha256:0000000000000000000000000000000000000000000000000000000000000000";
const good = {
  ssh: { destination: "gw1" },
  interface: { nic: { mac: "52:54:00:00:02:07" }, reach: "pinned" },
  network: {
    subnet: "192.168.76.0/24",
    gateway: "192.168.76.1",
    hostAddress: "192.168.76.10",
    dhcpPool: "192.168.76.128-192.168.76.250",
  },
  appliances: {
    dns: { ip: "192.168.76.53", service: { image } },
    web: { ip: "192.168.76.80", service: { image }, startAfter: ["dns"] },
  },
};
const problems = (args: unknown) => resolveHost(args).problems.map(formatProblem);
const withAppliances = (appliances: object) => ({ ...good, appliances });

describe("a host's specification", () => {
  it("is read with every default filled in", () => {
    const { host } = resolveHost(good);
    expect(host?.link).toMatchObject({ name: "lan0", reach: "pinned", waitForNic: 30 });
    expect(host?.network).toMatchObject({ name: "lan", parent: "lan0", ipRange: "192.168.76.1/32" });
    expect(host?.pins.map(({ name, ip, mac }) => [name, ip, mac])).toEqual([
      ["dns", "192.168.76.53", "02:42:c0:a8:4c:35"],
      ["web", "192.168.76.80", "02:42:c0:a8:4c:50"],
    ]);
  });

  it("is refused with every problem at once, also where a part cannot be read", () => {
    expect(
      problems({
        ssh: {},
        interface: { nic: { mac: "52:54:00:00:02:07" }, name: "an-interface-name-too-long" },
        network: { ...good.network, subnet: "192.168.76.5/24" },
        appliances: {
          dns: { ip: "192.168.76.53", service: { image }, startafter: ["web"] },
          web: { ip: "192.168.76.53", service: { image }, mac: "01:00:00:00:00:01" },
          ntp: { ip: "192.168.76.54", mac: "02:42:c0:a8:4c:35", service: { image }, startAfter: ["dnss"] },
        },
      }),
    ).toMatchSnapshot();
  });

  it.each<[string, object, string]>([
    ["no appliance is a host too", {}, ""],
    [
      "outside the subnet",
      { dns: { ip: "192.168.77.53", service: { image } } },
      "appliances.dns.ip: 192.168.77.53 is outside 192.168.76.0/24, the subnet of network lan; choose a free address outside dhcpPool (next free: 192.168.76.2)",
    ],
    [
      "the gateway",
      { dns: { ip: "192.168.76.1", service: { image } } },
      "appliances.dns.ip: 192.168.76.1 is the gateway of network lan; choose a free address outside dhcpPool (next free: 192.168.76.2)",
    ],
    [
      "the host",
      { dns: { ip: "192.168.76.10", service: { image } } },
      "appliances.dns.ip: 192.168.76.10 is the host's own address",
    ],
    [
      "the DHCP pool",
      { dns: { ip: "192.168.76.200", service: { image } } },
      "appliances.dns.ip: 192.168.76.200 is in the DHCP pool 192.168.76.128-192.168.76.250",
    ],
    [
      "one address twice",
      { a1: { ip: "192.168.76.2", service: { image } }, a2: { ip: "192.168.76.2", service: { image } } },
      "appliances.a2.ip: 192.168.76.2 is the address of the appliance a1 too; choose a free address outside dhcpPool (next free: 192.168.76.3)",
    ],
    [
      "one MAC twice",
      {
        a1: { ip: "192.168.76.2", service: { image } },
        a2: { ip: "192.168.76.3", mac: "02:42:C0:A8:4C:02", service: { image } },
      },
      "appliances.a2.mac: 02:42:c0:a8:4c:02 is the MAC of the appliance a1 too",
    ],
    [
      "the NIC's MAC",
      { a1: { ip: "192.168.76.2", mac: "52:54:00:00:02:07", service: { image } } },
      "appliances.a1.mac: 52:54:00:00:02:07 is the MAC of the NIC too",
    ],
    [
      "an unknown predecessor",
      { dns: { ip: "192.168.76.53", service: { image }, startAfter: ["dnz"] } },
      'appliances.dns.startAfter[0]: there is no appliance "dnz"; did you mean dns?',
    ],
    [
      "itself as predecessor",
      { dns: { ip: "192.168.76.53", service: { image }, startAfter: ["dns"] } },
      "appliances.dns.startAfter: the appliances wait for each other in a circle: dns after dns",
    ],
    [
      "a name in capitals",
      { DNS: { ip: "192.168.76.53", service: { image } } },
      'appliances.DNS: "DNS" cannot be the name of an appliance',
    ],
  ])("%s", (_, appliances, expected) => {
    const found = problems(withAppliances(appliances));
    expect(found).toHaveLength(expected === "" ? 0 : 1);
    expect(found[0] ?? "").toContain(expected);
  });

  it("is refused where the link has the MAC of its NIC or of an appliance", () => {
    const link = (mac: string) => ({ ...good, interface: { ...good.interface, mac } });
    expect(problems(link("52:54:00:00:02:07"))[0]).toContain(
      "interface.mac: 52:54:00:00:02:07 is the MAC of the NIC itself",
    );
    expect(problems(link("02:42:c0:a8:4c:35"))[0]).toContain(
      "appliances.dns.mac: 02:42:c0:a8:4c:35 is the MAC of the link lan0 too",
    );
  });

  it.each([undefined, null, "host", [], { appliances: [] }, { appliances: { dns: null }, network: 5 }])(
    "%j is refused",
    (args) => expect(problems(args).length).toBeGreaterThan(0),
  );
});

describe("an appliance that is right in its place, and not by itself", () => {
  it("has an inline service that is named", () =>
    expect(problems(withAppliances({ dns: { ip: "192.168.76.53", service: { image }, lanService: "dns" } }))).toEqual([
      "appliances.dns.lanService: is for a compose file of several services; leave it out",
    ]));

  it("has a network of macvlan that is called like the LAN's", () => {
    const folder = mkdtempSync(join(tmpdir(), "macvlan-compose-"));
    try {
      const compose = join(folder, "compose.yaml");
      writeFileSync(compose, "services: {dns: {image: a}}\nnetworks: {lan: {external: true, driver: macvlan}}\n");
      expect(problems(withAppliances({ dns: { ip: "192.168.76.53", compose } }))).toEqual([
        expect.stringContaining("networks.lan.driver would be a second network on the LAN"),
      ]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("preflight of a whole host", () => {
  const { host } = resolveHost(good);
  const find = (facts: Parameters<typeof preflight>[0], of = host!) =>
    preflight(facts, of).map((finding) => `${finding.id} ${formatProblem(finding)}`);

  it("finds nothing on a bare host", () => expect(find(fixture("trixie-bare"))).toEqual([]));

  it("finds all stages' problems at once, below their parts", () => {
    const used = fixture("trixie-in-use");
    const { host: other } = resolveHost({
      ...good,
      interface: { nic: { name: "ens5" } },
      network: { ...good.network, hostAddress: "192.168.76.11" },
      appliances: {
        pinned: { ip: "192.168.76.54", service: { image } },
        dns: { ip: "192.168.76.53", service: { image } },
        tv: { ip: "192.168.76.60", mac: "52:54:00:00:01:07", service: { image } },
      },
    });
    expect(find(used, other)).toMatchSnapshot();
  });

  it("refuses Debian 12's own Docker, which keeps no MAC and has no Compose", () => {
    const { host: lab } = resolveHost({ ...good, interface: { nic: { mac: "52:54:00:00:02:01" } } });
    expect(preflight(fixture("bookworm"), lab!).map(({ id }) => id)).toEqual(["docker-version", "compose-version"]);
  });

  it("leaves alone what the appliances of the specification have themselves", () => {
    const used = fixture("trixie-in-use");
    const containers = used.containers
      .filter(({ name }) => name === "pinned")
      .map((container) => ({ ...container, name: "dns", appliance: "dns" }));
    expect(find({ ...fixture("trixie-bare"), containers })).toEqual([]);
  });

  it("refuses a host without Compose, or with an old one", () => {
    const bare = fixture("trixie-bare");
    const compose = (cliPlugins: { Name: string; Version?: string }[]) =>
      find({ ...bare, docker: { ...bare.docker!, info: { ...bare.docker!.info!, cliPlugins } } });
    expect(compose([])[0]).toContain(
      "compose-version ssh.destination: Docker on the host has no Compose plugin; install",
    );
    expect(compose([{ Name: "compose", Version: "v2.20.3" }])[0]).toContain("Docker Compose v2.20.3 does not pin");
  });

  it("refuses the host's own address", () => {
    const bare = fixture("trixie-bare");
    const addresses = new Map([["ens4", [{ family: "inet" as const, address: "192.168.76.53", prefix: 24 }]]]);
    expect(find({ ...bare, addresses })).toEqual([
      "ip-of-host appliances.dns.ip: 192.168.76.53 is the host's own address (on ens4); choose another address",
    ]);
  });
});
