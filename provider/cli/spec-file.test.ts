import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatPlaced } from "./text";
import { readSpecFile, readSpecText } from "./spec-file";

const GOOD = `ssh: { destination: gw1 }
interface: { nic: { mac: "52:54:00:00:02:01" } }
network:
  subnet: 192.168.76.0/24
  gateway: 192.168.76.1
appliances:
  dns:
    ip: 192.168.76.53
    service: { image: "lab/dns:1", environment: { KEY: "\${TOKEN}" } }
    secrets:
      TOKEN:
`;

const told = (text: string) => readSpecText(text, "gw1.yaml").problems.map(formatPlaced);

describe("a specification in a file", () => {
  it("is one host, called by its destination; of a secret the name is enough", () => {
    const { hosts, problems } = readSpecText(GOOD, "gw1.yaml");
    expect(problems).toEqual([]);
    expect(hosts.map(({ name, path }) => ({ name, path }))).toEqual([{ name: "gw1", path: [] }]);
    expect(hosts[0]!.host.pins).toMatchObject([{ name: "dns", ip: "192.168.76.53", mac: "02:42:c0:a8:4c:35" }]);
  });

  it("may be JSON, and several hosts by name", () => {
    const one = {
      ssh: { destination: "a" },
      interface: { nic: { name: "ens4" } },
      network: { subnet: "10.0.0.0/24", gateway: "10.0.0.1" },
      appliances: {},
    };
    expect(readSpecText(JSON.stringify(one), "a.json").hosts.map(({ name }) => name)).toEqual(["a"]);
    const hosts = { left: one, right: { ...one, ssh: { destination: "b" } } };
    const read = readSpecText(JSON.stringify({ hosts }), "all.json").hosts;
    expect(read.map(({ name, host }) => [name, host.ssh.destination])).toEqual([
      ["left", "a"],
      ["right", "b"],
    ]);
  });

  it("tells every problem at once, each where it is written", () => {
    const text = GOOD.replace("gateway: 192.168.76.1", "gatway: 192.168.76.1").replace(
      "192.168.76.53",
      "192.168.77.53",
    );
    expect(told(text)).toEqual([
      "gw1.yaml:3:1 network.gateway: is missing; give text",
      'gw1.yaml:5:3 network.gatway: there is no field "gatway" here; did you mean "gateway"?',
    ]);
    expect(told(GOOD.replace("192.168.76.53", "192.168.77.53").replace("02:01", "02:0x"))).toEqual([
      expect.stringMatching(/^gw1\.yaml:2:21 interface\.nic\.mac: /),
      expect.stringMatching(/^gw1\.yaml:8:5 appliances\.dns\.ip: 192\.168\.77\.53 is outside 192\.168\.76\.0\/24/),
    ]);
  });

  it("tells the place in the host of several", () => {
    const text = `hosts:\n  left:\n${GOOD.replace(/^/gm, "    ").replace("192.168.76.1\n", "192.168.9.1\n")}`;
    expect(told(text)).toEqual([
      expect.stringMatching(/^gw1\.yaml:7:7 hosts\.left\.network\.gateway: 192\.168\.9\.1 is not inside/),
    ]);
  });

  it.each([
    ["ssh: [", /^gw1\.yaml:1:7 .*; correct the YAML$/],
    ["ssh: *gone", /Unresolved alias.*; correct the YAML$/],
    ["", /^gw1\.yaml:1:1 ssh: is missing/],
    ["- a", /^gw1\.yaml:1:1 /],
    ["hosts: {}", /^gw1\.yaml:1:1 hosts: names no host/],
  ])("refuses %j", (text, expected) => expect(told(text)[0]).toMatch(expected));

  it("never repeats a secret", () => {
    const text = GOOD.replace("TOKEN:\n", "TOKEN: hunter2\n      Bad-Name: hunter2\n").replace("ip:", "pi:");
    expect(told(text).length).toBeGreaterThan(1);
    expect(told(text).join("\n")).not.toContain("hunter2");
    expect(told(GOOD.replace("TOKEN:\n", "TOKEN: [hunter2\n")).join("\n")).not.toContain("hunter2");
  });

  it("reads compose files from its own folder, whatever folder the command runs in", () => {
    const folder = mkdtempSync(join(tmpdir(), "macvlan-cli-"));
    const file = join(folder, "gw1.yaml");
    writeFileSync(file, GOOD.replace(/service:.*/, "compose: dns.yaml"));
    expect(readSpecFile(file).problems.map(({ line, message }) => ({ line, message }))).toEqual([
      { line: 9, message: `there is no file ${join(folder, "dns.yaml")}` },
    ]);
    writeFileSync(
      join(folder, "dns.yaml"),
      'services: { dns: { image: "lab/dns:1", environment: { KEY: "${TOKEN}" } } }\n',
    );
    expect(readSpecFile(file).problems).toEqual([]);
    expect(readSpecFile(join(folder, "none.yaml")).problems).toMatchObject([
      { line: 1, message: "there is no such file" },
    ]);
  });
});
