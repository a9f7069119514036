import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { formatPositioned, type InventoryArgs, readInventory, readRecorded, writeLock } from ".";

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

it("hands the IPv6 prefix of a LAN to its hosts, also the further ones, and to appliances whose address is given", () => {
  const file = join(folder, "dual.yaml");
  writeFileSync(
    file,
    `lans:
  home: { subnet: 192.168.76.0/24, gateway: 192.168.76.1, subnet6: "fd00:76::/64", gateway6: "fd00:76::fe", ranges: { auto: 192.168.76.9/32 } }
  iot: { subnet: 192.168.20.0/24, gateway: 192.168.20.1, subnet6: "fd00:20::/64" }
  copy: { subnet: 192.168.30.0/24, gateway: 192.168.30.1, subnet6: "fd00:76::/64", separate: true }
defaults: { interface: { nic: { name: ens4 } } }
templates:
  dns: { vars: { last: "53" }, ip: "192.168.76.\${{ last }}", ip6: "fd00:76::\${{ last }}", service: { image: "dns:1" } }
hosts:
  gw1:
    lan: home
    lans: { iot: { interface: { nic: { name: ens4 }, vlan: 20 } } }
    appliances:
      dns: { template: dns }
      ntp: { ip: auto, service: { image: "ntp:1" } }
      cam: { lan: iot, ip: 192.168.20.9, service: { image: "cam:1" } }
  gw2: { lan: copy, appliances: { cam: { ip: 192.168.30.9, ip6: "fd00:76::53", service: { image: "cam:1" } } } }
  gw3: { lan: home, network: { subnet6: null, gateway6: null } }
`,
  );
  const { inventory, problems } = readInventory([file]);
  expect(problems.map(formatPositioned)).toEqual([]);
  const [gw1, , gw3] = inventory!.hosts.map(({ resolved }) => resolved);
  expect(gw1!.pins.map(({ name, ip6 }) => [name, ip6])).toEqual([
    ["dns", "fd00:76::53"],
    ["ntp", "fd00:76::c0a8:4c09"],
    ["cam", "fd00:20::c0a8:1409"],
  ]);
  expect(gw1!.lans.map(({ network }) => network.ipv6?.gateway)).toEqual(["fd00:76::fe", "fd00:20::1"]);
  expect(gw3!.network.ipv6).toBeUndefined();
});

const HOST = "interface: { nic: { name: ens4 } }, network: { subnet: 10.0.0.0/24, gateway: 10.0.0.1 }";

function told(text: string | Buffer, name = "file.yaml"): string[] {
  writeFileSync(join(folder, name), text);
  const { problems } = readInventory([join(folder, name)]);
  return problems.map((problem) => formatPositioned(problem).replace(/\S*\/(?=file)/g, ""));
}

describe("a file", () => {
  it.each([
    ["with a byte order mark", `\uFEFFhosts: { gw1: { ${HOST} } }\n`],
    ["with line ends of Windows", `hosts:\r\n  gw1: { ${HOST} }\r\n`],
    [
      "in JSON",
      `{"hosts":{"gw1":{"interface":{"nic":{"name":"ens4"}},"network":{"subnet":"10.0.0.0/24","gateway":"10.0.0.1"}}}}`,
    ],
    [
      "in JSON with tabs",
      `{\n\t"hosts": {\n\t\t"gw1": { "interface": { "nic": { "name": "ens4" } }, "network": { "subnet": "10.0.0.0/24", "gateway": "10.0.0.1" } }\n\t}\n}`,
    ],
    [
      "with a MAC that YAML 1.1 takes for a number",
      `hosts: { gw1: { ${HOST.replace("name: ens4", "mac: 12:34:56:12:34:56")} } }`,
    ],
    ["with anchors and merges", `hosts:\n  gw1: &a { ${HOST} }\n  gw2:\n    <<: *a\n    tags: [b]\n`],
    ["that begins with ---", `---\nhosts: { gw1: { ${HOST} } }\n...\n`],
  ])("%s is read", (_, text) => expect(told(text)).toEqual([]));

  it.each<[string, string | Buffer, string]>([
    ["that is empty", "", "file.yaml:1:1 is empty; an inventory has at least hosts:"],
    ["with tabs", "hosts:\n\tgw1: {}\n", "file.yaml:2:1 is indented with a tab; YAML is indented with spaces"],
    [
      "of another encoding",
      Buffer.from("hosts: {}", "utf16le"),
      "file.yaml:1:1 file.yaml is not UTF-8 text; save it as UTF-8",
    ],
    ["of Latin-1", Buffer.from([0x61, 0xe4]), "file.yaml:1:1 file.yaml is not UTF-8 text; save it as UTF-8"],
    [
      "that is not an inventory",
      Buffer.alloc(33 * 1024 * 1024, "#"),
      "file.yaml:1:1 file.yaml has 33 MiB; at most 32: split it, and include the parts",
    ],
    [
      "that unfolds to billions",
      `a: &a [x,x,x,x,x,x,x,x,x]\n${[..."bcdefgh"].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${"abcdefg"[i]}`).join()}]`).join("\n")}\n`,
      "file.yaml:1:1 unfolds to more than 5000000 values by its aliases; use templates and defaults instead of aliases of aliases",
    ],
    [
      "that is nested a thousand times",
      `hosts: ${"[".repeat(100_000)}`,
      "file.yaml:1:208 is nested too deeply; write it flatter",
    ],
    [
      "of lists in lists",
      `hosts:\n${"- ".repeat(100_000)}1\n`,
      "file.yaml:2:401 is nested too deeply; write it flatter",
    ],
    [
      "of ever longer lines",
      Array.from({ length: 300 }, (_, i) => `${" ".repeat(i)}a:\n`).join(""),
      "file.yaml:202:202 is nested too deeply; write it flatter",
    ],
    [
      "with line ends of Windows, at the right place",
      `hosts:\r\n  gw1: { ${HOST} }\r\n  gw2: 1\r\n`,
      "file.yaml:3:8 hosts.gw2: is a number; give a group of fields",
    ],
  ])("%s is refused", (_, text, expected) => expect(told(text)).toEqual([expected]));

  it("that is a link to somewhere else is not read", () => {
    mkdirSync(join(folder, "sub"));
    symlinkSync("/etc/hosts", join(folder, "sub", "file.yaml"));
    expect(readInventory([join(folder, "sub", "file.yaml")]).problems[0]!.message).toMatch(/is outside of the folder/);
  });

  it("that is not there is told", () =>
    expect(readInventory([join(folder, "none.yaml")]).problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^there is no file .*none\.yaml$/),
    ]));
});

describe("an object of a program", () => {
  const gw1 = { interface: { nic: { name: "ens4" } }, network: { subnet: "10.0.0.0/24", gateway: "10.0.0.1" } };

  it("is an inventory too", () => {
    const { inventory } = readInventory([{ hosts: { gw1 } }]);
    expect(inventory!.hosts.map(({ name, resolved, position }) => [name, resolved.ssh.destination, position])).toEqual([
      ["gw1", "gw1", undefined],
    ]);
  });

  it("is refused with paths", () => {
    const { problems } = readInventory([{ hosts: { gw1: { ...gw1, lan: "home" }, gw2: { tags: [""] } } }]);
    expect(problems.map(formatPositioned)).toEqual([
      'hosts.gw2.tags[0]: "" cannot be the name of a tag; use up to 63 letters, digits, _, . and -, beginning with a letter or a digit',
      'hosts.gw1.lan: there is no LAN "home"; describe it under lans',
      "hosts.gw2.interface: is missing; give a group of fields",
      "hosts.gw2.network: is missing; give a group of fields",
    ]);
  });
});

it("keeps recorded addresses when others come, and tells those that are not used", () => {
  const base = join(folder, "lock");
  mkdirSync(base);
  const file = join(base, "fleet.yaml");
  const lock = join(base, "macvlan.lock.json");
  const write = (...appliances: string[]) =>
    writeFileSync(
      file,
      `lans: { l: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, ranges: { r: 10.0.0.8-10.0.0.11 } } }
hosts: { gw1: { lan: l, interface: { nic: { name: ens4 } }, appliances: { ${appliances.map((name) => `${name}: { ip: auto, service: { image: a } }`).join()} } } }`,
    );
  const addresses = () => {
    const { inventory } = readInventory([file]);
    writeLock(lock, inventory!.lock.text!);
    return Object.fromEntries(inventory!.hosts[0]!.resolved.pins.map(({ name, ip }) => [name, ip]));
  };
  write("m1", "m2");
  const first = addresses();
  write("a1", "m2", "z1");
  const second = addresses();
  expect(second["m2"]).toBe(first["m2"]);
  const { lock: state } = readInventory([file]).inventory!;
  expect(state).toMatchObject({ added: [], unused: [{ lan: "l", key: "gw1/m1" }] });
  expect(state.pruned).not.toContain("gw1/m1");
  expect(Object.values({ ...first, ...second })).toHaveLength(new Set(Object.values({ ...first, ...second })).size);
  write("a1", "m2", "z1", "z2");
  expect(readInventory([file]).problems.map(({ message, remedy }) => [message, remedy])).toEqual([
    [
      "the range 10.0.0.8-10.0.0.11 of LAN l has no free address",
      "make the range larger, or remove from macvlan.lock.json what is not used: gw1/m1",
    ],
  ]);
});

it("tells what is wrong wherever it is, and never fails itself", () => {
  const good = {
    defaults: { interface: { reach: "pinned" }, vars: { a: "b" }, appliances: { ntp: { template: "ntp" } } },
    lans: {
      l: {
        subnet: "10.0.0.0/24",
        gateway: "10.0.0.1",
        vips: { v: "10.0.0.9" },
        ranges: { r: "10.0.0.16/28" },
        defaults: { tags: ["x"] },
      },
    },
    templates: {
      ntp: { vars: { t: 5 }, ip: "auto", readyTimeout: "${{ t }}", service: { image: "ntp" }, files: { f: "x" } },
    },
    hosts: {
      gw1: {
        lan: "l",
        interface: { nic: { name: "ens4" } },
        appliances: { dns: { ip: "10.0.0.5", service: { image: "a" }, secrets: {} } },
      },
    },
  };
  expect(readInventory([good as unknown as InventoryArgs]).problems).toEqual([]);
  const places: (string | number)[][] = [];
  const walk = (value: unknown, path: (string | number)[]): void => {
    places.push(path);
    if (typeof value === "object" && value !== null)
      for (const key of Object.keys(value)) walk((value as Record<string, unknown>)[key], [...path, key]);
  };
  walk(good, []);
  for (const path of places)
    for (const wrong of [
      null,
      1,
      -1.5,
      true,
      "",
      "x",
      "${{ a }}",
      "${{ none }}",
      "auto:",
      [],
      ["x", 1],
      {},
      { a: { b: null } },
    ]) {
      const copy = structuredClone({ all: good }) as Record<string, unknown>;
      let at = copy;
      for (const key of ["all", ...path.slice(0, -1)]) at = at[key] as Record<string, unknown>;
      if (path.length > 0) at[String(path.at(-1))] = wrong;
      const { inventory, problems } = readInventory([copy["all"] as InventoryArgs]);
      expect(inventory === undefined).toBe(problems.length > 0);
    }
});

describe("a file that is one host's specification", () => {
  const GOOD = `ssh: { destination: root@gw1 }
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

  it("is an inventory of one host, called by its destination; of a secret the name is enough", () => {
    expect(told(GOOD)).toEqual([]);
    const { inventory } = readInventory([join(folder, "file.yaml")]);
    expect(inventory!.hosts).toMatchObject([
      {
        name: "gw1",
        path: [],
        args: { ssh: { destination: "root@gw1" }, appliances: { dns: { secrets: { TOKEN: null } } } },
        resolved: { pins: [{ name: "dns", ip: "192.168.76.53", mac: "02:42:c0:a8:4c:35" }] },
      },
    ]);
    expect(inventory!.positionOf(["appliances", "dns", "ip"])).toMatchObject({ line: 8, column: 9 });
    expect(inventory!.positionOf(["network", "hostAddress"])).toMatchObject({ line: 3, column: 1 });
  });

  it.each([
    [GOOD.replace("gateway:", "gatway:"), ["3:1 network.gateway: is missing", "5:3 network.gatway: there is no field"]],
    [
      GOOD.replace("192.168.76.53", "192.168.77.53").replace("02:01", "02:0x"),
      ["2:26 interface.nic.mac: ", "8:9 appliances.dns.ip: 192.168.77.53 is outside 192.168.76.0/24"],
    ],
    ["ssh: [", ["1:7 "]],
    ["ssh: *gone", ["1:6 there is no anchor &gone"]],
    ["- a", ["1:1 is not a group of fields"]],
    ["hosts: {}", ["1:1 hosts: there is no host"]],
  ])("tells its places without any name of a host, case %#", (text, expected) => {
    const lines = told(text);
    for (const [i, each] of expected.entries()) expect(lines[i]).toContain(`file.yaml:${each}`);
    expect(lines).toHaveLength(expected.length);
  });

  it("never repeats a secret that somebody wrote into it", () => {
    const wrong = GOOD.replace("TOKEN:\n", "TOKEN: hunter2\n      Bad-Name: hunter2\n").replace("ip:", "pi:");
    expect(told(wrong).length).toBeGreaterThan(2);
    expect(told(wrong).join("\n")).not.toContain("hunter2");
    expect(told(GOOD.replace("TOKEN:\n", "TOKEN: [hunter2\n")).join("\n")).not.toContain("hunter2");
  });

  it("names compose files from its own folder, whatever folder the command runs in", () => {
    const text = GOOD.replace(/service:.*/, "compose: dns.compose");
    expect(told(text)).toEqual([expect.stringMatching(/^file\.yaml:9:14 .*: there is no file dns\.compose; /)]);
    writeFileSync(
      join(folder, "dns.compose"),
      'services: { dns: { image: "lab/dns:1", environment: { KEY: "${TOKEN}" } } }\n',
    );
    expect(told(text)).toEqual([]);
  });
});

it("does not use a given address that is not recorded", () => {
  const text =
    "lans: { l: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, ranges: { r: 10.0.0.8-10.0.0.11 } } }\n" +
    "hosts: { gw1: { lan: l, interface: { nic: { name: ens4 } }, appliances: { dns: { ip: auto, service: { image: a } } } } }\n";
  expect(told(text)).toEqual([]);
  const { inventory, problems } = readRecorded([join(folder, "file.yaml")]);
  expect(inventory).toBeUndefined();
  expect(problems.map(({ message }) => message)).toEqual(["does not record the address of gw1/dns yet"]);
});
