import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { dhcp, graph, schema, validate } from "./fleet";

const FLEET = join(__dirname, "..", "..", "examples", "fleet", "fleet.yaml");

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "macvlan-fleet-"))));
afterEach(() => rmSync(folder, { recursive: true }));

/** One host; `ip` of its only appliance. */
const inventory = (ip: string): string => {
  const file = join(folder, "fleet.yaml");
  const lan = "subnet: 192.168.76.0/24, gateway: 192.168.76.1, ranges: { free: 192.168.76.32-192.168.76.40 }";
  const appliance = `{ ip: ${ip}, service: { image: "example.com/dns:1" } }`;
  writeFileSync(
    file,
    `lans:\n  home: { ${lan} }\nhosts:\n  gw1:\n    lan: home\n    interface: { nic: { name: eth0 } }\n    appliances:\n      dns: ${appliance}\n`,
  );
  return file;
};

it("says how much is fine", () => {
  expect(validate([FLEET], {}, "1")).toEqual({ out: "3 hosts, 6 appliances, 2 LANs: fine\n", exitCode: 0 });
  const { hosts } = JSON.parse(validate([FLEET], { json: true }, "1").out!) as { hosts: { name: string }[] };
  expect(hosts.map(({ name }) => name)).toEqual(expect.arrayContaining(["gw1", "gw2", "edge"]));
});

it("tells what is wrong and where, in every form", () => {
  const file = inventory("192.168.76.1");
  const [sarif, quality] = ["a.sarif", "q.json"].map((name) => join(folder, name));
  const printed = validate([file], { annotations: "github", sarif, codeQuality: quality }, "1");
  expect(printed.exitCode).toBe(2);
  expect(printed.error).toMatch(/fleet\.yaml:8:\d+ hosts\.gw1\.appliances\.dns\.ip: 192\.168\.76\.1 is the gateway/);
  expect(printed.out).toMatch(/^::error file=.*line=8/);
  expect(readFileSync(sarif!, "utf8")).toContain('"startLine": 8');
  expect(readFileSync(quality!, "utf8")).toContain("is the gateway");
  expect(dhcp([file], "csv").error).toBe(printed.error);
});

it("wants a given address recorded, and records it when told to", () => {
  const file = inventory("auto");
  const unrecorded = validate([file], {}, "1");
  expect(unrecorded.exitCode).toBe(2);
  expect(unrecorded.error).toContain("--write-lock");
  expect(validate([file], { writeLock: true }, "1").exitCode).toBe(0);
  expect(readFileSync(join(folder, "macvlan.lock.json"), "utf8")).toMatch(/"gw1\/dns": "192\.168\.76\.3[2-9]"/);
  expect(validate([file], {}, "1").exitCode).toBe(0);
});

it("prints reservations, drawings and the schema, and knows no other formats", () => {
  expect(dhcp([FLEET], "dnsmasq", "home.arpa").out).toContain("host-record=dns-gw1.home.arpa,dns-gw1,192.168.76.53");
  expect(graph([FLEET], "svg").out).toMatch(/^<svg/);
  expect(graph([FLEET], "mermaid").out).toMatch(/^flowchart/);
  expect(JSON.parse(schema().out!)).toHaveProperty("$schema");
  expect(graph([FLEET], "svg", true).out).toContain("host ↔ each appliance over lan0");
  expect(graph([FLEET], "mermaid", true)).toMatchObject({
    exitCode: 2,
    error: "mermaid draws no ways; leave --ways out, or take svg\n",
  });
  expect(graph([FLEET], "png")).toMatchObject({
    exitCode: 2,
    error: 'there is no format "png"; known: svg, mermaid\n',
  });
  expect(dhcp([FLEET], "csv", "not a domain").exitCode).toBe(2);
});
