// The interface that the link is on is renamed, replaced or put into a bond: told with what to write, and the appliances stay who they are.
import { beforeAll, describe, expect, test } from "vitest";
import type { LabStack } from "../../lab/pulumi";
import * as macvlan from "../../provider";
import {
  acts,
  answered,
  containers,
  DNS,
  expectIdentities,
  expectInSync,
  hostReaches,
  provisioned,
  site,
  specification,
  WEB,
} from "./site";

const here = site();
const { host, lab } = here;

type Nic = macvlan.ApplianceHostArgs["interface"]["nic"];
const SLOT = "pci-0000:00:04.0";
const OTHER_MAC = "52:54:00:00:02:99";

/** The LAN's address for the interface of this name, from the next time on that networkd sets it up. */
const lanFor = (name: string): Promise<string> =>
  host.shell("cat >/etc/systemd/network/20-lan.network && networkctl reload", {
    stdin: `[Match]\nName=${name}\n[Network]\nAddress=${host.ip}/24\nGateway=192.168.76.1\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n`,
  });

/** A host whose NIC is chosen by its MAC; `choose` changes that. */
async function provisionedHost(): Promise<{ stack: LabStack; choose: (nic: Nic) => void }> {
  const spec = { args: specification(host) };
  const stack = await provisioned(here, () => spec.args);
  const choose = (nic: Nic) =>
    void (spec.args = specification(host, { interface: { nic, reach: macvlan.Reach.Pinned } }));
  return { stack, choose };
}

/** Waits until the appliances serve the LAN with their identities, and the host reaches them. */
async function expectServed(mac = host.mac): Promise<void> {
  await answered(host, "web", async () => (await lab.lan.http(WEB.ip, 80, "/")).status === 200);
  await expectIdentities(here, [DNS, WEB, { ip: host.ip, mac }]);
  expect(await hostReaches(host, WEB.ip)).toBe(true);
}

/** They serve as before, in the same containers, and nothing is to be done. */
async function expectInPlace(stack: LabStack, before: Record<string, string>, mac: string): Promise<void> {
  await expectServed(mac);
  await expectInSync(stack);
  expect(await containers(host)).toEqual(before);
}

test("another name: nothing to do where the MAC or the slot chooses the NIC, and the new name is told where the name does", async () => {
  const { stack, choose } = await provisionedHost();
  const before = await containers(host);
  const rename = async (name: string): Promise<void> => {
    await host.shell("cat >/etc/systemd/network/10-lan.link", {
      stdin: `[Match]\nPermanentMACAddress=${host.mac}\n[Link]\nName=${name}\n`,
    });
    await host.reboot();
    expect(await host.shell("ip link show dev lan0")).toContain(`lan0@${name}`);
    await expectServed();
    await expectInSync(stack);
  };
  choose({ path: SLOT });
  await stack.up();
  await rename("uplink");
  choose({ mac: host.mac });
  await stack.up();
  await rename("wired");
  choose({ name: "ens4" });
  await expect(stack.preview()).rejects.toThrow(/no interface with the name ens4.*wired \(MAC 52:54:00:00:02:01/s);
  choose({ name: "wired" });
  expect(acts((await stack.up()).ended)).toEqual(["update gw1-lan0-link"]);
  await expectServed();
  expect(await containers(host)).toEqual(before);
});

describe("another NIC in the same slot", () => {
  let stack: LabStack;
  let choose: (nic: Nic) => void;
  let before: Record<string, string>;

  const replace = async (mac?: string): Promise<void> => {
    await host.machine.unplug();
    await host.machine.plug(mac);
  };
  beforeAll(async () => {
    ({ stack, choose } = await provisionedHost());
    before = await containers(host);
    await lanFor("ens4");
    await replace(OTHER_MAC);
  });

  test("chosen by MAC: told with what there is, and the new MAC puts the link on it", async () => {
    await expect(stack.preview()).rejects.toThrow(
      /no interface with the MAC 52:54:00:00:02:01.*ens4 \(MAC 52:54:00:00:02:99, path pci-0000:00:04.0/s,
    );
    choose({ mac: OTHER_MAC });
    await stack.up();
    await expectInPlace(stack, before, OTHER_MAC);
  });

  test("chosen by path: nothing to do", async () => {
    choose({ path: SLOT });
    await stack.up();
    await replace();
    await expectInPlace(stack, before, host.mac);
  });

  test("so it is after a reboot", async () => {
    await replace(OTHER_MAC);
    await host.reboot();
    await expectInPlace(stack, before, OTHER_MAC);
  });
});

describe("a bond of two NICs", () => {
  let stack: LabStack;
  let choose: (nic: Nic) => void;
  let before: Record<string, string>;
  let mac: string;

  beforeAll(async () => {
    ({ stack, choose } = await provisionedHost());
    before = await containers(host);
    await host.machine.plugSecond(lab.host(2).machine);
    await host.shell(`cd /etc/systemd/network
      printf '[NetDev]\\nName=bond0\\nKind=bond\\n[Bond]\\nMode=active-backup\\nMIIMonitorSec=100ms\\n' >10-bond0.netdev
      printf '[Match]\\nName=ens4 ens6\\n[Network]\\nBond=bond0\\n' >15-member.network`);
    await lanFor("bond0");
    await host.reboot();
    mac = (await host.shell("cat /sys/class/net/bond0/address")).trim();
  });

  test("the host gets its bond, and the link's NIC is told to be a member of it", async () => {
    expect((await host.shell("cat /sys/class/net/bond0/bonding/slaves")).trim().split(" ").sort()).toEqual([
      "ens4",
      "ens6",
    ]);
    expect((await host.tryShell("ip link show dev lan0")).code).not.toBe(0);
    await expect(stack.preview()).rejects.toThrow(
      /ens4 is a member of the bond bond0; put the link on bond0: nic: \{ name: bond0 \}/,
    );
  });

  test("the link on the bond brings the appliances back", async () => {
    choose({ name: "bond0" });
    await stack.up();
    expect(await host.shell("ip link show dev lan0")).toContain("lan0@bond0");
    await expectInPlace(stack, before, mac);
  });

  test("so it is after a reboot", async () => {
    await host.reboot();
    await expectInPlace(stack, before, mac);
  });

  test("when the active member loses its link, all answer by the other one, and by that alone", async () => {
    const ips = [DNS.ip, WEB.ip, host.ip];
    const ports = async () =>
      Object.values(await lab.lan.probe(ips)).map((answers) => answers.map(({ port }) => port).join());
    await host.shell("ip link set dev bond0 type bond active_slave ens4");
    await expectInPlace(stack, before, mac);
    expect(await ports()).toEqual(["lab1", "lab1", "lab1"]);
    await host.machine.cable(false);
    await expectInPlace(stack, before, mac);
    expect(await ports()).toEqual(["lab2", "lab2", "lab2"]);
  });
});
