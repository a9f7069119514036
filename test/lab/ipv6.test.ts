// IPv6 beside IPv4: one appliance with an address of its own choice, one with the address that goes with its IPv4 address.
import { beforeAll, describe, expect, test } from "vitest";
import type { LabStack } from "../../lab/pulumi";
import { Reach } from "../../provider";
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
  lanOf,
  site,
  specification,
  stackOf,
  web,
  WEB,
} from "./site";

const here = site();
const { host, lab } = here;

const DNS6 = "fd00:76::53";
const WEB6 = "fd00:76::c0a8:4c50";
const LAN6 = "fd00:76::fe";
const LINK6 = "fd00:76::9";

const spec = specification(host, {
  interface: { nic: { mac: host.mac }, reach: Reach.Pinned, address6: LINK6 },
  network: { ...lanOf(host), subnet6: "fd00:76::/64" },
  appliances: { dns: { ...dns(), ip6: DNS6 }, web: web() },
});

/** Each address is answered for by exactly its appliance, of both kinds, and appliances, LAN and host are where they should be. */
async function expectDualStack(): Promise<void> {
  await expectIdentities(here, [DNS, WEB, { ip: host.ip, mac: host.mac }]);
  const linkMac = (await host.shell("cat /sys/class/net/lan0/address")).trim();
  const there = await lab.lan.probe6([DNS6, WEB6, LINK6]);
  expect([DNS6, WEB6, LINK6].map((ip) => there[ip]!.map(({ mac }) => mac))).toEqual([[DNS.mac], [WEB.mac], [linkMac]]);
  expect(await lab.lan.ping6(DNS6)).toEqual({ mac: DNS.mac });
  for (const [from, to] of [
    ["dns", LAN6],
    ["dns", WEB6],
    ["web", DNS6],
    ["dns", LINK6],
  ])
    expect(await host.tryShell(`docker exec ${from} ping -6 -c 1 -W 5 ${to}`)).toMatchObject({ code: 0 });
  for (const to of [DNS6, WEB6]) expect(await host.tryShell(`ping -6 -c 1 -W 5 ${to}`)).toMatchObject({ code: 0 });
  // from the link's address, or containers would answer over the router
  expect(await host.shell(`ip -6 route get ${DNS6}`)).toMatch(/ dev lan0 .*src fd00:76::9 /);
}

/** Of the LAN, every address of global scope that a container or the host has. */
const addresses = (name: string) =>
  host.shell(`docker exec ${name} ip -6 -o addr show dev eth0 scope global | awk '{ print $4 }'`);

async function served(): Promise<void> {
  await answered(host, "web", async () => (await lab.lan.ping6(WEB6, 2000)).mac !== "");
}

describe("a LAN of both kinds", () => {
  let stack: LabStack;
  let before: HostState;

  beforeAll(async () => {
    await bare(here);
    before = await stateOf(host);
    stack = await stackOf(() => spec);
    await stack.up();
  });

  test("gives each appliance both addresses, and Docker gives out none of its own", async () => {
    const said = await host.shell("docker network inspect -f '{{.EnableIPv6}} {{json .IPAM.Config}}' lan");
    expect(said).toMatch(/^true /);
    expect(JSON.parse(said.slice(5))).toContainEqual(
      expect.objectContaining({ Subnet: "fd00:76::/64", Gateway: "fd00:76::1", IPRange: "fd00:76::1/128" }),
    );
    expect(await addresses("dns")).toBe(`${DNS6}/64\n`);
    expect(await addresses("web")).toBe(`${WEB6}/64\n`);
    expect(await host.shell("docker exec dns ip -6 route show default")).toContain("via fd00:76::1 dev eth0");
    expect(await host.shell("ip -6 -o addr show dev lan0 scope global | awk '{ print $4 }'")).toBe(`${LINK6}/128\n`);
    expect(await host.shell("ip -6 -o addr show dev ens4")).toBe("");
    await expectDualStack();
  });

  test("is followed by nothing to do", () => expectInSync(stack));

  test("finds an appliance that has lost its IPv6 address, and makes its container anew", async () => {
    const ids = await containers(host);
    await host.shell(`nsenter -t $(docker inspect -f '{{.State.Pid}}' dns) -n ip -6 addr del ${DNS6}/64 dev eth0`);
    const { started, output } = await stack.preview();
    expect(acts(started)).toEqual(["update gw1-dns-appliance"]);
    expect(output).toContain(DNS6);
    await stack.up();
    await expectDualStack();
    expect((await containers(host))["web"]).toBe(ids["web"]);
    await expectInSync(stack);
  });

  test("finds a container that somebody made with another IPv6 address", async () => {
    await host.shell(
      "docker network disconnect lan dns && docker network connect --ip 192.168.76.53 --ip6 fd00:76::54 lan dns",
    );
    expect(acts((await stack.preview()).started)).toEqual(["update gw1-dns-appliance"]);
    await stack.up();
    await expectDualStack();
    await expectInSync(stack);
  });

  test("comes back after a reboot, after the NIC was down, and after a restart of Docker", async () => {
    const ids = await containers(host);
    await host.reboot();
    await served();
    await expectDualStack();
    await host.shell("ip link set dev ens4 down; sleep 1; ip link set dev ens4 up");
    await served();
    await expectDualStack();
    await host.shell("systemctl restart docker");
    await served();
    await expectDualStack();
    expect(await containers(host)).toEqual(ids);
    await expectInSync(stack);
  });

  test("a link that was down, and one without its address, are as before after `up`", async () => {
    await host.shell("ip link set dev lan0 down; ip link set dev lan0 up");
    const { started, output } = await stack.preview();
    expect(acts(started)).toEqual(["update gw1-lan0-link"]);
    expect(output).toContain(`the route to ${DNS6} over lan0 is missing`);
    await stack.up();
    await expectDualStack();
    await host.shell(`ip -6 addr del ${LINK6}/128 dev lan0`);
    expect(acts((await stack.up()).ended)).toEqual(["update gw1-lan0-link"]);
    await expectDualStack();
    await expectInSync(stack);
  });

  test("another IPv6 address is all that changes", async () => {
    const ids = await containers(host);
    const args = { ...spec, appliances: { ...spec.appliances, dns: { ...dns(), ip6: "fd00:76::5353" } } };
    const changed = await stackOf(() => args, { from: stack.dir });
    expect(acts((await changed.up()).ended)).toEqual(["update gw1-dns-appliance"]);
    expect(await addresses("dns")).toBe("fd00:76::5353/64\n");
    expect((await containers(host))["web"]).toBe(ids["web"]);
    await expectInSync(changed);
    stack = changed;
  });

  test("is gone without a trace after destroy", async () => {
    await stack.destroy();
    expect(differences(lasting(before), lasting(await stateOf(host)))).toEqual([]);
  });
});
