// A LAN of driver ipvlan: every container has the MAC of the NIC. And the way there from macvlan, and back.
import { beforeAll, describe, expect, test } from "vitest";
import type { LabStack } from "../../lab/pulumi";
import * as macvlan from "../../provider";
import { NetworkDriver, renderLink, resolveInterface } from "../../provider/host-interface";
import { differences, HostState, lasting, stateOf } from "./host-state";
import {
  acts,
  answered,
  bare,
  containers,
  DNS,
  dns,
  expectIdentities,
  expectInSync,
  hostReaches,
  lanOf,
  site,
  specification,
  stackOf,
  WEB,
  web,
} from "./site";

const here = site();
const { host, lab } = here;

const NIC = "ens4";
/** The link's own. */
const LINK = "192.168.76.9";
const HELPER = "/usr/local/libexec/macvlan/macvlan-host";

const withDriver = (driver: NetworkDriver): macvlan.ApplianceHostArgs =>
  specification(host, {
    interface: { nic: { mac: host.mac }, reach: macvlan.Reach.Pinned, address: LINK },
    network: { driver, ...lanOf(host) },
    appliances: { dns: dns(), web: web() },
  });

const kind = async (): Promise<string> =>
  (await host.shell("ip -d -o link show dev lan0"))
    .match(/ (macvlan|ipvlan) +mode (\w+)/)
    ?.slice(1)
    .join(" ") ?? "";

/** How often each was answered for, while all were asked equally often. */
async function answersFor(ips: string[]): Promise<number[]> {
  const answers = await lab.lan.probe(ips);
  return ips.map((ip) => (answers[ip] ?? []).reduce((sum, each) => sum + each.answers, 0));
}

const pings = async (container: string, ip: string): Promise<boolean> =>
  (await host.tryShell(`docker exec ${container} ping -c 1 -W 5 ${ip}`)).code === 0;

async function served(): Promise<void> {
  await answered(host, "web", async () => (await lab.lan.http(WEB.ip, 80, "/", 5000)).status === 200);
}

/** The LAN, the host and the containers reach each other, and the LAN finds each at its one MAC. */
async function expectWays(driver: NetworkDriver): Promise<void> {
  await served();
  const macOf = (pin: { mac: string }) => (driver === NetworkDriver.Ipvlan ? host.mac : pin.mac);
  await expectIdentities(here, [
    { ip: DNS.ip, mac: macOf(DNS) },
    { ip: WEB.ip, mac: macOf(WEB) },
    { ip: host.ip, mac: host.mac },
    { ip: LINK, mac: host.mac },
  ]);
  expect(await lab.lan.http(WEB.ip, 80, "/")).toMatchObject({ status: 200, mac: macOf(WEB) });
  expect(await lab.lan.ping(host.ip)).toEqual({ mac: host.mac });
  expect(await pings("web", "192.168.76.254")).toBe(true);
  expect(await pings("web", "192.168.76.1")).toBe(true);
  expect(await pings("web", DNS.ip)).toBe(true);
  expect(await pings("web", LINK)).toBe(true);
  expect(await hostReaches(host, WEB.ip)).toBe(true);
  expect((await host.tryShell(`ping -c 1 -W 5 ${DNS.ip}`)).code).toBe(0);
}

describe("a LAN of driver ipvlan", () => {
  const spec = { args: withDriver(NetworkDriver.Ipvlan) };
  let stack: LabStack;
  let before: HostState;

  const inSync = () => expectInSync(stack);
  const expectIpvlan = () => expectWays(NetworkDriver.Ipvlan);

  beforeAll(async () => {
    await bare(here);
    before = await stateOf(host);
    // also with this the host and its containers reach each other
    await host.shell("sysctl -qw net.ipv4.conf.all.rp_filter=1");
    stack = await stackOf(() => spec.args);
    await stack.up();
  });

  test("has a link in mode l2, an address on it, and one answer for each, with the NIC's MAC", async () => {
    expect(await kind()).toBe("ipvlan l2");
    expect(await host.shell("ip -o addr show dev lan0")).toMatch(/ inet 192\.168\.76\.9\/32 /);
    await expectIpvlan();
    const [once, ...all] = await answersFor(["192.168.76.1", host.ip, LINK, DNS.ip, WEB.ip]);
    // Twice as many if somebody else answered too.
    for (const times of all) expect(times).toBeLessThan(1.5 * once!);
  });

  test("is followed by nothing to do", inSync);

  test("finds a link that is gone, or that asks in another's name, and puts it right", async () => {
    const ids = await containers(host);
    await host.shell("ip link del dev lan0");
    expect((await stack.preview()).output).toContain("lan0 is missing");
    expect(acts((await stack.up()).ended)).toEqual(["update gw1-lan0-link"]);
    await host.shell("echo 0 >/proc/sys/net/ipv4/conf/lan0/arp_announce");
    expect((await stack.preview()).output).toContain("arp_announce is 0 instead of 2");
    expect(acts((await stack.up()).ended)).toEqual(["update gw1-lan0-link"]);
    await expectIpvlan();
    expect(await containers(host)).toEqual(ids);
  });

  test("comes back when the NIC was down, when Docker was restarted, and after a reboot", async () => {
    const ids = await containers(host);
    await host.shell(`ip link set dev ${NIC} down; sleep 1; ip link set dev ${NIC} up`);
    await expectIpvlan();
    await host.shell("systemctl restart docker");
    await expectIpvlan();
    await host.reboot();
    await expectIpvlan();
    expect(await containers(host)).toEqual(ids);
    expect(await host.shell("journalctl -b -u docker --no-pager | grep -c 'Could not create' || true")).toBe("0\n");
    await inSync();
  });

  test("a change to macvlan that nobody confirms is taken back, and the containers with it", async () => {
    const link = resolveInterface({ ...spec.args.interface, name: "lan0" }, host.alias());
    const ids = await containers(host);
    const said = await host.shell(`${HELPER} link apply lan0`, { stdin: renderLink(link) });
    expect(said).toMatch(/^confirm lan0 /);
    expect(await kind()).toBe("macvlan bridge");
    await host.shell(`${HELPER} link undo lan0`, { timeout: 120_000 });
    expect(await kind()).toBe("ipvlan l2");
    await expectIpvlan();
    expect(await containers(host)).toEqual(ids);
  });

  test.each([NetworkDriver.Macvlan, NetworkDriver.Ipvlan])(
    "changes to %s, link, network and appliances",
    async (driver) => {
      spec.args = withDriver(driver);
      const steps = acts((await stack.up()).ended);
      expect(steps).toContain("update gw1-lan0-link");
      expect(steps).toContain("replace gw1-lan-network");
      expect(steps).toContain("replace gw1-web-appliance");
      expect(await kind()).toBe(driver === NetworkDriver.Ipvlan ? "ipvlan l2" : "macvlan bridge");
      await expectWays(driver);
      await inSync();
    },
  );

  test("is gone without a trace after destroy", async () => {
    await stack.destroy();
    await host.shell("sysctl -qw net.ipv4.conf.all.rp_filter=0");
    expect(differences(lasting(before), lasting(await stateOf(host)))).toEqual([]);
  });
});
