import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { formatPositioned, readInventory } from ".";

const folder = mkdtempSync(join(tmpdir(), "macvlan-inventory-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("reads a host from what it, its LAN and the defaults say", () => {
  const file = join(folder, "fleet.yaml");
  writeFileSync(
    file,
    `defaults:
  interface: { reach: pinned }
lans:
  home: { subnet: 192.168.76.0/24, gateway: 192.168.76.1 }
hosts:
  gw1:
    lan: home
    tags: [canary]
    interface: { nic: { name: ens4 } }
    appliances:
      dns: { ip: 192.168.76.53, service: { image: "dns:1" } }
`,
  );
  const { inventory, problems } = readInventory([file]);
  expect(problems.map(formatPositioned)).toEqual([]);
  expect(inventory!.hosts).toMatchObject([
    {
      name: "gw1",
      lan: "home",
      tags: ["canary"],
      args: {
        ssh: { destination: "gw1" },
        interface: { reach: "pinned", nic: { name: "ens4" } },
        network: { subnet: "192.168.76.0/24", gateway: "192.168.76.1" },
        appliances: { dns: { ip: "192.168.76.53", service: { image: "dns:1" } } },
      },
      resolved: { pins: [{ name: "dns", ip: "192.168.76.53", mac: "02:42:c0:a8:4c:35" }] },
      position: { line: 6, column: 3 },
    },
  ]);
  expect(inventory!.positionOf(["hosts", "gw1", "interface", "reach"])).toMatchObject({ line: 2, column: 23 });
});
