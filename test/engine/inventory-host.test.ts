// The program of examples/fleet and of the root's Pulumi.yaml: a stack provisions the host that it is named after.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fleetHost } from "../../provider";
import { bench, type Bench } from "./workbench";

let at: Bench;
let file: string;
beforeEach(() => {
  at = bench();
  process.env.MACVLAN_OFFLINE = "1";
  file = join(at.folder, "fleet.yaml");
  writeFileSync(
    file,
    `lans: { home: { subnet: 192.168.76.0/24, gateway: 192.168.76.1 } }
defaults: { lan: home }
hosts:
  gw1:
    interface: { nic: { mac: "52:54:00:00:02:01" } }
    appliances:
      dns: { ip: 192.168.76.53, service: { image: a, environment: ["KEY=\${KEY}"] }, secrets: { KEY: { config: key } } }
  gw2:
    interface: { nic: { mac: "52:54:00:00:02:02" } }
    appliances: { ntp: { ip: 192.168.76.54, service: { image: a } } }
`,
  );
});
afterEach(() => {
  delete process.env.MACVLAN_OFFLINE;
  at.dispose();
});

const stackOf = (name: string) => at.stack(() => Promise.resolve({ appliances: fleetHost(file).appliances }), name);

test("the stack's host is made, and no other; its secret comes from the stack's configuration", async () => {
  const stack = await stackOf("gw1");
  const missing = await stack.preview({ mayFail: true });
  expect(missing.ok).toBe(false);
  expect(missing.output).toContain("gw1.appliances.dns.secrets.KEY: the configuration has no key");
  await stack.stack.setConfig("key", { value: "a secret", secret: true });
  const { started, output } = await stack.preview();
  const names = started.filter(({ type }) => /^(command|docker):/.test(type)).map(({ name }) => name);
  expect(names.sort()).toEqual(["gw1-boot-install", "gw1-dns-appliance", "gw1-lan-network", "gw1-lan0-link"]);
  expect(output).not.toContain("a secret");
});

test("a stack that is named after no host says which hosts there are", async () => {
  const { ok, output } = await (await stackOf("lab")).preview({ mayFail: true });
  expect(ok).toBe(false);
  expect(output).toMatch(/fleet\.yaml has no host "lab"; a stack is called like its host: gw1, gw2/);
});

test("what is wrong with another host is told too, with its place", async () => {
  const stack = await stackOf("gw2");
  writeFileSync(file, `hosts: { gw1: { lan: hom } }\n`);
  const { ok, output } = await stack.preview({ mayFail: true });
  expect(ok).toBe(false);
  expect(output).toMatch(/fleet\.yaml:1:22 hosts\.gw1\.lan: there is no LAN "hom"/);
});
