import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contains, formatIpv4, parseIpv4 } from "../address";
import { formatProblem } from "../errors";
import { fixture } from "../observe/fixtures/fixture";
import { parse } from "../validate";
import { differences, equalsSpec } from "./observed";
import { addressFault, resolveNetwork } from "./resolve";
import { macvlanNetworkSchema } from "./schema";
import type { NetworkSpec } from "./spec";

const lan: NetworkSpec = {
  subnet: "192.168.76.0/24",
  gateway: "192.168.76.1",
  hostAddress: "192.168.76.10",
  dhcpPool: "192.168.76.128-192.168.76.250",
};
const resolve = (spec: NetworkSpec) => resolveNetwork(spec, "lan0").network;

describe("the specification", () => {
  const lines = (spec: object) =>
    parse(macvlanNetworkSchema, { ssh: { destination: "gw1" }, ...lan, ...spec }).problems.map(formatProblem);
  it.each<[object, string]>([
    [
      { subnet: "192.168.76.10/24" },
      "subnet: 192.168.76.10/24 has host bits set or is not in canonical form; write 192.168.76.0/24",
    ],
    [{ subnet: "192.168.76.0/31" }, "subnet: 192.168.76.0/31 is no subnet for a LAN"],
    [
      { gateway: "192.168.76.1/24" },
      "gateway: 192.168.76.1/24 has a prefix length; write the address alone: 192.168.76.1",
    ],
    [{ ipRange: "192.168.76.65/26" }, "ipRange: 192.168.76.65/26 has host bits"],
    [{ dhcpPool: "192.168.76.250-192.168.76.128" }, "dhcpPool: the range"],
    [
      { auxAddresses: { host: "192.168.76.3" } },
      'auxAddresses.host: "host" is the name of the host itself; give it as hostAddress',
    ],
    [
      { mode: "passthru" },
      "mode: passthru gives the whole NIC to one container, and puts it into promiscuous mode: neither a parent link nor a second container can be beside it; choose bridge, private or vepa",
    ],
    [{ mode: "source" }, 'mode: has a value that is not known here; choose one of "bridge", "private", "vepa"'],
    [{ name: "my lan" }, "name: "],
    [{ name: "host" }, "name: "],
  ])("%j", (spec, expected) => expect(lines(spec).join("\n")).toContain(expected));

  it.each<[Partial<NetworkSpec>, string]>([
    [
      { gateway: "192.168.77.1" },
      "gateway: 192.168.77.1 is not inside the subnet 192.168.76.0/24; choose it from 192.168.76.1-192.168.76.254",
    ],
    [
      { gateway: "192.168.76.0" },
      "gateway: 192.168.76.0 is the network address of network lan; choose another address",
    ],
    [
      { hostAddress: "192.168.76.1" },
      "hostAddress: 192.168.76.1 is the gateway of network lan; choose another address",
    ],
    [{ hostAddress: "192.168.76.255" }, "hostAddress: 192.168.76.255 is the broadcast address of network lan"],
    [{ ipRange: "192.168.77.0/26" }, "ipRange: 192.168.77.0-192.168.77.63 is not inside the subnet"],
    [{ dhcpPool: "192.168.76.128-192.168.77.250" }, "dhcpPool: 192.168.76.128-192.168.77.250 is not inside the subnet"],
    [{ auxAddresses: { tv: "192.168.76.10" } }, "auxAddresses.tv: 192.168.76.10 is the host's own address"],
    [{ ipRange: "192.168.76.128/26" }, "ipRange: 192.168.76.128-192.168.76.191 overlaps dhcpPool"],
  ])("%j is inconsistent", (spec, expected) => {
    const { problems } = resolveNetwork({ ...lan, ...spec }, "lan0");
    expect(problems.map(formatProblem).join("\n")).toContain(expected);
    expect(problems).toHaveLength(1);
  });

  it("has the mode that all macvlans of a NIC reach each other in, unless it says another", () => {
    expect(resolve(lan).mode).toBe("bridge");
    expect(resolve({ ...lan, mode: "vepa" }).mode).toBe("vepa");
  });

  it("leaves Docker nothing to give out unless it is told so", () => {
    expect(resolve(lan).ipRange).toBe("192.168.76.1/32");
    expect(resolve({ ...lan, ipRange: "192.168.76.64/27" }).ipRange).toBe("192.168.76.64/27");
  });
});

describe("an appliance's address", () => {
  it.each([
    [
      "192.168.76.1",
      "192.168.76.1 is the gateway of network lan; choose a free address outside dhcpPool (next free: 192.168.76.2)",
    ],
    ["192.168.76.0", "is the network address of network lan"],
    ["192.168.76.255", "is the broadcast address of network lan"],
    ["192.168.76.10", "is the host's own address"],
    ["192.168.76.200", "is in the DHCP pool 192.168.76.128-192.168.76.250"],
    ["192.168.77.5", "is outside 192.168.76.0/24, the subnet of network lan"],
  ])("%s is refused", (ip, expected) => {
    const fault = addressFault(resolve(lan), ip);
    expect(`${fault?.message}; ${fault?.remedy}`).toContain(expected);
  });

  it("is free where nobody has a claim, and what is proposed is free", () => {
    const network = resolve({ ...lan, ipRange: "192.168.76.64/27", auxAddresses: { tv: "192.168.76.2" } });
    fc.assert(
      fc.property(fc.integer({ min: network.cidr.first, max: network.cidr.last }), (n) => {
        const fault = addressFault(network, formatIpv4(n));
        expect(fault === undefined).toBe(!network.claims.some(({ range }) => contains(range, n)));
        const proposed = /next free: ([\d.]+)/.exec(fault?.remedy ?? "")?.[1];
        if (fault) expect(addressFault(network, proposed!)).toBeUndefined();
      }),
    );
    expect(parseIpv4("192.168.76.3").fault).toBeUndefined();
  });
});

it("knows a network on the host that is what the specification says, and any difference", () => {
  const observed = fixture("trixie-in-use").networks.find(({ name }) => name === "lan")!;
  expect(equalsSpec(observed, resolve(lan))).toBe(true);
  const others: NetworkSpec[] = [
    { ...lan, gateway: "192.168.76.2" },
    { ...lan, ipRange: "192.168.76.64/27" },
    { subnet: lan.subnet, gateway: lan.gateway },
    { ...lan, auxAddresses: { tv: "192.168.76.3" } },
    { ...lan, mode: "private" },
    { ...lan, subnet: "192.168.76.0/25", dhcpPool: "192.168.76.64-192.168.76.80" },
  ];
  for (const other of others) expect(equalsSpec(observed, resolve(other))).toBe(false);
  expect(equalsSpec(observed, resolveNetwork(lan, "lan1").network)).toBe(false);
});

it.each<[NetworkSpec["mode"], string, string[]]>([
  [undefined, "bridge", []],
  ["bridge", "bridge", []],
  ["private", "private", []],
  ["vepa", "vepa", []],
  ["private", "bridge", ["mode: bridge instead of private"]],
  [undefined, "private", ["mode: private instead of bridge"]],
  ["vepa", "passthru", ["mode: passthru instead of vepa"]],
])("in mode %s finds of one in mode %s: %j", (mode, found, expected) => {
  const lanNow = fixture("trixie-in-use").networks.find(({ name }) => name === "lan")!;
  const observed = { ...lanNow, options: { ...lanNow.options, macvlan_mode: found } };
  expect(differences(observed, resolve({ ...lan, mode }))).toEqual(expected);
});
