import { beforeAll, describe, expect, test } from "vitest";
import type { LabStack } from "../../lab/pulumi";
import { sleep } from "../../lab/run";
import * as macvlan from "../../provider";
import { run } from "../../provider/cli/run";
import {
  acts,
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
} from "./site";

const here = site();
const { host, lab } = here;

/** Nothing else in the lab has an address in it. */
const RANGE = "192.168.76.160/27";
const NIC = "ens4";

type Interface = macvlan.ApplianceHostArgs["interface"];

const withLink = (link: Partial<Interface>): macvlan.ApplianceHostArgs =>
  specification(host, {
    interface: { nic: { mac: host.mac }, ...link },
    network: { ...lanOf(host), ipRange: RANGE },
    appliances: { dns: dns() },
  });

/** Starts a web server by hand; its address. */
async function guest(name: string, options = ""): Promise<string> {
  await host.shell(`docker run -d --name ${name} --network lan ${options} lab/web:1`);
  return (await host.shell(`docker inspect -f '{{.NetworkSettings.Networks.lan.IPAddress}}' ${name}`)).trim();
}

/** Our routes on the host: destinations by source. */
async function routes(): Promise<Record<string, string>> {
  const text = await host.shell("ip -4 route show dev lan0 proto 201");
  return Object.fromEntries([...text.matchAll(/^(\S+) .*\bsrc (\S+)/gm)].map(([, to, from]) => [to!, from!] as const));
}

/** Waits until our routes lead exactly to these; seconds that it took. */
async function untilRoutes(destinations: string[], seconds: number): Promise<number> {
  const from = Date.now();
  const wanted = [...destinations].sort();
  for (;;) {
    const found = Object.keys(await routes()).sort();
    const took = (Date.now() - from) / 1000;
    if (found.join() === wanted.join()) return took;
    if (took > seconds) expect(found).toEqual(wanted);
    await sleep(300);
  }
}

/** Host and container reach each other, the LAN reaches both, and exactly one MAC answers for each. */
async function expectReached(name: string, ip: string): Promise<void> {
  expect(await hostReaches(host, ip)).toBe(true);
  expect((await host.tryShell(`docker exec ${name} ping -c 1 -W 5 ${host.ip}`)).code).toBe(0);
  expect(await lab.lan.http(ip, 80, "/")).toMatchObject({ status: 200 });
  expect(await lab.lan.ping(host.ip)).toEqual({ mac: host.mac });
  const mac = await host.shell(`docker inspect -f '{{.NetworkSettings.Networks.lan.MacAddress}}' ${name}`);
  await expectIdentities(here, [{ ip, mac: mac.trim() }, { ip: host.ip, mac: host.mac }, DNS]);
}

/** The host gets another address, and its own again: each time all routes are from what it has, within seconds. */
async function expectFollowed(): Promise<void> {
  const wanted = Object.keys(await routes());
  const other = "192.168.76.20";
  for (const [to, from] of [
    [other, host.ip],
    [host.ip, other],
  ]) {
    await host.shell(`ip addr add ${to}/24 dev ${NIC} && ip addr del ${from}/24 dev ${NIC}`);
    await untilRoutes(wanted, 20);
    expect([...new Set(Object.values(await routes()))]).toEqual([to]);
    // a DNS server: no web page to ask for
    expect((await host.tryShell(`ping -c 1 -W 5 ${DNS.ip}`)).code).toBe(0);
    expect((await host.tryShell(`docker exec dns ping -c 1 -W 5 ${to}`)).code).toBe(0);
  }
}

describe("the host's ways to containers that nobody pinned", () => {
  const spec = { args: withLink({ reach: macvlan.Reach.Range }) };
  let stack: LabStack;

  beforeAll(async () => {
    await bare(here);
    // also with this the host hears the LAN and its containers
    await host.shell(
      "echo net.ipv4.conf.all.rp_filter=1 >/etc/sysctl.d/90-strict.conf; sysctl -qp /etc/sysctl.d/90-strict.conf",
    );
    stack = await stackOf(() => spec.args);
    await stack.up();
  });

  const inSync = () => expectInSync(stack);
  const to = async (link: Partial<Interface>) => {
    spec.args = withLink(link);
    const before = await containers(host);
    expect(acts((await stack.up()).ended)).toEqual(["update gw1-lan0-link"]);
    expect(await containers(host)).toEqual(before);
    await inSync();
  };

  test("range: one route beside the pin's, no address on the link, nothing for the doctor", async () => {
    expect(await routes()).toEqual({ [DNS.ip]: host.ip, [RANGE]: host.ip });
    expect(await host.shell("ip -o addr show dev lan0")).toBe("");
    const ip = await guest("ranged");
    await expectReached("ranged", ip);
    await inSync();
    const report = await run("doctor", [{ name: host.name, ssh: { destination: host.alias() } }]);
    expect((report.hosts[0]?.findings ?? []).filter(({ where }) => where === "link lan0")).toEqual([]);
  });

  test("range: survives a restart of Docker and a reboot", async () => {
    await host.shell("docker rm -f ranged && systemctl restart docker");
    await expectReached("again", await guest("again", "--restart unless-stopped"));
    await host.reboot();
    expect(await routes()).toEqual({ [DNS.ip]: host.ip, [RANGE]: host.ip });
    const ip = (await host.shell("docker inspect -f '{{.NetworkSettings.Networks.lan.IPAddress}}' again")).trim();
    await expectReached("again", ip);
    await host.shell("docker rm -f again");
  });

  test("range: another address of the host is followed at once", () => expectFollowed());

  test("watch: takes the place of the route to the range, and is all that `up` changes", async () => {
    await to({ reach: macvlan.Reach.Watch });
    expect(await routes()).toEqual({ [DNS.ip]: host.ip });
    const unit = "systemctl is-enabled macvlan-watch@lan0.service && systemctl is-active macvlan-watch@lan0.service";
    expect(await host.shell(unit)).toBe("enabled\nactive\n");
    expect(await host.shell("journalctl -b -o cat -p warning -u macvlan-watch@lan0.service --no-pager")).toBe("");
  });

  test("watch: a container by hand is reached within seconds, and its route goes with it", async () => {
    const ip = await guest("hand");
    console.log(`a route ${await untilRoutes([DNS.ip, ip], 15)} s after docker run had returned`);
    await expectReached("hand", ip);
    const chosen = await guest("chosen", "--ip 192.168.76.90");
    expect(chosen).toBe("192.168.76.90");
    await untilRoutes([DNS.ip, ip, chosen], 15);
    await expectReached("chosen", chosen);
    await inSync();
    await host.shell("docker rm -f chosen");
    await untilRoutes([DNS.ip, ip], 15);
    await host.shell("docker stop -t 1 hand");
    await untilRoutes([DNS.ip], 15);
    await host.shell("docker start hand");
    await untilRoutes([DNS.ip, ip], 15);
    await inSync();
  });

  test("watch: puts back what somebody takes away, and takes away what is not a container's, within a minute", async () => {
    const before = await routes();
    await host.shell(
      "for ip in $(docker network inspect -f '{{range .Containers}}{{println .IPv4Address}}{{end}}' lan); do ip route del ${ip%/*}; done",
    );
    await host.shell("ip route add 192.168.76.99 dev lan0 proto 201");
    await untilRoutes(Object.keys(before), 90);
  });

  test("watch: another address of the host is followed at once", () => expectFollowed());

  test("watch: survives its own death, a restart of Docker, a dockerd that is killed, and a reboot", async () => {
    await host.shell("docker update --restart unless-stopped hand");
    await host.shell("systemctl kill -s KILL macvlan-watch@lan0.service");
    const afterDeath = await guest("afterdeath");
    await untilRoutes([DNS.ip, await addressOf("hand"), afterDeath], 40);
    await host.shell("docker rm -f afterdeath && systemctl restart docker");
    await untilRoutes([DNS.ip, await addressOf("hand")], 40);
    await expectReached("hand", await addressOf("hand"));
    await host.shell(
      "kill -9 $(systemctl show -p MainPID --value docker.service); sleep 3; until docker info >/dev/null 2>&1; do sleep 1; done",
    );
    // a dockerd that comes up after that takes what it finds running for stopped by a person
    await host.shell("docker start hand");
    await untilRoutes([DNS.ip, await addressOf("hand")], 90);
    await host.reboot();
    await until("docker inspect -f '{{.State.Status}}' hand | grep -q running");
    await untilRoutes([DNS.ip, await addressOf("hand")], 40);
    await expectReached("hand", await addressOf("hand"));
    await inSync();
  });

  test("watch: Docker that somebody stops stays stopped", async () => {
    await host.shell("systemctl stop docker.service");
    await sleep(8000);
    expect((await host.tryShell("systemctl is-active docker.service")).stdout).toBe("inactive\n");
    await host.shell("systemctl start docker.service");
    await until("docker inspect -f '{{.State.Status}}' hand | grep -q running");
    await untilRoutes([DNS.ip, await addressOf("hand")], 40);
  });

  test("a watcher that somebody stopped is drift, and runs again after `up`", async () => {
    await host.shell("systemctl stop macvlan-watch@lan0.service");
    const { started, output } = await stack.preview();
    expect(acts(started)).toEqual(["update gw1-lan0-link"]);
    expect(output).toContain("macvlan-watch@lan0.service does not run");
    await stack.up();
    expect(await host.shell("systemctl is-active macvlan-watch@lan0.service")).toBe("active\n");
    await inSync();
  });

  test("an address of the link and a route to a virtual address: reached, and still one answer each", async () => {
    await to({ reach: macvlan.Reach.Pinned, address: "192.168.76.9", routes: ["192.168.76.3"] });
    expect(await routes()).toEqual({ [DNS.ip]: "192.168.76.9", "192.168.76.3": "192.168.76.9" });
    expect((await host.tryShell("systemctl is-enabled macvlan-watch@lan0.service")).stdout).toBe("disabled\n");
    expect((await host.tryShell("systemctl is-active macvlan-watch@lan0.service")).stdout).toBe("inactive\n");
    await host.shell("docker rm -f hand");
    await guest("vip", "--cap-add NET_ADMIN");
    await host.shell("docker exec vip ip addr add 192.168.76.3/32 dev eth0");
    expect(await hostReaches(host, "192.168.76.3")).toBe(true);
    expect((await host.tryShell(`docker exec dns ping -c 1 -W 5 192.168.76.9`)).code).toBe(0);
    expect((await host.tryShell(`docker exec dns ping -c 1 -W 5 ${host.ip}`)).code).toBe(0);
    await expectIdentities(here, [{ ip: "192.168.76.9", mac: host.mac }, { ip: host.ip, mac: host.mac }, DNS]);
    await host.reboot();
    expect(await routes()).toEqual({ [DNS.ip]: "192.168.76.9", "192.168.76.3": "192.168.76.9" });
    await inSync();
  });

  test("without: isolated again, and nothing of all that is left", async () => {
    await to({ reach: macvlan.Reach.None });
    expect(await routes()).toEqual({});
    expect(await host.shell("ip -o addr show dev lan0; ls /run/macvlan | grep watched || true")).toBe("");
  });

  const addressOf = async (name: string) =>
    (await host.shell(`docker inspect -f '{{.NetworkSettings.Networks.lan.IPAddress}}' ${name}`)).trim();
  const until = (command: string) =>
    host.shell("timeout 90 sh -s", { stdin: `until ${command}; do sleep 1; done`, timeout: 120_000 });
});
