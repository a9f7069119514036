import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { formatPositioned, Inventory, readInventory } from ".";
import { renderDhcp, reservationsOf } from "../../report/dhcp";
import { topologyOf } from "../../report/graph";

const folder = mkdtempSync(join(tmpdir(), "macvlan-inventory-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(text: string, name = "fleet.yaml"): Inventory {
  writeFileSync(join(folder, name), text);
  const { inventory, problems } = readInventory([join(folder, name)]);
  expect(problems.map(formatPositioned)).toEqual([]);
  return inventory!;
}

const FLEET = `lans:
  home: { subnet: 192.168.76.0/24, gateway: 192.168.76.1, dhcpPool: 192.168.76.128-192.168.76.250 }
  iot:
    subnet: 192.168.20.0/24
    gateway: 192.168.20.1
    ranges: { cams: 192.168.20.32-192.168.20.35 }
    defaults: { interface: { vlan: 20, mtu: 1400 }, tags: [never], appliances: { no: { ip: 192.168.20.9 } } }
defaults: { lan: home }
hosts:
  gw1:
    interface: { nic: { name: ens4 } }
    lans:
      iot: { interface: { nic: { name: ens4 } } }
      guests: { interface: { nic: { name: ens5 } }, network: { subnet: 10.0.0.0/24, gateway: 10.0.0.1 } }
    appliances:
      dns: { ip: 192.168.76.53, lan: home, service: { image: "dns:1" } }
      cam: { ip: auto, lan: iot, service: { image: "cam:1", command: "\${{ ip }} \${{ lan }} \${{ gateway }}" } }
      portal: { ip: 10.0.0.5, lan: guests, service: { image: "portal:1" } }
  gw2:
    interface: { nic: { name: ens4 } }
    lans: { iot: { interface: { nic: { name: ens4 }, mtu: 1500 } } }
    appliances: { cam: { ip: auto, lan: iot, service: { image: "cam:1" } } }
`;

it("puts a host on several LANs, of which the inventory knows the networks", () => {
  const inventory = read(FLEET);
  const [gw1, gw2] = inventory.hosts;
  expect(gw1!.tags).toEqual([]);
  expect(gw1!.args.lans).toEqual({
    iot: {
      interface: { nic: { name: "ens4" }, vlan: 20, mtu: 1400 },
      network: { subnet: "192.168.20.0/24", gateway: "192.168.20.1" },
    },
    guests: { interface: { nic: { name: "ens5" } }, network: { subnet: "10.0.0.0/24", gateway: "10.0.0.1" } },
  });
  expect(gw2!.args.lans!.iot!.interface.mtu).toBe(1500);
  expect(gw1!.args.appliances.dns).toEqual({ ip: "192.168.76.53", service: { image: "dns:1" } });
  const cam = gw1!.args.appliances.cam!;
  const { ip } = cam;
  expect(ip).toMatch(/^192\.168\.20\.3[2-5]$/);
  expect(cam).toMatchObject({ service: { command: `${ip} iot 192.168.20.1` } });
  expect(inventory.lock.added).toEqual(["gw1/cam", "gw2/cam"]);
  expect(gw2!.args.appliances.cam!.ip).not.toBe(ip);
  const at = (...path: string[]) => inventory.positionOf(["hosts", "gw1", ...path])?.line;
  expect([
    at("lans", "iot", "interface", "vlan"),
    at("lans", "iot", "network", "subnet"),
    at("lans", "guests"),
  ]).toEqual([7, 4, 14]);
});

it("reports each host on each of its LANs, with the appliances that are there", () => {
  const { hosts } = read(FLEET);
  expect(
    topologyOf(hosts).map(({ name, pool, hosts: members }) => [
      name,
      pool,
      members.map((host) => [host.name, host.nic, host.link.name, host.appliances.map((each) => each.name)]),
    ]),
  ).toEqual([
    ["guests", undefined, [["gw1", "ens5", "guests0", ["portal"]]]],
    [
      "home",
      "192.168.76.128-192.168.76.250",
      [
        ["gw1", "ens4", "lan0", ["dns"]],
        ["gw2", "ens4", "lan0", []],
      ],
    ],
    [
      "iot",
      undefined,
      [
        ["gw1", "VLAN 20 on ens4", "iot0", ["cam"]],
        ["gw2", "VLAN 20 on ens4", "iot0", ["cam"]],
      ],
    ],
  ]);
  expect(reservationsOf(hosts).map(({ lan, reservations }) => [lan, reservations.map(({ name }) => name)])).toEqual([
    ["guests", ["portal"]],
    ["home", ["dns"]],
    ["iot", expect.arrayContaining(["cam-gw1", "cam-gw2"])],
  ]);
  expect(renderDhcp("dnsmasq", reservationsOf(hosts), {})).toContain("portal");
});

it("takes the specification of one host of several LANs for itself", () => {
  const { hosts } = read(
    `ssh: { destination: gw1 }
interface: { nic: { name: ens4 } }
network: { subnet: 10.0.0.0/24, gateway: 10.0.0.1 }
lans:
  iot: { interface: { nic: { name: ens4 }, vlan: 20 }, network: { subnet: 10.0.1.0/24, gateway: 10.0.1.1 } }
appliances: { cam: { ip: 10.0.1.5, lan: iot, service: { image: "cam:1" } } }
`,
    "host.yaml",
  );
  expect(hosts.map(({ name, path, resolved }) => [name, path, resolved.lans.map((lan) => lan.name)])).toEqual([
    ["gw1", [], ["lan", "iot"]],
  ]);
});
