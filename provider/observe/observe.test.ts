import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compareVersions, ObservationError, observeScript, parseFacts } from ".";
import { fixture } from "./fixtures/fixture";

const FIXTURES = join(__dirname, "fixtures");

describe("facts of real hosts", () => {
  it.each(readdirSync(FIXTURES).filter((name) => name.endsWith(".txt")))("%s is read", (name) => {
    const facts = parseFacts(readFileSync(join(FIXTURES, name), "utf8"));
    expect(facts.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(facts.nics[0]?.name).toBe("ens3");
    const addresses = facts.addresses.get("ens4")?.filter(({ family }) => family === "inet");
    if (name !== "trixie-nic-absent.txt")
      expect(addresses).toEqual([
        { family: "inet", address: expect.stringMatching(/^192\.168\.76\.\d+$/) as string, prefix: 24 },
      ]);
    expect(facts.units.has("docker.service")).toBe(true);
  });

  it("has links, networks and containers of a host in use", () => {
    const facts = fixture("trixie-in-use");
    expect(facts.links.find(({ ifname }) => ifname === "lan0")).toMatchObject({
      link: "ens4",
      address: "02:aa:00:00:00:01",
      linkinfo: { info_kind: "macvlan", info_data: { mode: "bridge" } },
    });
    expect(facts.networks.find(({ name }) => name === "lan")).toMatchObject({
      driver: "macvlan",
      options: { parent: "lan0", macvlan_mode: "bridge" },
      ipam: {
        Config: [
          { Subnet: "192.168.76.0/24", IPRange: "192.168.76.1/32", AuxiliaryAddresses: { host: "192.168.76.10" } },
        ],
      },
    });
    expect(facts.containers.find(({ name }) => name === "pinned")).toMatchObject({
      status: "running",
      networks: { lan: { IPAddress: "192.168.76.53", MacAddress: "02:42:c0:a8:4c:35" } },
    });
    expect(facts.docker?.server).toMatchObject({ version: "26.1.5+dfsg1", apiVersion: "1.45" });
  });

  it("has everything that a provisioned host shows", () => {
    const facts = fixture("trixie-provisioned");
    expect(facts).toMatchObject({
      account: { uid: 0, name: "root", groups: ["root"], sudo: "root" },
      virtualization: "qemu",
      machine: "QEMU Standard PC (i440FX + PIIX, 1996)",
      systemd: 257,
      platforms: [],
      maxStartups: "10:30:100",
      connection: { client: "10.0.2.2", server: "10.0.2.15", device: "ens3" },
      managers: { active: ["systemd-networkd"], networkManager: {} },
      folders: ["/etc/systemd/network"],
      foreign: [],
      ghosts: [],
      zombies: [],
    });
    expect(facts.failed.size).toBe(0);
    expect(facts.managers.networkd.ens4).toBe("/etc/systemd/network/20-lan.network");
    expect(facts.sysctls.get("ipv4/conf/lan0/arp_filter")).toBe("1");
    expect(facts.sysctls.get("ipv6/conf/ens4/disable_ipv6")).toBe("0");
    expect(facts.routes).toContainEqual(
      expect.objectContaining({ dst: "192.168.76.53", dev: "lan0", protocol: "201" }),
    );
    expect(facts.neighbours).toContainEqual(expect.objectContaining({ dst: "10.0.2.2", dev: "ens3" }));
    expect(facts.units.get("macvlan-appliances.service")).toMatchObject({
      activeState: "active",
      properties: { UnitFileState: "enabled", NeedDaemonReload: "no" },
    });
    expect(facts.units.get("macvlan-lan0.device")?.activeState).toBe("active");
    expect(facts.units.get("docker.service")?.properties.DropInPaths).toContain("docker.service.d/50-macvlan.conf");
    expect(facts.linkConfs.get("lan0")).toMatchObject({ NAME: "lan0", REACH: "pinned" });
    expect(facts.applianceConfs.get("web")).toMatchObject({ IP: "192.168.76.80", START_AFTER: "dns" });
    expect([...facts.applied.keys()]).toEqual(["dns", "web"]);
    const files = [...facts.files.keys()];
    expect(facts.files.get("/etc/macvlan/appliances/web/compose.yaml")).toMatchObject({ mode: "600", owner: "root" });
    expect(files.filter((path) => path.includes("secrets"))).toEqual([]);
    expect(facts.docker?.info?.cliPlugins).toEqual([{ Name: "compose" }]);
  });

  it("has what the kernel has inside the containers", () => {
    const { containers, inside } = fixture("trixie-provisioned");
    const seen = Object.fromEntries(containers.map(({ id, name }) => [name, inside.get(id)]));
    expect(seen).toEqual({
      dns: { macs: { eth0: "02:42:c0:a8:4c:35" }, addresses: ["192.168.76.53"] },
      web: { macs: { eth0: "02:42:c0:a8:4c:50" }, addresses: ["192.168.76.80"] },
    });
  });

  it("has IPv6 addresses in one form, whichever of the two the host prints", () => {
    const text = readFileSync(join(FIXTURES, "trixie-provisioned.txt"), "utf8");
    const seen = (address: string) => {
      const { inside } = parseFacts(text.replace("inet=192.168.76.53", `inet=192.168.76.53 inet6=${address}`));
      return [...inside.values()].find(({ addresses }) => addresses.includes("192.168.76.53"));
    };
    for (const address of ["fd000076000000000000000000000053", "fd00:76::53"])
      expect(seen(address)).toEqual({
        macs: { eth0: "02:42:c0:a8:4c:35" },
        addresses: ["192.168.76.53", "fd00:76::53"],
      });
  });

  it("tells ghosts from zombies", () => {
    const [ghost, zombie] = [fixture("trixie-ghost"), fixture("trixie-zombie")];
    expect(ghost.networks.filter(({ id }) => ghost.ghosts.includes(id)).map(({ name }) => name)).toEqual(["lan"]);
    expect(ghost.zombies).toEqual([]);
    expect(zombie.networks.map(({ driver }) => driver)).not.toContain("macvlan");
    expect(zombie.zombies).toEqual([{ id: zombie.ghosts[0], parent: "lan0" }]);
  });

  it("sees in the kernel that containers have lost their NIC, whatever Docker says", () => {
    const { containers, inside } = fixture("trixie-eth0-lost");
    expect(containers.map(({ status, networks }) => [status, networks.lan?.IPAddress])).toEqual([
      ["running", "192.168.76.80"],
      ["running", "192.168.76.53"],
    ]);
    expect([...inside.values()]).toEqual(containers.map(() => ({ macs: {}, addresses: [] })));
  });

  it("knows a host without Docker, and an account that Docker refuses", () => {
    expect(fixture("trixie-no-docker").docker).toBeUndefined();
    const { docker } = fixture("trixie-docker-stopped");
    expect(docker?.server).toBeUndefined();
    expect(docker?.refusal).toContain("permission denied");
  });
});

describe("observe.sh on this machine", () => {
  it("runs as whoever it is run by, and is read back", () => {
    const facts = parseFacts(
      execFileSync("sh", ["-s"], { input: observeScript(), encoding: "utf8", stdio: ["pipe", "pipe", "ignore"] }),
    );
    expect(facts.account.uid).toBe(process.getuid?.());
    expect(facts.kernel).not.toBe("");
  });
});

it("refuses an observation that was cut off or makes no sense", () => {
  const whole = readFileSync(join(FIXTURES, "trixie-bare.txt"), "utf8");
  expect(() => parseFacts(whole.slice(0, -20))).toThrow(ObservationError);
  expect(() => parseFacts(whole.replace(/^\[/m, "{["))).toThrow(ObservationError);
});

it.each([
  ["26.1.5+dfsg1", "25.0.3", 1],
  ["25.0.3", "25.0.3", 0],
  ["25.0", "25.0.3", -1],
  ["2.26.1-4", "2.24.0", 1],
  ["v2.9", "2.24", -1],
  ["1.44", "1.44", 0],
])("%s against %s", (a, b, sign) => expect(Math.sign(compareVersions(a, b))).toBe(sign));
