import { describe, expect, it } from "vitest";
import { formatProblem } from "../errors";
import { InterfaceSpec, Reach } from "../host-interface";
import { NetworkSpec } from "../macvlan-network";
import { HostFacts, UnitFact } from "../observe";
import { inSync } from "../observe/fixtures/in-sync";
import { driftOf } from "./drift";
import { resolveHost } from "./resolve";
import type { ApplianceHostArgs } from "./spec";

const image = "example.com/app@sha256:0000000000000000000000000000000000000000000000000000000000000000";
const hostWith = (link: Partial<InterfaceSpec> = {}, network: Partial<NetworkSpec> = {}): ApplianceHostArgs => ({
  ssh: { destination: "gw1" },
  interface: { nic: { mac: "52:54:00:00:02:07" }, ...link },
  network: {
    subnet: "192.168.76.0/24",
    gateway: "192.168.76.1",
    hostAddress: "192.168.76.10",
    dhcpPool: "192.168.76.128-192.168.76.250",
    ...network,
  },
  appliances: { dns: { ip: "192.168.76.53", service: { image } } },
});
const problems = (args: ApplianceHostArgs) => resolveHost(args).problems.map(formatProblem);

describe("the ways over the link in a specification", () => {
  const ipRange = "192.168.76.64/27";

  it("are read, ipRange only where the mode is for it", () => {
    const routes = ["192.168.76.3", "10.1.0.0/24"];
    const link = { address: "192.168.76.9", routes };
    expect(resolveHost(hostWith({ ...link, reach: "range" }, { ipRange })).host?.link).toMatchObject({
      ipRange,
      ...link,
    });
    const watched = resolveHost(hostWith({ ...link, reach: "watch" }, { ipRange })).host?.link;
    expect(watched).toMatchObject({ reach: "watch", ...link });
    expect(watched).not.toHaveProperty("ipRange");
    expect(Object.keys(resolveHost(hostWith()).host!.link)).toEqual([
      "name",
      "nic",
      "driver",
      "mac",
      "reach",
      "waitForNic",
    ]);
  });

  it.each<[string, Partial<InterfaceSpec>, Partial<NetworkSpec>, string]>([
    [
      "a range that is not there",
      { reach: "range" },
      {},
      "interface.reach: range is the route to ipRange, and network lan has none; give network.ipRange, or set reach: pinned",
    ],
    [
      "a range with the gateway in it",
      { reach: "range" },
      { ipRange: "192.168.76.0/27" },
      "network.ipRange: with reach: range the host sends all of 192.168.76.0/27 over the link lan0, and in it 192.168.76.1 is the gateway of network lan; choose a range apart from it, or set reach: pinned or watch",
    ],
    [
      "a range with a machine of the LAN in it",
      { reach: "range" },
      { ipRange, auxAddresses: { tv: "192.168.76.70" } },
      "network.ipRange: with reach: range the host sends all of 192.168.76.64/27 over the link lan0, and in it 192.168.76.70 is reserved for tv; ",
    ],
    [
      "an address of the DHCP server's",
      { address: "192.168.76.130" },
      {},
      "interface.address: 192.168.76.130 is in the DHCP pool 192.168.76.128-192.168.76.250; choose a free address outside dhcpPool (next free: 192.168.76.2)",
    ],
    [
      "an address of Docker's",
      { address: "192.168.76.65" },
      { ipRange },
      "interface.address: 192.168.76.65 is in ipRange 192.168.76.64/27, which Docker gives out itself; ",
    ],
    ["an address elsewhere", { address: "10.0.0.9" }, {}, "interface.address: 10.0.0.9 is outside 192.168.76.0/24"],
    [
      "the host's own",
      { address: "192.168.76.10" },
      {},
      "interface.address: 192.168.76.10 is the host's own address; ",
    ],
    [
      "an appliance's",
      { address: "192.168.76.53" },
      {},
      "interface.address: 192.168.76.53 is the address of the appliance dns too; choose another address for the link, or leave it out",
    ],
    [
      "an address that is none",
      { address: "192.168.76.9/24" },
      {},
      "interface.address: 192.168.76.9/24 has a prefix length",
    ],
    [
      "routes and isolation",
      { routes: ["192.168.76.3"] },
      {},
      "interface.routes: with reach: none the host reaches nothing over the link; set reach: pinned, or leave routes out",
    ],
    [
      "connections that nobody can open",
      { inbound: false },
      {},
      "interface.inbound: with reach: none nothing comes to the host over the link; set reach: pinned, or leave inbound out",
    ],
    [
      "a route to the gateway",
      { reach: "pinned", routes: ["192.168.76.3", "192.168.76.1"] },
      {},
      "interface.routes[1]: 192.168.76.1 would send over the link lan0 what is not behind it: 192.168.76.1 is the gateway of network lan; name the addresses that are behind the link alone",
    ],
    [
      "a route to the whole LAN",
      { reach: "watch", routes: ["192.168.76.0/24"] },
      {},
      "interface.routes[0]: 192.168.76.0/24 would send over the link lan0 what is not behind it: 192.168.76.1 is the gateway",
    ],
    [
      "a route into the pool",
      { reach: "pinned", routes: ["192.168.76.192/26"] },
      {},
      "what is not behind it: 192.168.76.192-192.168.76.250 is in the DHCP pool",
    ],
    [
      "host bits",
      { reach: "pinned", routes: ["10.1.0.5/24"] },
      {},
      "interface.routes[0]: 10.1.0.5/24 has host bits set or is not in canonical form; write 10.1.0.0/24",
    ],
    [
      "one address as a subnet",
      { reach: "pinned", routes: ["10.1.0.5/32"] },
      {},
      "interface.routes[0]: 10.1.0.5/32 is one address; write it alone: 10.1.0.5",
    ],
    [
      "everything",
      { reach: "pinned", routes: ["0.0.0.0/0"] },
      {},
      "interface.routes[0]: 0.0.0.0/0 is no subnet behind one link; use a prefix length of 8 or more",
    ],
    [
      "one twice",
      { reach: "pinned", routes: ["10.1.0.5", "10.1.0.5"] },
      {},
      "interface.routes[1]: 10.1.0.5 is there twice; take one of them away",
    ],
    [
      "a way to containers that are kept apart",
      { reach: "pinned" },
      { mode: "private" },
      "network.mode: with reach: pinned the host would send over the link lan0 to containers in mode private, which hand each other no frames; set reach: none, or mode: bridge",
    ],
    [
      "a way to containers that only the switch reaches",
      { reach: "watch" },
      { mode: "vepa" },
      "network.mode: with reach: watch the host would send over the link lan0 to containers in mode vepa, which get each other's frames from the switch alone: where it sends them back, the host reaches them by its NIC, without routes; set reach: none, or mode: bridge",
    ],
  ])("%s is refused", (_, link, network, expected) => {
    const found = problems(hostWith(link, network));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(expected);
  });

  it.each<[string, Partial<InterfaceSpec>, Partial<NetworkSpec>]>([
    ["an address alone", { address: "192.168.76.9" }, {}],
    ["a range with the host in it", { reach: "range" }, { ipRange: "192.168.76.8/29" }],
    ["a range that is passed over", { reach: "watch" }, { ipRange: "192.168.76.0/27" }],
    ["containers that are kept apart, and no way to them", { reach: "none" }, { mode: "private" }],
    ["containers that only the switch reaches", {}, { mode: "vepa" }],
    ["bridge said", { reach: "pinned" }, { mode: "bridge" }],
    ["a route into ipRange", { reach: "pinned", routes: ["192.168.76.70"] }, { ipRange }],
  ])("%s is fine", (_, link, network) => expect(problems(hostWith(link, network))).toEqual([]));
});

describe("drift of the ways over the link", () => {
  type Change = (facts: HostFacts) => Partial<HostFacts>;
  const reasons = (args: ApplianceHostArgs, change: Change = () => ({})) => {
    const { host } = resolveHost(args);
    const facts = inSync(args, host!);
    return driftOf({ ...facts, ...change(facts) }, args, host!).flatMap(({ resource, reasons: all }) =>
      all.map((reason) => `${typeof resource === "string" ? resource : Object.values(resource).join(" ")}: ${reason}`),
    );
  };
  const without =
    (dst: string): Change =>
    ({ routes }) => ({ routes: routes.filter((route) => route.dst !== dst) });
  const also =
    (dst: string, prefsrc = "192.168.76.10"): Change =>
    ({ routes }) => ({ routes: [...routes, { dst, dev: "lan0", protocol: "201", prefsrc }] });
  const all =
    (...changes: Change[]): Change =>
    (facts) =>
      changes.reduce<HostFacts>((now, change) => ({ ...now, ...change(now) }), facts);
  /** A container by hand on the network, started that many seconds ago. */
  const guest =
    (seconds: number, status = "running"): Change =>
    ({ containers, time }) => {
      const startedAt = new Date(Date.parse(time) - seconds * 1000).toISOString();
      const [dns] = containers;
      const networks = { lan: { ...dns!.networks.lan!, IPAddress: "192.168.76.70", MacAddress: "02:42:c0:a8:4c:46" } };
      const one = { ...dns!, id: "e".repeat(64), name: "guest", appliance: "", project: "", service: "" };
      return { containers: [...containers, { ...one, startedAt, status, networks }] };
    };
  const watcher =
    (change: Partial<UnitFact>, properties: Record<string, string> = {}): Change =>
    ({ units }) => {
      const old = units.get("macvlan-watch@lan0.service")!;
      const now = { ...old, ...change, properties: { ...old.properties, ...properties } };
      return { units: new Map([...units, ["macvlan-watch@lan0.service", now]]) };
    };
  const range = hostWith({ reach: Reach.Range }, { ipRange: "192.168.76.64/27" });
  const watch = hostWith({ reach: Reach.Watch });
  const routed = hostWith({
    reach: Reach.Pinned,
    address: "192.168.76.9",
    routes: ["192.168.76.3", "10.1.0.0/24"],
  });

  it.each<[string, ApplianceHostArgs, Change, string[]]>([
    ["range: in sync", range, () => ({}), []],
    [
      "range: its route is gone",
      range,
      without("192.168.76.64/27"),
      ["link: the route to 192.168.76.64/27 over lan0 is missing"],
    ],
    [
      "range: one of before",
      range,
      also("192.168.76.96/27"),
      ["link: the route to 192.168.76.96/27 over lan0 is left over"],
    ],
    [
      "range: from another address",
      range,
      all(without("192.168.76.64/27"), also("192.168.76.64/27", "10.0.2.15")),
      ["link: the route to 192.168.76.64/27 over lan0 is from 10.0.2.15 instead of 192.168.76.10"],
    ],
    ["range: a container more is in the range", range, guest(600), []],
    [
      "range: one address",
      hostWith({ reach: "range" }, { ipRange: "192.168.76.64/32" }),
      without("192.168.76.64/32"),
      ["link: the route to 192.168.76.64 over lan0 is missing"],
    ],
    ["no connections to the host: in sync", hostWith({ reach: "pinned", inbound: false }), () => ({}), []],
    [
      "no connections to the host: a rule is gone",
      hostWith({ reach: "pinned", inbound: false }),
      () => ({ closed: { lan0: "10" } }),
      ["link: connections to the host are let in over lan0: rules of traffic control (tc) are missing on it"],
    ],
    ["an address and routes: in sync", routed, () => ({}), []],
    [
      "an address is gone",
      routed,
      ({ addresses }) => ({ addresses: new Map([...addresses, ["lan0", []]]) }),
      ["link: lan0 has not the address 192.168.76.9"],
    ],
    [
      "an address has become a subnet",
      routed,
      ({ addresses }) => ({
        addresses: new Map([...addresses, ["lan0", [{ family: "inet", address: "192.168.76.9", prefix: 24 }]]]),
      }),
      [
        "link: lan0 has an address (192.168.76.9), where it is to have 192.168.76.9",
        "link: lan0 has not the address 192.168.76.9",
      ],
    ],
    [
      "a further route is gone",
      routed,
      without("10.1.0.0/24"),
      ["link: the route to 10.1.0.0/24 over lan0 is missing"],
    ],
    [
      "a route is from the NIC's address",
      routed,
      all(without("192.168.76.3"), also("192.168.76.3")),
      ["link: the route to 192.168.76.3 over lan0 is from 192.168.76.10 instead of 192.168.76.9"],
    ],
    ["watch: in sync", watch, () => ({}), []],
    ["watch: a container runs", watch, all(guest(600), also("192.168.76.70")), []],
    ["watch: a container has just been started", watch, guest(5), []],
    ["watch: a container has just gone", watch, also("192.168.76.70"), []],
    ["watch: a container is stopped", watch, guest(600, "exited"), []],
    [
      "watch: a container has run for long without a route",
      watch,
      guest(600),
      ["link: the route to 192.168.76.70 over lan0 is missing"],
    ],
    [
      "watch: a pin's route is gone",
      watch,
      without("192.168.76.53"),
      ["link: the route to 192.168.76.53 over lan0 is missing"],
    ],
    [
      "watch: a route that no container can have",
      watch,
      also("10.9.0.1"),
      ["link: the route to 10.9.0.1 over lan0 is left over"],
    ],
    [
      "watch: Docker rests",
      watch,
      all(also("192.168.76.70"), () => ({
        networks: [],
        containers: [],
        failed: new Map([
          ["docker.networks", "1"],
          ["docker.containers", "1"],
        ]),
      })),
      [],
    ],
    [
      "watch: the watcher was stopped",
      watch,
      watcher({ activeState: "inactive" }),
      ["link: macvlan-watch@lan0.service does not run"],
    ],
    [
      "watch: the watcher has failed",
      watch,
      watcher({ activeState: "failed" }),
      ["link: macvlan-watch@lan0.service does not run"],
    ],
    ["watch: the watcher is between two tries", watch, watcher({ activeState: "activating" }), []],
    [
      "watch: the watcher rests with Docker",
      watch,
      all(watcher({ activeState: "inactive" }), ({ units }) => ({
        units: new Map([...units, ["docker.service", { ...units.get("docker.service")!, activeState: "inactive" }]]),
      })),
      [],
    ],
    [
      "watch: nothing would start the watcher",
      watch,
      watcher({}, { UnitFileState: "disabled" }),
      ["link: macvlan-watch@lan0.service is disabled"],
    ],
    [
      "watch: the watcher is masked",
      watch,
      watcher({ loadState: "masked" }),
      ["link: macvlan-watch@lan0.service is masked"],
    ],
  ])("%s", (_, args, change, expected) => expect(reasons(args, change)).toEqual(expected));
});
