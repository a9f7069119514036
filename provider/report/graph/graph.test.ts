import { describe, expect, it } from "vitest";
import { renderMermaid, renderSvg, TopologyHost, TopologyLan, topologyOf, Ways } from ".";
import { fleetHost } from "../fixtures/fleet";
import { layoutOf } from "./layout";
import { SANS } from "./measure";
import { endsOf, waysHeight, waysText } from "./ways";

const trio = [
  fleetHost("gw1", { nic: { name: "enp3s0.20" } }),
  fleetHost("gw2", { first: 40, reach: "none", appliances: [] }),
  fleetHost("shop", { lan: 1, nic: { path: "pci-0000:03:00.0" }, pool: false }),
];
const many = (size: number, appliances: number): TopologyLan[] =>
  topologyOf(
    Array.from({ length: size }, (_, i) =>
      fleetHost(`host-${i}`, {
        lan: i % 3,
        first: 10 + i * appliances,
        appliances: Array.from({ length: 1 + ((i * 7) % appliances) }, (_, j) => `appliance-${j}`),
      }),
    ),
  );

describe("topologyOf", () => {
  it("says of each LAN and host what a drawing needs", () => {
    const [home, shop] = topologyOf(trio);
    expect(home).toMatchObject({
      name: "home",
      subnet: "10.0.0.0/16",
      gateway: "10.0.0.1",
      pool: "10.0.200.0-10.0.220.255",
    });
    expect(home!.hosts.map(({ nic, reach }) => [nic, reach])).toEqual([
      ["VLAN 20 on enp3s0", true],
      [trio[1]!.resolved.link.nic.mac, false],
    ]);
    expect(home!.hosts.map(({ ways }) => ways)).toEqual([
      { reach: "pinned", inbound: true, ipv6: false, mode: "bridge", routes: [] },
      { reach: "none", inbound: true, ipv6: false, mode: "bridge", routes: [] },
    ]);
    expect(shop!.pool).toBeUndefined();
    expect(shop!.hosts[0]!.appliances[0]).toEqual({ name: "dns", ip: "10.1.0.12", mac: "02:42:0a:01:00:0c" });
  });
});

describe("a LAN with IPv6", () => {
  const dual = topologyOf([fleetHost("gw1", { appliances: ["dns"], subnet6: "fd00:76::/64" }), fleetHost("gw2")]);

  it("has its prefix at the top, and the addresses of its appliances, in both drawings", () => {
    expect(renderMermaid(dual)).toContain('l0(["10.0.0.0/16<br/>fd00:76::/64<br/>gateway 10.0.0.1');
    expect(renderMermaid(dual)).toContain('["dns<br/>10.0.0.12<br/>fd00:76::a00:c<br/>02:42:0a:00:00:0c"]');
    const svg = renderSvg(dual);
    expect(svg).toContain("LAN home  10.0.0.0/16  fd00:76::/64");
    expect(svg).toContain(">fd00:76::a00:c</text>");
  });

  it("has room for them in the cards", () => {
    const { card } = layoutOf(dual);
    expect(card.mac - card.ip6).toBeGreaterThan("fd00:76::a00:c".length * 6.7);
    const { card: plain } = layoutOf(topologyOf(trio));
    expect(plain.mac).toBe(plain.ip6);
  });
});

it("a host with ipvlan is drawn with no MAC but its NIC's", () => {
  const lans = topologyOf([fleetHost("gw1", { appliances: ["dns"], reach: "none", driver: "ipvlan" })]);
  const [svg, mermaid] = [renderSvg(lans), renderMermaid(lans)];
  expect(svg).toContain("network lan, ipvlan");
  expect(svg).toContain("ipvlan link on it");
  expect(svg).not.toContain("macvlan link");
  expect(mermaid).toContain("network lan, ipvlan");
  for (const drawn of [svg, mermaid]) {
    expect(drawn).toMatch(/the NIC.*s MAC/);
    expect(drawn).not.toContain("undefined");
    expect(drawn).not.toContain("02:42");
  }
});

describe("renderSvg", () => {
  it("draws three hosts on two LANs", () =>
    expect(renderSvg(topologyOf(trio))).toMatchFileSnapshot("__snapshots__/trio.svg"));

  it("draws nothing of nothing", () => expect(renderSvg([])).toContain("<title>no hosts</title>"));

  it("escapes what people call their LANs", () => {
    const [lan] = topologyOf(trio);
    const text = renderSvg([{ ...lan!, name: '<script>"&\u0000' }]);
    expect(text).toContain("LAN &lt;script&gt;&quot;&amp;?");
    expect(text).not.toContain("<script");
  });

  it("draws ways within the cards, one below the other", () => {
    const lans = many(3, 3);
    const { panels, card } = layoutOf(lans, { ways: true });
    const cards = panels.flatMap((panel) => panel.columns.flatMap((column) => column.cards));
    expect(new Set(cards.map(({ x }) => x)).size).toBe(1);
    for (const { host, y, height, ways } of cards) {
      const bottom = ways! + waysHeight(host);
      expect(bottom).toBe(y + height);
      expect(Math.max(...waysText(host, card.width - 28).map((line) => line.length * SANS))).toBeLessThan(card.width);
    }
  });

  it("writes no line that is wider than the drawing", () => {
    for (const options of [{}, { ways: true }]) {
      const { width, panels, legend } = layoutOf(topologyOf(trio), options);
      for (const line of [...legend, ...panels.flatMap(({ details }) => details)])
        expect(line.length * SANS).toBeLessThan(width);
    }
  });

  it("puts every host somewhere of its own, within the drawing, as wide as a screen is", () => {
    for (const lans of [many(1, 3), many(7, 20), many(50, 20), many(400, 5)]) {
      const { panels, width, height, card } = layoutOf(lans);
      const cards = panels.flatMap((panel) => panel.columns.flatMap((column) => column.cards));
      expect(cards.map(({ host }) => host.name).sort()).toEqual(
        lans.flatMap(({ hosts }) => hosts.map(({ name }) => name)).sort(),
      );
      for (const [i, a] of cards.entries()) {
        expect(a.x + card.width).toBeLessThan(width);
        expect(a.y + a.height).toBeLessThan(height);
        for (const b of cards.slice(0, i)) expect(overlap(a, b)).toBe(0);
      }
      if (cards.length > 20) expect(width / height).toBeGreaterThan(0.7);
      if (cards.length > 20) expect(width / height).toBeLessThan(3);
    }
  });
});

interface Box {
  x: number;
  y: number;
  height: number;
}

/** How much two cards of one column have of the same height. */
function overlap(a: Box, b: Box): number {
  if (a.x !== b.x) return 0;
  return Math.max(0, Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y));
}

describe("the ways of packets", () => {
  const [lan] = topologyOf(trio);
  const host = (ways: Partial<Ways>, appliances = lan!.hosts[0]!.appliances): TopologyHost => ({
    ...lan!.hosts[0]!,
    ways: { reach: "pinned", inbound: true, ipv6: false, mode: "bridge", routes: [], ...ways },
    appliances,
  });
  it.each<[string, Partial<Ways>, Record<string, boolean>, string]>([
    ["none", { reach: "none" }, { dns: false, web: false }, "the kernel keeps host and containers apart"],
    ["pinned", {}, { dns: true, web: true }, "host ↔ each appliance over lan0"],
    ["pinned, one way", { inbound: false }, { dns: true, web: true }, "host → each appliance over lan0"],
    [
      "pinned, with an ipRange",
      { ipRange: "10.0.9.0/28" },
      { dns: true, web: true, "a container": false },
      "host ↔ each appliance over lan0",
    ],
    [
      "range",
      { reach: "range", ipRange: "10.0.9.0/28" },
      { dns: true, web: true, "a container": true },
      "host ↔ each appliance and 10.0.9.0/28 over lan0",
    ],
    [
      "watch",
      { reach: "watch", routes: ["10.0.0.9"] },
      { dns: true, web: true, "a container": true },
      "host ↔ every running container over lan0, and to 10.0.0.9",
    ],
  ])("%s", (_, ways, reached, text) => {
    expect(Object.fromEntries(endsOf(host(ways)).map((end) => [end.name, end.reached]))).toEqual(reached);
    expect(waysText(host(ways), 1000)).toEqual([text]);
  });

  it.each<[Ways["mode"], string]>([
    ["private", "the kernel keeps host and containers apart; its containers do not reach each other"],
    [
      "vepa",
      "the kernel keeps host and containers apart; its containers reach each other, and the host, if the switch sends their frames back",
    ],
  ])("mode %s", (mode, text) => expect(waysText(host({ reach: "none", mode }), 2000).join("; ")).toBe(text));

  it("writes lines that the card has room for, whatever the names", () => {
    const link = { name: "appliances-lan0", mac: "02:00:00:00:00:01", address: "192.168.176.253" };
    const wide = host({ reach: "range", ipRange: "192.168.176.128/25", routes: ["192.168.100.0/24"], mode: "vepa" });
    for (const line of waysText({ ...wide, link }, 322)) expect(line.length * SANS).toBeLessThan(322);
  });

  it("says from which address, the link's before the host's", () => {
    const at = { ...host({}), address: "10.0.0.5" };
    expect(waysText(at, 1000)).toEqual(["host ↔ each appliance over lan0, as 10.0.0.5"]);
    const own = { ...at, link: { ...at.link, address: "10.0.0.6" } };
    expect(waysText(own, 1000)).toEqual(["host ↔ each appliance over lan0, as 10.0.0.6"]);
  });

  it("says by which kind of address, where the network has both", () => {
    const at = { ...host({ ipv6: true }), address: "10.0.0.5" };
    expect(waysText(at, 1000)).toEqual(["host ↔ each appliance over lan0, as 10.0.0.5, by IPv4 alone"]);
    const own = { ...at, link: { ...at.link, address6: "fd00::6" } };
    expect(waysText(own, 1000)).toEqual(["host ↔ each appliance over lan0, as 10.0.0.5 and fd00::6"]);
    const none = host({ reach: "none", ipv6: true });
    expect(waysText(none, 1000)).toEqual(["the kernel keeps host and containers apart"]);
  });

  it("draws a container where there is no appliance", () =>
    expect(endsOf(host({}, []))).toEqual([{ name: "a container", loose: true, reached: false }]));
});

describe("renderMermaid", () => {
  it("draws every layer of a small fleet", () =>
    expect(renderMermaid(topologyOf(trio))).toMatchFileSnapshot("__snapshots__/trio.mmd"));

  it.each([
    [10, 5],
    [50, 20],
    [400, 20],
    [600, 1],
    [1000, 20],
  ])("%i hosts stay within what Mermaid takes", (hosts, appliances) => {
    const text = renderMermaid(many(hosts, appliances));
    expect(text.length).toBeLessThanOrEqual(50_000);
    expect(text.match(/ --- /g)?.length ?? 0).toBeLessThanOrEqual(500);
    expect(text.match(/subgraph/g)?.length ?? 0).toBe(text.match(/^ *end$/gm)?.length ?? 0);
  });

  it("names nothing in clear that would be markup", () => {
    const [lan] = topologyOf(trio);
    const text = renderMermaid([{ ...lan!, name: 'a"]; end <b>#' }]);
    expect(text).toContain('["LAN a#34;#93;#59; end #60;b#62;#35;"]');
  });
});
