// Whatever runs the host's network goes on doing so, and leaves alone what is ours.
import { beforeAll, describe, expect, test } from "vitest";
import type { LabStack } from "../../lab/pulumi";
import { sleep } from "../../lab/run";
import { differences, HostState, lasting, stateOf } from "./host-state";
import { type Manager, managers } from "./managers";
import { containers, dns, DNS, expectIdentities, expectInSync, site, specification, stackOf } from "./site";

const here = site();
const { host, lab } = here;

const VLAN = 20;
const CAM = { ip: "192.168.20.30", mac: "02:42:c0:a8:14:1e" };
const on = { vlan: VLAN, ip: "192.168.20.254" };
const spec = specification(host, {
  lans: {
    iot: {
      interface: { nic: { mac: host.mac }, vlan: VLAN },
      network: { subnet: "192.168.20.0/24", gateway: "192.168.20.1" },
    },
  },
  appliances: { dns: dns(), cam: { ip: CAM.ip, lan: "iot", service: { image: "lab/web:1" } } },
});

/** A host that has every manager installed and none of them running. */
async function equipped(): Promise<void> {
  if (host.machine.snapshots.includes("equipped")) return host.load("equipped");
  await host.load("booted");
  await lab.install(host, [...new Set(managers.flatMap(({ package: name }) => name ?? []))]);
  await host.shell("systemctl -q disable NetworkManager networking dhcpcd");
  await host.save("equipped");
}

/** The LAN's addresses on ens4, and where our routes lead and start. */
const address = async () => (await host.shell("ip -4 -o addr show dev ens4")).match(/inet (\S+)/g) ?? [];
const routes = () => host.shell("ip -4 route show proto 201");

/** What differs from a host whose network is left alone. Routes may take the service a few seconds after an address came back. */
async function disturbed(): Promise<string[]> {
  const ours = (await host.shell("ls /sys/class/net | grep -E '^(lan0|iot0|vlan20_.*)$'")).trim().split("\n");
  const checks: Record<string, boolean> = {
    [`ens4 has ${(await address()).join()}`]: (await address()).join() === `inet ${host.ip}/24`,
    [`of lan0, iot0 and the VLAN there is ${ours.join()}`]: ours.length === 3,
    [`routes are ${await routes()}`]: (await routes()).includes(`${DNS.ip} dev lan0 scope link src ${host.ip}`),
  };
  for (const device of ours) {
    const found = await host.shell(`ip -o addr show dev ${device}`);
    checks[`${device} has an address: ${found}`] = found === "";
    checks[`${device} is down`] = (await host.shell(`ip link show dev ${device}`)).includes(",UP");
  }
  return Object.keys(checks).filter((text) => checks[text] === false);
}

async function expectUndisturbed(seconds: number): Promise<void> {
  for (const end = Date.now() + seconds * 1000; (await disturbed()).length > 0 && Date.now() < end;) await sleep(1000);
  const left = await disturbed();
  const journal = left.length > 0 ? await host.shell("journalctl -b -u 'macvlan*' --no-pager | tail -40") : "";
  expect(left, journal).toEqual([]);
  expect((await host.tryShell(`ping -c 1 -W 5 ${DNS.ip}`)).code).toBe(0);
  await expectIdentities(here, [DNS, { ip: host.ip, mac: host.mac }]);
  expect(await lab.lan.http(CAM.ip, 80, "/", undefined, on)).toMatchObject({ status: 200, mac: CAM.mac });
}

const filesOf = ({ files }: Manager) => host.shell(`cat ${Object.keys(files).join(" ")}`);

describe.each(managers.map((manager) => [manager.name, manager] as const))("%s", (_, manager) => {
  let stack: LabStack;
  let before: HostState;

  beforeAll(async () => {
    await equipped();
    for (const [path, text] of Object.entries(manager.files))
      await host.shell(`cat >${path} && chmod 600 ${path}`, { stdin: text });
    await host.shell("chmod 644 /etc/systemd/network/* 2>/dev/null || true");
    await host.shell(manager.take, { timeout: 120_000 });
    await host.shell(`until ip -4 addr show dev ens4 | grep -q ${host.ip}; do sleep 1; done`, { timeout: 60_000 });
    before = await stateOf(host);
    stack = await stackOf(() => spec);
    const { output } = await stack.up();
    expect(output).not.toContain("network-manager");
  });

  const inSync = () => expectInSync(stack);

  test("keeps its address, and what is ours has none", async () => {
    await expectUndisturbed(0);
    await inSync();
  });

  test.each(manager.again)("%s: everything goes on", async (command) => {
    const ids = await containers(host);
    await host.shell(command, { timeout: 120_000 });
    await sleep(5000);
    await expectUndisturbed(30);
    await inSync();
    expect(await containers(host)).toEqual(ids);
  });

  test("so it is after a reboot", async () => {
    await host.reboot();
    await expectUndisturbed(120);
    await inSync();
  });

  test("destroy leaves its configuration, and nothing of ours", async () => {
    await stack.destroy();
    // Addresses and routes are as the manager makes them at a boot, some of which it did not while it took the host over.
    const kept = ({ links, files, units, udev }: HostState) => ({ links, files, units, udev }) as HostState;
    expect(differences(kept(lasting(before)), kept(lasting(await stateOf(host))))).toEqual([]);
    expect(await address()).toEqual([`inet ${host.ip}/24`]);
    expect(await routes()).toBe("");
    expect(await filesOf(manager)).toBe(Object.values(manager.files).join(""));
  });
});
