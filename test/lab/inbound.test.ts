// One way: the host reaches its appliances, and nothing that is on their network opens a connection to the host.
import { beforeAll, describe, expect, test } from "vitest";
import type { LabStack } from "../../lab/pulumi";
import { Reach, type ApplianceHostArgs } from "../../provider";
import { NetworkDriver } from "../../provider/host-interface";
import {
  acts,
  answered,
  bare,
  containers,
  dns,
  expectIdentities,
  expectInSync,
  hostReaches,
  lanOf,
  site,
  specification,
  stackOf,
  web,
  WEB,
} from "./site";

const here = site();
const { host, lab } = here;

const WEB6 = "fd00:76::c0a8:4c50";
const [LINK, LINK6] = ["192.168.76.9", "fd00:76::9"];

const withLink = (driver: NetworkDriver, inbound?: boolean): ApplianceHostArgs =>
  specification(host, {
    interface: {
      nic: { mac: host.mac },
      reach: Reach.Pinned,
      address6: LINK6,
      ...(driver === NetworkDriver.Ipvlan ? { address: LINK } : {}),
      ...(inbound === undefined ? {} : { inbound }),
    },
    network: {
      driver,
      ...lanOf(host),
      subnet6: "fd00:76::/64",
    },
    appliances: { dns: dns(), web: web() },
  });

describe.each([NetworkDriver.Macvlan, NetworkDriver.Ipvlan])(
  "a link of driver %s that lets no connections in",
  (driver) => {
    const spec = { args: withLink(driver, false) };
    const own = driver === NetworkDriver.Ipvlan ? LINK : host.ip;
    let stack: LabStack;

    beforeAll(async () => {
      await bare(here);
      await host.shell("sysctl -qw net.ipv4.conf.all.rp_filter=1");
      stack = await stackOf(() => spec.args);
      await stack.up();
    });

    const inSync = () => expectInSync(stack);

    /** Which of the host's addresses and ports a container gets an answer from. */
    async function reachedFromInside(): Promise<string[]> {
      const tries = [own, LINK6].flatMap((ip) => [
        [`ping ${ip}`, `ping -c 1 -W 3 ${ip}`],
        [`ssh ${ip}`, `nc -w 3 ${ip} 22 </dev/null | grep -q SSH`],
      ]);
      const said = await Promise.all(
        tries.map(
          async ([name, command]) => [name, await host.tryShell(`docker exec web sh -c '${command}'`)] as const,
        ),
      );
      return said.flatMap(([name, { code }]) => (code === 0 ? [name!] : []));
    }

    async function expectOneWay(): Promise<void> {
      await answered(host, "web", () => hostReaches(host, WEB.ip));
      expect(await hostReaches(host, `[${WEB6}]`)).toBe(true);
      expect((await host.tryShell(`ping -c 2 -W 3 ${WEB.ip} && ping -c 2 -W 3 ${WEB6}`)).code).toBe(0);
      expect(await reachedFromInside()).toEqual([]);
      // The rest of the LAN notices nothing.
      expect(await lab.lan.ping(host.ip)).toEqual({ mac: host.mac });
      expect(await lab.lan.http(WEB.ip, 80, "/")).toMatchObject({ status: 200 });
      await expectIdentities(here, [{ ip: host.ip, mac: host.mac }]);
    }

    test("is one way for both kinds of address, also for answers that take their time, and nothing is to be done", async () => {
      await expectOneWay();
      // Longer than the kernel knows a neighbour without asking it again.
      await host.shell("sleep 60");
      await expectOneWay();
      await inSync();
    });

    test("stays so after the NIC was down, after a restart of Docker, and after a reboot", async () => {
      await host.shell("ip link set dev ens4 down; sleep 1; ip link set dev ens4 up");
      await expectOneWay();
      await host.shell("systemctl restart docker");
      await expectOneWay();
      await host.reboot();
      await host.shell("sysctl -qw net.ipv4.conf.all.rp_filter=1");
      await expectOneWay();
      await inSync();
    });

    test("rules that somebody took away are told and put back", async () => {
      const before = await containers(host);
      await host.shell("tc qdisc del dev lan0 clsact");
      const { started, output } = await stack.preview();
      expect(acts(started)).toEqual(["update gw1-lan0-link"]);
      expect(output).toContain("connections to the host are let in over lan0");
      expect((await reachedFromInside()).sort()).toEqual(
        [`ping ${own}`, `ping ${LINK6}`, `ssh ${own}`, `ssh ${LINK6}`].sort(),
      );
      await stack.up();
      await expectOneWay();
      await inSync();
      expect(await containers(host)).toEqual(before);
    });

    test("connections are let in again by the link alone, and destroy leaves nothing", async () => {
      spec.args = withLink(driver);
      expect(acts((await stack.up()).ended)).toEqual(["update gw1-lan0-link"]);
      expect(await reachedFromInside()).toHaveLength(4);
      expect(await host.shell("tc qdisc show dev lan0 clsact; tc filter show dev lan0 ingress")).toBe("");
      await inSync();
      await stack.destroy();
      expect(await host.shell("ls /run/macvlan 2>/dev/null | grep inbound || true")).toBe("");
    });
  },
);
