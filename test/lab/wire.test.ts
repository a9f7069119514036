// Two hosts on one LAN: who reaches whom on the wire, for each way that networks are made, and after what happens to hosts in life.
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { stackFor, type LabStack } from "../../lab/pulumi";
import { sleep } from "../../lab/run";
import type { Host } from "../../lab/vm/host";
import { defaultMac } from "../../provider/address";
import * as macvlan from "../../provider";
import { acts, lanOf, site, specification, testSuite } from "./site";

const { lab } = site();
const hosts = [lab.host(1), lab.host(2)] as const;
const VLAN = 20;

/** One way to make the networks of both hosts. `n` is the number of the host. */
interface Way {
  name: string;
  /** The first three octets of the addresses. */
  subnet: string;
  on?: { vlan: number; ip: string };
  args: (host: Host, n: number) => Pick<macvlan.ApplianceHostArgs, "interface" | "network">;
  ip6?: true;
  /** The appliances have the MAC of the NIC. */
  shared?: true;
  /** The host's address that its appliances are to reach, of both kinds. */
  hostAddresses: (host: Host, n: number) => string[];
  /** Whether a host and its own appliances reach each other. */
  host: boolean;
  /** Whether appliances of one host reach each other. */
  beside: boolean;
}

const nic = ({ mac }: Host) => ({ nic: { mac } });

const ways: Way[] = [
  {
    name: "bridge, reach: pinned, IPv6",
    subnet: "192.168.76",
    args: (host, n) => ({
      interface: { ...nic(host), reach: macvlan.Reach.Pinned, address6: `fd00:76::${n}a` },
      network: { ...lanOf(host), subnet6: "fd00:76::/64" },
    }),
    ip6: true,
    hostAddresses: (host, n) => [host.ip, `fd00:76::${n}a`],
    host: true,
    beside: true,
  },
  {
    name: "bridge, reach: none",
    subnet: "192.168.76",
    args: (host) => ({ interface: nic(host), network: lanOf(host) }),
    hostAddresses: (host) => [host.ip],
    host: false,
    beside: true,
  },
  {
    name: "private",
    subnet: "192.168.76",
    args: (host) => ({ interface: nic(host), network: { ...lanOf(host), mode: "private" } }),
    hostAddresses: (host) => [host.ip],
    host: false,
    beside: false,
  },
  {
    name: "vepa, with a switch that sends nothing back",
    subnet: "192.168.76",
    args: (host) => ({ interface: nic(host), network: { ...lanOf(host), mode: "vepa" } }),
    hostAddresses: (host) => [host.ip],
    host: false,
    beside: false,
  },
  {
    name: "ipvlan, reach: pinned, IPv6",
    subnet: "192.168.76",
    args: (host, n) => ({
      interface: { ...nic(host), reach: macvlan.Reach.Pinned, address: `192.168.76.2${n}`, address6: `fd00:76::${n}a` },
      network: { ...lanOf(host), driver: "ipvlan", subnet6: "fd00:76::/64" },
    }),
    ip6: true,
    shared: true,
    hostAddresses: (_, n) => [`192.168.76.2${n}`, `fd00:76::${n}a`],
    host: true,
    beside: true,
  },
  {
    name: "a VLAN, reach: pinned",
    subnet: "192.168.20",
    on: { vlan: VLAN, ip: "192.168.20.254" },
    args: (host, n) => ({
      interface: { ...nic(host), vlan: VLAN, reach: macvlan.Reach.Pinned, address: `192.168.20.${n}` },
      network: { subnet: "192.168.20.0/24", gateway: "192.168.20.250" },
    }),
    hostAddresses: (_, n) => [`192.168.20.${n}`],
    host: true,
    beside: true,
  },
];

/** Each host has two: a1 and b1 on the first, a2 and b2 on the second. */
const appliances = (n: number) => [
  { name: `a${n}`, last: 30 + n * 10 },
  { name: `b${n}`, last: 31 + n * 10 },
];
const mac = ({ subnet, shared }: Way, host: Host, last: number): string =>
  shared ? host.mac : defaultMac(`${subnet}.${last}`);
const ip6 = (last: number): string => `fd00:76::${last}`;

/** Who is pinged from where, and whether it is to answer. */
interface Ping {
  from: string;
  on: Host;
  /** A container; left out, the host itself. */
  inside?: string;
  to: string;
  answers: boolean;
}

function pings(way: Way): Ping[] {
  const addresses = ({ last }: { last: number }) => [`${way.subnet}.${last}`, ...(way.ip6 ? [ip6(last)] : [])];
  const lanAddresses = [way.on?.ip ?? "192.168.76.254", ...(way.ip6 ? ["fd00:76::fe"] : [])];
  return hosts.flatMap((host, i) => {
    const own = appliances(i + 1);
    const [first, second] = own as [(typeof own)[0], (typeof own)[0]];
    const others = appliances(2 - i);
    const from = { from: `${host.name} ${first.name}`, on: host, inside: first.name };
    const all = (to: string[], answers: boolean, whence: Omit<Ping, "to" | "answers">): Ping[] =>
      to.map((each) => ({ ...whence, to: each, answers }));
    return [
      ...all(lanAddresses, true, from),
      ...all(addresses(second), way.beside, from),
      ...all(others.flatMap(addresses), true, from),
      ...all(way.hostAddresses(host, i + 1), way.host, from),
      ...all(own.flatMap(addresses), way.host, { from: host.name, on: host }),
    ];
  });
}

/** Every ping of the table at once on each host; what did not go as it is to. */
async function wrong(way: Way): Promise<string[]> {
  const said = await Promise.all(
    hosts.map(async (host) => {
      const own = pings(way).filter(({ on }) => on === host);
      const script = own.map(({ inside, to }, i) => {
        const ping = `ping ${to.includes(":") ? "-6" : "-4"} -c 1 -W 5 ${to}`;
        return `{ ${inside === undefined ? ping : `docker exec ${inside} ${ping}`} >/dev/null 2>&1; echo ${i} $?; } &`;
      });
      const text = await host.shell(`${script.join("\n")}\nwait`, { timeout: 120_000 });
      const codes = new Map(
        text
          .trim()
          .split("\n")
          .map((line) => line.split(" ").map(Number) as [number, number]),
      );
      return own.flatMap(({ from, to, answers }, i) =>
        (codes.get(i) === 0) === answers ? [] : [`${from} -> ${to}: ${answers ? "no answer" : "an answer"}`],
      );
    }),
  );
  return said.flat();
}

/** Of each address, the MACs that answer for it and the ports of the switch behind which they are. */
async function answers(way: Way): Promise<Record<string, string[]>> {
  const all = [1, 2].flatMap((n) => appliances(n).map(({ last }) => last));
  const found = {
    ...(await lab.lan.probe(
      all.map((last) => `${way.subnet}.${last}`),
      undefined,
      way.on,
    )),
    ...(way.ip6 ? await lab.lan.probe6(all.map(ip6)) : {}),
    ...(way.on ? {} : await lab.lan.probe(hosts.map(({ ip }) => ip))),
  };
  return Object.fromEntries(
    Object.entries(found).map(([ip, them]) => [ip, them.map((one) => `${one.mac} ${one.port}`)]),
  );
}

function wanted(way: Way): Record<string, string[]> {
  const of = hosts.flatMap((host, i) =>
    appliances(i + 1).flatMap(({ last }): [string, string[]][] => {
      const one = [`${mac(way, host, last)} ${host.name}`];
      return [[`${way.subnet}.${last}`, one], ...(way.ip6 ? [[ip6(last), one] as [string, string[]]] : [])];
    }),
  );
  const own = way.on ? [] : hosts.map((host): [string, string[]] => [host.ip, [`${host.mac} ${host.name}`]]);
  return Object.fromEntries([...of, ...own]);
}

/** As the table says, once what a restart brings back has come: exactly one answer for each address. */
async function expectWay(way: Way): Promise<void> {
  for (const end = Date.now() + 240_000; Date.now() < end; await sleep(3000))
    if ((await wrong(way)).length === 0) break;
  expect(await wrong(way)).toEqual([]);
  expect(await answers(way)).toEqual(wanted(way));
  // both ways: the LAN to each of them
  for (const [i, host] of hosts.entries())
    for (const { last } of appliances(i + 1))
      expect(await lab.lan.ping(`${way.subnet}.${last}`, 5000, way.on)).toEqual({ mac: mac(way, host, last) });
}

const both = (command: string): Promise<unknown> =>
  Promise.all(hosts.map((host) => host.shell(command, { timeout: 180_000 })));

let stack: LabStack;
let now: Way;

beforeAll(async () => {
  await lab.up(2, testSuite);
  for (const host of hosts) await host.load("booted");
  const program = (): Promise<void> => {
    hosts.forEach((host, i) => {
      const of = appliances(i + 1).map(({ name, last }) => {
        const six = now.ip6 ? { ip6: ip6(last) } : {};
        return [name, { ip: `${now.subnet}.${last}`, ...six, service: { image: "lab/web:1" } }] as const;
      });
      const args = { ...now.args(host, i + 1), appliances: Object.fromEntries(of) };
      new macvlan.ApplianceHost(host.name, specification(host, args));
    });
    return Promise.resolve();
  };
  const dir = mkdtempSync(join(lab.dir, "wire-"));
  stack = await stackFor({ dir, name: "wire", project: "lab", passphrase: "test", program });
});

describe.each(ways)("$name", (way) => {
  test("is made, and every pair of machines is as the mode says", async () => {
    now = way;
    // the LAN's own machine is on a VLAN from its first question on
    if (way.on) await lab.lan.probe([], 100, way.on);
    await stack.up();
    await expectWay(way);
    expect(acts((await stack.preview()).started)).toEqual([]);
  });

  test("is the same after the NIC was down, and after a restart of Docker", async () => {
    await both("ip link set dev ens4 down; sleep 1; ip link set dev ens4 up");
    await expectWay(way);
    await both("systemctl restart docker");
    await expectWay(way);
  });

  test("is the same after a reboot", async () => {
    await Promise.all(hosts.map((host) => host.reboot()));
    await expectWay(way);
    expect(acts((await stack.preview()).started)).toEqual([]);
  });
});
