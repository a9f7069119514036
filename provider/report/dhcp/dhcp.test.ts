import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DHCP_FORMATS, DhcpFormat, domainFault, renderDhcp, reservationsOf } from ".";
import { fleetHost } from "../fixtures/fleet";

const fleet = [
  fleetHost("gw1", { appliances: ["dns", "web_1"] }),
  fleetHost("gw2", { first: 4, appliances: ["dns", "web-1"] }),
  fleetHost("shop", { lan: 1, appliances: ["dns"], pool: false }),
];
const lans = reservationsOf(fleet);
const formats = Object.keys(DHCP_FORMATS) as DhcpFormat[];

describe("reservationsOf", () => {
  it("tells LANs apart, sorts by address, and gives each a name that no other in the fleet has", () => {
    expect(lans.map(({ lan, pool }) => [lan, pool?.first])).toEqual([
      ["home", "10.0.200.0"],
      ["shop", undefined],
    ]);
    expect(lans[0]!.reservations.map(({ name, ip }) => [name, ip])).toEqual([
      ["dns-gw2", "10.0.0.6"],
      ["web-1-2", "10.0.0.7"],
      ["dns-gw1", "10.0.0.12"],
      ["web-1", "10.0.0.13"],
    ]);
    expect(lans[1]!.reservations.map(({ name, mac }) => [name, mac])).toEqual([["dns-shop", "02:42:0a:01:00:0c"]]);
  });

  it("is the same whatever the order of the hosts, but for numbers", () => {
    expect(reservationsOf([...fleet].reverse()).map(({ lan }) => lan)).toEqual(["home", "shop"]);
  });
});

describe("renderDhcp", () => {
  it.each(formats)("%s", (format) => {
    expect(renderDhcp(format, lans, { domain: "home.arpa" })).toMatchSnapshot();
  });

  it("has IPv6 where a server takes it by the MAC, and in names", () => {
    const dual = reservationsOf([fleetHost("gw1", { appliances: ["dns"], subnet6: "fd00:76::/64" })]);
    const said = (format: DhcpFormat) => renderDhcp(format, dual, { domain: "home.arpa" });
    expect(said("dnsmasq").split("\n").slice(1, 3)).toEqual([
      "dhcp-host=02:42:0a:00:00:0c,10.0.0.12,[fd00:76::a00:c],dns",
      "host-record=dns.home.arpa,dns,10.0.0.12,fd00:76::a00:c",
    ]);
    expect(said("hosts").split("\n").slice(1, 3)).toEqual([
      "10.0.0.12 dns.home.arpa dns",
      "fd00:76::a00:c dns.home.arpa dns",
    ]);
    const mixed = reservationsOf([
      fleetHost("gw1", { appliances: ["dns"], subnet6: "fd00:76::/64" }),
      fleetHost("shop", { lan: 1, appliances: ["web"] }),
    ]);
    expect(renderDhcp("csv", mixed).split("\n").slice(0, 3)).toEqual([
      "lan,subnet,host,appliance,name,ip,ip6,mac",
      "home,10.0.0.0/16,gw1,dns,dns,10.0.0.12,fd00:76::a00:c,02:42:0a:00:00:0c",
      "shop,10.1.0.0/16,shop,web,web,10.1.0.12,,02:42:0a:01:00:0c",
    ]);
  });

  it("has the names of ipvlan appliances, which have no MAC of their own, and no reservation", () => {
    const mixed = reservationsOf([
      fleetHost("gw1", { appliances: ["dns"], reach: "none", driver: "ipvlan" }),
      fleetHost("gw2", { first: 20, appliances: ["web"] }),
    ]);
    const lines = (format: DhcpFormat) => renderDhcp(format, mixed).trim().split("\n");
    const leftOut = "# without a reservation, since ipvlan has the MAC of the host's NIC: dns 10.0.0.12";
    expect(lines("dnsmasq").slice(1)).toEqual([
      leftOut,
      "dhcp-host=02:42:0a:00:00:16,10.0.0.22,web",
      "host-record=dns,10.0.0.12",
      "host-record=web,10.0.0.22",
    ]);
    expect(lines("hosts").slice(1)).toEqual(["10.0.0.12 dns", "10.0.0.22 web"]);
    expect(lines("isc").slice(1)).toEqual([leftOut, expect.stringMatching(/^host web /) as string]);
    expect(lines("csv").slice(1)).toEqual([
      "home,10.0.0.0/16,gw1,dns,dns,10.0.0.12,",
      "home,10.0.0.0/16,gw2,web,web,10.0.0.22,02:42:0a:00:00:16",
    ]);
    for (const format of ["kea", "opnsense", "unifi-csv"] as const) {
      expect(renderDhcp(format, mixed)).toContain("10.0.0.22");
      expect(renderDhcp(format, mixed)).not.toContain("10.0.0.12");
    }
  });

  it("makes something of nothing", () => {
    for (const format of formats) expect(() => renderDhcp(format, [])).not.toThrow();
    expect(renderDhcp("csv", [])).toBe("lan,subnet,host,appliance,name,ip,mac\n");
  });

  it("knows a domain", () => {
    expect(domainFault("home.arpa")).toBeUndefined();
    for (const none of ["", "a..b", "-a", "a b", 'x";}', `${"a".repeat(64)}.de`])
      expect(domainFault(none)).toBeDefined();
  });
});

// The servers' own checks of what is written for them: Debian's dnsmasq-base, kea-dhcp4-server and isc-dhcp-server. The last two
// start a daemon when they are installed, so nothing installs them here; where one is missing the check is skipped and says so.
describe("the server takes it", () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "macvlan-dhcp-"))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const find = (program: string): string | undefined =>
    ["/usr/sbin", "/sbin", "/usr/bin", "/usr/local/sbin"].map((bin) => join(bin, program)).find(existsSync);

  const servers: { format: DhcpFormat; program: string; args: (file: string) => string[]; wrong: string }[] = [
    {
      format: "dnsmasq",
      program: "dnsmasq",
      args: (file) => ["--test", `--conf-file=${file}`],
      wrong: "host-record=10.0.0.3\n",
    },
    { format: "kea", program: "kea-dhcp4", args: (file) => ["-t", file], wrong: '{"Dhcp4": {"subnet4": [{"id": 0}]}}' },
    { format: "isc", program: "dhcpd", args: (file) => ["-t", "-cf", file], wrong: "host x { hardware ethernet y; }" },
  ];
  for (const { format, program, args, wrong } of servers) {
    const server = find(program);
    const check = (text: string): { status: number | null; said: string } => {
      const file = join(folder, format);
      writeFileSync(file, text);
      const { status, stderr, stdout } = spawnSync(server!, args(file), { encoding: "utf8", timeout: 20_000 });
      return { status, said: stdout + stderr };
    };
    const title =
      server === undefined ? `${program} is not installed, which would read ${format}` : `${program} reads ${format}`;
    it.skipIf(server === undefined)(title, () => {
      const dual = reservationsOf([fleetHost("gw6", { lan: 2, subnet6: "fd00:76::/64" }), ...fleet]);
      for (const [domain, all] of [[undefined, lans] as const, ["home.arpa", dual] as const]) {
        const { status, said } = check(renderDhcp(format, all, domain === undefined ? {} : { domain }));
        expect(status, said).toBe(0);
      }
      expect(check(wrong).status, "the check finds nothing wrong with what is wrong").not.toBe(0);
    });
  }
});
