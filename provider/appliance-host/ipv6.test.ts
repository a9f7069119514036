import { describe, expect, it } from "vitest";
import { formatProblem } from "../errors";
import { AddressFact, ContainerFact, HostFacts } from "../observe";
import { inSync } from "../observe/fixtures/in-sync";
import { driftOf } from "./drift";
import { preflight } from "./preflight";
import { placeAppliance, probesOf } from "./host";
import { resolveHost } from "./resolve";
import type { ApplianceHostArgs } from "./spec";

const service = { image: "example.com/app@sha256:0000000000000000000000000000000000000000000000000000000000000000" };
const interfaceOf = (change: object = {}) => ({ nic: { mac: "52:54:00:00:02:07" }, ...change });
const v4 = { subnet: "192.168.76.0/24", gateway: "192.168.76.1" };
const network = { ...v4, subnet6: "fd00:76::/64" };
const dual = {
  ssh: { destination: "gw1" },
  interface: interfaceOf(),
  network,
  appliances: {
    dns: { ip: "192.168.76.53", ip6: "fd00:76::53", service },
    web: { ip: "192.168.76.80", service },
  },
} satisfies ApplianceHostArgs;
const problems = (args: unknown) => resolveHost(args).problems.map(formatProblem);
const dns = (change: object, appliances: object = {}) => ({
  ...dual,
  appliances: { dns: { ip: "192.168.76.53", service, ...change }, ...appliances },
});

describe("a host with IPv6", () => {
  it("has the router at the first address, and pins that go with the IPv4 addresses", () => {
    const { host } = resolveHost(dual);
    expect(host?.network.ipv6).toMatchObject({ gateway: "fd00:76::1", ipRange: "fd00:76::1/128" });
    expect(host?.pins.map(({ ip6, mac }) => [ip6, mac])).toEqual([
      ["fd00:76::53", "02:42:c0:a8:4c:35"],
      ["fd00:76::c0a8:4c50", "02:42:c0:a8:4c:50"],
    ]);
    expect(placeAppliance(dual, host!, "dns").network).toMatchObject({
      subnet6: "fd00:76::/64",
      gateway6: "fd00:76::1",
    });
  });

  it("has the LAN asked for them, after all that are of IPv4", () => {
    expect(probesOf(resolveHost(dual).host!).map(({ ip }) => ip)).toEqual([
      "192.168.76.53",
      "192.168.76.80",
      "fd00:76::53",
      "fd00:76::c0a8:4c50",
    ]);
  });

  it("has the LAN asked for the link's own addresses too", () => {
    const link = interfaceOf({ vlan: 20, address: "192.168.76.9", address6: "fd00:76::9" });
    const { host } = resolveHost({ ...dual, interface: link });
    const on = { mac: "52:54:00:00:02:07", vlan: 20 };
    expect(probesOf(host!)).toEqual([
      { ip: "192.168.76.53", on },
      { ip: "192.168.76.80", on },
      { ip: "192.168.76.9", on },
      { ip: "fd00:76::9", on },
      { ip: "fd00:76::53", on },
      { ip: "fd00:76::c0a8:4c50", on },
    ]);
  });

  it("is one without it in everything where there is no subnet6", () => {
    const args = { ...dual, network: v4, appliances: { web: dual.appliances.web } };
    const { host } = resolveHost(args);
    expect(JSON.stringify([host, placeAppliance(args, host!, "web")])).not.toContain('6":');
  });

  it.each<[string, object, string]>([
    [
      "a gateway6 that is on another LAN",
      { ...dual, network: { ...network, gateway6: "fe80::1" } },
      "network.gateway6: fe80::1 is not inside subnet6, fd00:76::/64, and Docker takes no other gateway; give the address that the router has there (on it: ip -6 addr)",
    ],
    [
      "a gateway6 that every router has",
      { ...dual, network: { ...network, gateway6: "fd00:76::" } },
      "network.gateway6: fd00:76:: is the address that every router of fd00:76::/64 has, and Docker keeps it back; give the router's own, such as fd00:76::1",
    ],
    [
      "a gateway6 alone",
      { ...dual, network: { ...v4, gateway6: "fd00:76::1" }, appliances: {} },
      "network.gateway6: is for a network with subnet6; give subnet6 too, or leave it out",
    ],
    [
      "a subnet6 with host bits",
      { ...dual, network: { ...v4, subnet6: "fd00:76::1/64" } },
      "network.subnet6: fd00:76::1/64 has host bits set or is not in canonical form; write fd00:76::/64",
    ],
    [
      "a gateway6 in another spelling",
      { ...dual, network: { ...network, gateway6: "FD00:76::1" } },
      "network.gateway6: FD00:76::1 is not in canonical form; write fd00:76::1",
    ],
    [
      "a pin on a network of IPv4 alone",
      { ...dual, network: v4 },
      "appliances.dns.ip6: the network lan has no IPv6; give it subnet6, or leave ip6 out",
    ],
    [
      "a pin elsewhere",
      dns({ ip6: "fd00:77::53" }),
      "appliances.dns.ip6: fd00:77::53 is outside fd00:76::/64, the subnet6 of network lan; choose another address in fd00:76::/64, or leave ip6 out: it is fd00:76::c0a8:4c35 then",
    ],
    [
      "a pin that is the router's",
      dns({ ip6: "fd00:76::1" }),
      "appliances.dns.ip6: fd00:76::1 is the gateway6 of network lan; choose another address in fd00:76::/64, or leave ip6 out: it is fd00:76::c0a8:4c35 then",
    ],
    [
      "a pin that every router has",
      dns({ ip6: "fd00:76::" }),
      "appliances.dns.ip6: fd00:76:: is the address that every router of fd00:76::/64 has; choose another address in fd00:76::/64, or leave ip6 out: it is fd00:76::c0a8:4c35 then",
    ],
    [
      "a router that has the pin of an IPv4 address",
      { ...dns({}), network: { ...network, gateway6: "fd00:76::c0a8:4c35" } },
      "appliances.dns.ip6: fd00:76::c0a8:4c35 is the gateway6 of network lan; choose another address in fd00:76::/64 and give it as ip6",
    ],
    [
      "two pins that are one",
      dns({}, { web: { ip: "192.168.76.80", ip6: "fd00:76::c0a8:4c35", service } }),
      "appliances.web.ip6: fd00:76::c0a8:4c35 is the IPv6 address of the appliance dns too; choose another address in fd00:76::/64, or leave ip6 out: it is fd00:76::c0a8:4c50 then",
    ],
    [
      "two IPv4 addresses that are one, told once",
      dns({}, { web: { ip: "192.168.76.53", service } }),
      "appliances.web.ip: 192.168.76.53 is the address of the appliance dns too; choose a free address (next free: 192.168.76.2)",
    ],
    [
      "no room for the IPv4 address",
      { ...dns({}), network: { ...v4, subnet6: "fd00:76::/112" } },
      "appliances.dns.ip6: is missing: Docker starts no container without an IPv6 address on network lan, and none in fd00:76::/112 goes with 192.168.76.53; give one, or use a subnet6 of at most /96",
    ],
    [
      "no room, and a pin that cannot be read, told once",
      { ...dns({ ip6: "fd00:76::g" }), network: { ...v4, subnet6: "fd00:76::/112" } },
      'appliances.dns.ip6: "fd00:76::g" is not an IPv6 address; write up to eight groups of hexadecimal digits, such as fd00:76::53',
    ],
    [
      "an MTU that IPv6 does not do with",
      { ...dual, interface: interfaceOf({ mtu: 1200 }) },
      "interface.mtu: an MTU of 1200 is too small for the IPv6 of network lan; give 1280 or more, or leave subnet6 out",
    ],
    [
      "a service that says another one",
      dns({ ip6: "fd00:76::53", service: { ...service, networks: { lan: { ipv6_address: "fd00:76::54" } } } }),
      "appliances.dns.service.networks.lan.ipv6_address: the IPv6 address of this service is fd00:76::53; leave it out, and give the one that you want as ip6 of the appliance",
    ],
    [
      "a service that says the one that is derived",
      dns({ service: { ...service, networks: { lan: { ipv6_address: "fd00:76::c0a8:4c35" } } } }),
      "appliances.dns.service.networks.lan.ipv6_address: the IPv6 address of this service is that of the appliance; leave it out, and give the one that you want as ip6 of the appliance",
    ],
    [
      "two LANs of one prefix",
      {
        ...dual,
        lans: {
          iot: {
            interface: interfaceOf({ vlan: 20 }),
            network: { subnet: "10.0.0.0/24", gateway: "10.0.0.1", subnet6: "fd00:76::/112" },
          },
        },
      },
      "lans.iot.network.subnet6: fd00:76::/112 overlaps fd00:76::/64, the subnet6 of the first LAN: one Docker has each address once; give each LAN a prefix of its own",
    ],
  ])("%s", (_what, args, expected) => expect(problems(args)).toEqual([expected]));

  it.each<[string, object, string]>([
    [
      "elsewhere",
      { address6: "fd00:77::9" },
      "fd00:77::9 is outside fd00:76::/64, the subnet6 of network lan; choose another address in fd00:76::/64",
    ],
    [
      "the router's",
      { address6: "fd00:76::1" },
      "fd00:76::1 is the gateway6 of network lan; choose another address in fd00:76::/64",
    ],
    [
      "an appliance's",
      { address6: "fd00:76::c0a8:4c50" },
      "fd00:76::c0a8:4c50 is the IPv6 address of the appliance web too; choose another address for the link, or leave it out",
    ],
    ["in another spelling", { address6: "fd00:76:0::9" }, "fd00:76:0::9 is not in canonical form; write fd00:76::9"],
  ])("an address of the link that is %s", (_what, link, expected) =>
    expect(problems({ ...dual, interface: interfaceOf(link) })).toEqual([`interface.address6: ${expected}`]),
  );

  it("an address of the link on a network of IPv4 alone", () => {
    const args = { ...dual, network: v4, interface: interfaceOf({ address6: "fd00:76::9" }), appliances: {} };
    expect(problems(args)).toEqual([
      "interface.address6: the network lan has no IPv6; give it subnet6, or leave address6 out",
    ]);
  });

  it("may have a small subnet6, an MTU of 1280, and what a service says that is so", () => {
    const args = {
      ...dns({ ip6: "fd00:76::2", service: { ...service, networks: { lan: { ipv6_address: "fd00:76::2" } } } }),
      interface: interfaceOf({ mtu: 1280 }),
      network: { ...v4, subnet6: "fd00:76::/126" },
    };
    expect(problems(args)).toEqual([]);
  });
});

describe("the host that it describes", () => {
  const { host } = resolveHost(dual);
  const facts = inSync(dual, host!);
  const reasons = (seen: HostFacts) => driftOf(seen, dual, host!).flatMap((drift) => drift.reasons);
  const container = (name: string, change: (old: ContainerFact) => Partial<ContainerFact>): HostFacts => ({
    ...facts,
    containers: facts.containers.map((each) => (each.name === name ? { ...each, ...change(each) } : each)),
  });
  const endpoint = (change: object) =>
    container("dns", ({ networks }) => ({ networks: { lan: { ...networks.lan!, ...change } } }));
  const lan = (change: object): HostFacts => ({
    ...facts,
    networks: facts.networks.map((each) => (each.name === "lan" ? { ...each, ...change } : each)),
  });
  const [first, second] = facts.networks.find(({ name }) => name === "lan")!.ipam.Config;

  it("is in sync, and nothing speaks against it", () => {
    expect(reasons(facts)).toEqual([]);
    expect(preflight(facts, host!).filter(({ path }) => JSON.stringify(path).includes("6"))).toEqual([]);
  });

  it.each<[string, HostFacts, string]>([
    [
      "Docker has not pinned it",
      endpoint({ IPAMConfig: { IPv4Address: "192.168.76.53" } }),
      "container dns is pinned to no IPv6 address instead of fd00:76::53",
    ],
    [
      "another pin",
      endpoint({ IPAMConfig: { IPv4Address: "192.168.76.53", IPv6Address: "fd00:76::54" } }),
      "container dns is pinned to fd00:76::54 instead of fd00:76::53",
    ],
    [
      "another address",
      endpoint({ GlobalIPv6Address: "fd00:76::54" }),
      "container dns runs with IP fd00:76::54 instead of fd00:76::53",
    ],
    [
      "no address",
      endpoint({ GlobalIPv6Address: undefined }),
      "container dns runs with IP none instead of fd00:76::53",
    ],
    [
      "the address is gone inside",
      {
        ...facts,
        inside: new Map(
          [...facts.inside].map(([id, seen]) => {
            return [id, { ...seen, addresses: seen.addresses.filter((address) => address !== "fd00:76::53") }];
          }),
        ),
      },
      "container dns has lost its address fd00:76::53 inside",
    ],
    [
      "the network has no IPv6",
      lan({ ipv6: false, ipam: { Driver: "default", Config: [first] } }),
      "network lan is another one (subnet6: none instead of fd00:76::/64, gateway6: none instead of fd00:76::1, IPv6 range: none instead of fd00:76::1/128, IPv6: false instead of true)",
    ],
    [
      "another prefix",
      lan({ ipam: { Driver: "default", Config: [first, { ...second, Subnet: "fd00:77::/64" }] } }),
      "network lan is another one (subnet6: fd00:77::/64 instead of fd00:76::/64)",
    ],
    [
      "Docker gives addresses out",
      lan({ ipam: { Driver: "default", Config: [first, { ...second, IPRange: undefined }] } }),
      "network lan is another one (IPv6 range: none instead of fd00:76::1/128)",
    ],
  ])("%s", (_what, seen, expected) => expect(reasons(seen)).toEqual([expected]));

  it("may list the halves of the network in any order, and have addresses that its router announced", () => {
    expect(reasons(lan({ ipam: { Driver: "default", Config: [second, first] } }))).toEqual([]);
    const more = [...facts.inside].map(([id, seen]) => {
      return [id, { ...seen, addresses: [...seen.addresses, "2001:db8::42:c0ff:fea8:4c35"] }] as const;
    });
    expect(reasons({ ...facts, inside: new Map(more) })).toEqual([]);
  });

  it("had IPv6 by other hands where the specification has none", () => {
    const args = { ...dual, network: v4, appliances: { web: dual.appliances.web } };
    const plain = resolveHost(args).host!;
    const seen = inSync(args, plain);
    const changed = {
      ...seen,
      networks: seen.networks.map((each) =>
        each.name === "lan"
          ? { ...each, ipv6: true, ipam: { ...each.ipam, Config: [...each.ipam.Config, second!] } }
          : each,
      ),
    };
    expect(driftOf(changed, args, plain).flatMap((drift) => drift.reasons)).toEqual([
      "network lan is another one (further subnets: fd00:76::/64 instead of none, IPv6: true instead of false)",
    ]);
  });
});

describe("a link with an IPv6 address", () => {
  const args = { ...dual, interface: interfaceOf({ reach: "pinned", address6: "fd00:76::9" }) } as const;
  const { host } = resolveHost(args);
  const facts = inSync(args, host!);
  const reasons = (seen: HostFacts) => driftOf(seen, args, host!).flatMap((drift) => drift.reasons);
  const addresses = (change: readonly AddressFact[]) => ({
    ...facts,
    addresses: new Map([...facts.addresses, ["lan0", change]]),
  });
  const sysctl = (key: string, value: string) => ({ ...facts, sysctls: new Map([...facts.sysctls, [key, value]]) });
  const ipv6 = (address: string, prefix = 128): AddressFact => ({ family: "inet6", address, prefix });
  const toDns = facts.routes.find(({ dst }) => dst === "fd00:76::53")!;

  it("is in sync with one route to each pin of each kind", () => {
    expect(reasons(facts)).toEqual([]);
    expect(facts.routes.filter(({ dev }) => dev === "lan0").map(({ dst, prefsrc }) => [dst, prefsrc])).toEqual([
      ["192.168.76.53", "192.168.76.10"],
      ["192.168.76.80", "192.168.76.10"],
      ["fd00:76::53", "fd00:76::9"],
      ["fd00:76::c0a8:4c50", "fd00:76::9"],
    ]);
  });

  it.each<[string, HostFacts, string]>([
    ["it is gone", addresses([]), "lan0 has not the address fd00:76::9"],
    [
      "it has another length",
      addresses([ipv6("fd00:76::9", 64)]),
      "lan0 has an address (fd00:76::9), where it is to have fd00:76::9",
    ],
    [
      "one of the router's beside it",
      addresses([ipv6("fd00:76::9"), ipv6("2001:db8::1", 64)]),
      "lan0 has an address (2001:db8::1), where it is to have fd00:76::9",
    ],
    [
      "IPv6 is switched off",
      sysctl("ipv6/conf/lan0/disable_ipv6", "1"),
      "net/ipv6/conf/lan0/disable_ipv6 is 1 instead of 0",
    ],
    ["it hears the router", sysctl("ipv6/conf/lan0/accept_ra", "1"), "net/ipv6/conf/lan0/accept_ra is 1 instead of 0"],
    [
      "a route is gone",
      { ...facts, routes: facts.routes.filter((route) => route !== toDns) },
      "the route to fd00:76::53 over lan0 is missing",
    ],
    [
      "a route is from elsewhere",
      {
        ...facts,
        routes: facts.routes.map((route) => (route === toDns ? { ...route, prefsrc: "fd00:76::8" } : route)),
      },
      "the route to fd00:76::53 over lan0 is from fd00:76::8 instead of fd00:76::9",
    ],
    [
      "a route too many",
      { ...facts, routes: [...facts.routes, { ...toDns, dst: "fd00:76::99" }] },
      "the route to fd00:76::99 over lan0 is left over",
    ],
  ])("%s", (_what, seen, expected) => expect(reasons(seen)).toContain(expected));

  it("with reach: watch a route to a container is the watcher's business", () => {
    const watched = { ...args, interface: { ...args.interface, reach: "watch" } } as const;
    const resolved = resolveHost(watched).host!;
    const seen = inSync(watched, resolved);
    const guest = { ...seen, routes: [...seen.routes, { ...toDns, dst: "fd00:76::99" }] };
    expect(driftOf(guest, watched, resolved)).toEqual([]);
    const off = { ...seen, routes: [...seen.routes, { ...toDns, dst: "fd00:77::99" }] };
    expect(driftOf(off, watched, resolved).flatMap((drift) => drift.reasons)).toEqual([
      "the route to fd00:77::99 over lan0 is left over",
    ]);
  });
});
