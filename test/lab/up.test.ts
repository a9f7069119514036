import { beforeAll, describe, expect, test } from "vitest";
import * as macvlan from "../../provider";
import { acts, bare, containers, DNS, expectIdentities, hostReaches, site, specification, stackOf, WEB } from "./site";
import type { LabStack } from "../../lab/pulumi";

const here = site();
const { host, lab } = here;
const spec = { args: specification(host) };

describe("the first up, from a bare host", () => {
  let stack: LabStack;

  beforeAll(async () => {
    await bare(here);
    stack = await stackOf(() => spec.args);
    const { ended } = await stack.up();
    // Boot order: each of these ends before the next one is made.
    expect(acts(ended)).toEqual([
      "create gw1-boot-install",
      "create gw1-lan0-link",
      "create gw1-lan-network",
      "create gw1-dns-appliance",
      "create gw1-web-appliance",
    ]);
  });

  test("has made the link, without an address, under Docker's nose", async () => {
    const [link] = JSON.parse(await host.shell("ip -j -d link show lan0")) as Record<string, never>[];
    expect(link).toMatchObject({ link: "ens4", linkinfo: { info_kind: "macvlan", info_data: { mode: "bridge" } } });
    expect(await host.shell("ip -o addr show dev lan0")).toBe("");
    expect((await host.shell("cat /proc/sys/net/ipv4/conf/lan0/arp_filter")).trim()).toBe("1");
  });

  test("has enabled the units and ordered Docker after the link", async () => {
    expect(await host.shell("systemctl is-enabled macvlan-parent@lan0.service macvlan-appliances.service")).toBe(
      "enabled\nenabled\n",
    );
    expect(await host.shell("systemctl show -p After docker.service")).toMatch(/macvlan-parent@lan0\.service/);
    expect((await host.tryShell("systemd-analyze verify multi-user.target 2>&1 | grep -i cycle")).stdout).toBe("");
  });

  test("has made the network as specified", async () => {
    const [network] = JSON.parse(await host.shell("docker network inspect lan")) as [Record<string, unknown>];
    expect(network).toMatchObject({
      Driver: "macvlan",
      Options: { parent: "lan0", macvlan_mode: "bridge" },
      IPAM: { Config: [{ Subnet: "192.168.76.0/24", Gateway: "192.168.76.1" }] },
    });
  });

  test("gives each pinned IP exactly its pinned MAC on the LAN", () => expectIdentities(here, [DNS, WEB]));

  test("leaves the host's own address with one answer, the NIC's", async () => {
    const { [host.ip]: answers } = await lab.lan.probe([host.ip]);
    expect(new Set(answers?.map(({ mac }) => mac))).toEqual(new Set([host.mac]));
  });

  test("serves HTTP to the LAN", async () => {
    expect(await lab.lan.http(WEB.ip, 80, "/")).toMatchObject({ status: 200 });
  });

  test("serves HTTP to the host, and the container reaches the host", async () => {
    expect(await hostReaches(host, WEB.ip)).toBe(true);
    expect((await host.tryShell(`docker exec web ping -c 1 -W 5 ${host.ip}`)).code).toBe(0);
  });

  test("refuses an address to a container that asks for none, instead of letting it take somebody's", async () => {
    const stray = await host.tryShell("docker run --rm --network lan lab/web:1 true");
    expect(stray.code).not.toBe(0);
    expect(stray.stderr).toMatch(/no available IP|address/i);
  });

  test("writes nothing that others may change, and secrets for root alone", async () => {
    const writable =
      "find /etc/macvlan /usr/local/libexec/macvlan /var/lib/macvlan \\( -perm /022 -o ! -user root \\) ! -type l";
    expect(await host.shell(writable)).toBe("");
    expect(await host.shell("stat -c '%a %U' /etc/macvlan/appliances/web/secrets.sh")).toBe("600 root\n");
  });

  test("is followed by nothing to do", async () => {
    expect(acts((await stack.preview()).started)).toEqual([]);
    const before = await containers(host);
    expect(acts((await stack.up()).ended)).toEqual([]);
    expect(await containers(host)).toEqual(before);
  });

  test("previews offline without a connection", async () => {
    const path = process.env.PATH ?? "";
    // In place of ssh something that fails, and says so where a test sees it: for this process and for the plugins.
    const blind = `${__dirname}/no-ssh:${path}`;
    const offline = await stackOf(() => spec.args, { from: stack.dir, env: { PATH: blind } });
    process.env.PATH = blind;
    process.env.MACVLAN_OFFLINE = "1";
    try {
      const { started, output } = await offline.preview();
      expect(acts(started)).toEqual([]);
      expect(output).not.toContain("a connection was made");
    } finally {
      delete process.env.MACVLAN_OFFLINE;
      process.env.PATH = path;
    }
  });

  test("isolates host and containers again with reach none, without touching an appliance", async () => {
    const before = await containers(host);
    spec.args = specification(host, { interface: { ...spec.args.interface, reach: macvlan.Reach.None } });
    expect(acts((await stack.up()).ended)).toEqual(["update gw1-lan0-link"]);
    expect(await hostReaches(host, WEB.ip)).toBe(false);
    await expectIdentities(here, [DNS, WEB]);
    expect(await containers(host)).toEqual(before);
  });
});
