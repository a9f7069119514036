// Two LANs on one NIC: the untagged one, and a VLAN that is made for it.
import { beforeAll, describe, expect, test } from "vitest";
import type { LabStack } from "../../lab/pulumi";
import { differences, HostState, lasting, stateOf } from "./host-state";
import { acts, answered, bare, containers, dns, DNS, expectIdentities, site, specification, stackOf } from "./site";

const here = site();
const { host, lab } = here;

const VLAN = 20;
const CAM = { ip: "192.168.20.30", mac: "02:42:c0:a8:14:1e" };
/** Where a probe stands on the VLAN. */
const on = { vlan: VLAN, ip: "192.168.20.254" };

const nic = { mac: host.mac };
const spec = specification(host, {
  lans: {
    iot: {
      interface: { nic, vlan: VLAN, mtu: 1400 },
      network: { subnet: "192.168.20.0/24", gateway: "192.168.20.1" },
    },
  },
  appliances: { dns: dns(), cam: { ip: CAM.ip, lan: "iot", service: { image: "lab/web:1" } } },
});

interface Link {
  ifname: string;
  link: string;
  address: string;
  mtu: number;
  ifalias: string;
  linkinfo: { info_data: { id: number } };
}
const links = async (kind: string): Promise<Link[]> =>
  JSON.parse(await host.shell(`ip -j -d link show type ${kind}`)) as Link[];
const vlan = async (): Promise<Link> => (await links("vlan"))[0]!;

/** The camera answers on its VLAN with exactly its MAC and nowhere else, and the other LAN is not to be found there. */
async function expectApart(): Promise<void> {
  await expectIdentities(here, [DNS]);
  const there = await lab.lan.probe([CAM.ip, DNS.ip, host.ip], undefined, on);
  expect(Object.fromEntries(Object.entries(there).map(([ip, answers]) => [ip, answers.map(({ mac }) => mac)]))).toEqual(
    {
      [CAM.ip]: [CAM.mac],
      [DNS.ip]: [],
      [host.ip]: [],
    },
  );
  expect(await lab.lan.answers(CAM.ip)).toEqual([]);
  expect(await lab.lan.http(CAM.ip, 80, "/", undefined, on)).toMatchObject({ status: 200, mac: CAM.mac });
}

async function served(): Promise<void> {
  await answered(host, "cam", async () => (await lab.lan.http(CAM.ip, 80, "/", 5000, on)).status === 200);
}

describe("a LAN and a VLAN on one NIC", () => {
  let stack: LabStack;
  let before: HostState;

  beforeAll(async () => {
    await bare(here);
    before = await stateOf(host);
    stack = await stackOf(() => spec);
    expect(acts((await stack.up()).ended)).toEqual(
      expect.arrayContaining([
        "create gw1-lan0-link",
        "create gw1-iot0-link",
        "create gw1-iot-network",
        "create gw1-cam-appliance",
      ]),
    );
  });

  test("has made the VLAN, without an address, and the link on it", async () => {
    const made = await vlan();
    expect(made).toMatchObject({ link: "ens4", address: host.mac, mtu: 1400, ifalias: "pulumi-macvlan" });
    expect(made.linkinfo.info_data.id).toBe(VLAN);
    expect(made.ifname).toMatch(/^vlan20_[0-9a-f]{6}$/);
    expect((await links("macvlan")).map(({ ifname, link, mtu }) => [ifname, link, mtu])).toEqual([
      ["lan0", "ens4", 1500],
      ["iot0", made.ifname, 1400],
    ]);
    expect(await host.shell(`ip -o addr show dev ${made.ifname}; ip -o addr show dev iot0`)).toBe("");
    const setting = (key: string) => host.shell(`cat /proc/sys/net/${key}`);
    expect(await setting(`ipv4/conf/${made.ifname}/arp_filter`)).toBe("1\n");
    expect(await setting(`ipv6/conf/${made.ifname}/disable_ipv6`)).toBe("1\n");
    expect(await host.shell("docker exec cam cat /sys/class/net/eth0/mtu")).toBe("1400\n");
  });

  test("keeps the two apart on the wire", expectApart);

  test("is followed by nothing to do", async () => {
    expect(acts((await stack.preview()).started)).toEqual([]);
  });

  test("finds a VLAN that was deleted, with all that was on it, and makes it again", async () => {
    const ids = await containers(host);
    await host.shell(`ip link del dev ${(await vlan()).ifname}`);
    const { started, output } = await stack.preview();
    expect(acts(started)).toContain("update gw1-iot0-link");
    expect(acts(started)).not.toContain("update gw1-lan0-link");
    expect(output).toContain("VLAN 20 of ens4, which iot0 is to be on, is missing");
    await stack.up();
    await served();
    await expectApart();
    expect(await containers(host)).toEqual(ids);
    expect(acts((await stack.preview()).started)).toEqual([]);
  });

  test("finds one with another MTU and MAC, and sets it right in place", async () => {
    const { ifname } = await vlan();
    await host.shell(`ip link set dev ${ifname} mtu 1300; ip link set dev ${ifname} address 02:00:00:00:00:77`);
    expect(acts((await stack.up()).ended)).toEqual(["update gw1-iot0-link"]);
    expect(await vlan()).toMatchObject({ address: host.mac, mtu: 1400 });
    await expectApart();
  });

  test("comes back after a reboot", async () => {
    const ids = await containers(host);
    await host.reboot();
    await served();
    await expectApart();
    expect(await containers(host)).toEqual(ids);
    expect(await host.shell("journalctl -b -u docker --no-pager | grep -c 'Could not create' || true")).toBe("0\n");
    expect(acts((await stack.preview()).started)).toEqual([]);
  });

  test("is gone without a trace after destroy", async () => {
    await stack.destroy();
    expect(differences(lasting(before), lasting(await stateOf(host)))).toEqual([]);
  });
});

test("a VLAN of the administrator's is used, and left as it was", async () => {
  await bare(here);
  // The lab's hosts have their networkd find the NIC by its MAC, which a VLAN has too: this one says what it is before.
  const network20 = "[Match]\nName=cams\n[Network]\nAddress=192.168.20.10/24\nLinkLocalAddressing=no\n";
  await host.shell("cat >/etc/systemd/network/05-cams.network && networkctl reload", { stdin: network20 });
  await host.shell(`ip link add link ens4 name cams type vlan id ${VLAN} && ip link set dev cams up`);
  await host.shell("until ip -4 addr show dev cams | grep -q 192.168.20.10; do sleep 1; done", { timeout: 60_000 });
  const before = await stateOf(host);
  const { iot } = spec.lans!;
  const network = { ...iot!.network, hostAddress: "192.168.20.10" };
  const stack = await stackOf(() => ({
    ...spec,
    lans: { iot: { interface: { nic, vlan: VLAN, reach: "pinned" }, network } },
  }));
  await stack.up();
  expect((await links("macvlan")).find(({ ifname }) => ifname === "iot0")?.link).toBe("cams");
  expect(await lab.lan.http(CAM.ip, 80, "/", undefined, on)).toMatchObject({ status: 200, mac: CAM.mac });
  expect((await host.tryShell(`curl -s -m 5 -o /dev/null http://${CAM.ip}/`)).code).toBe(0);
  expect(acts((await stack.preview()).started)).toEqual([]);
  await stack.destroy();
  expect(differences(before, await stateOf(host))).toEqual([]);
});
