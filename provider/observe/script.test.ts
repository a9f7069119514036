// The script with programs of its own in place of Docker, ip and systemd: what it makes of their answers, and what it asks.
import { ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HostFacts, observeScript, observeText, parseFacts, Probe } from ".";

/** Others see neither the store of Docker's networks nor may they have the LAN asked. */
const ROOT = process.getuid?.() === 0;

const id = (digit: string): string => digit.repeat(64);

const VERSION = { Version: "28.5.2", ApiVersion: "1.51", Components: [{ Name: "Engine" }] };
const INFO = {
  ID: "x",
  Plugins: { Volume: ["local"], Network: ["bridge", "macvlan"] },
  OperatingSystem: 'Debian "GNU/Linux" {13}',
  DockerRootDir: "/nowhere",
  HttpProxy: "http://somebody:password@proxy",
  LiveRestoreEnabled: false,
  SecurityOptions: ["name=seccomp,profile=builtin"],
  ServerVersion: "28.5.2",
};
const NETWORKS = [
  { Name: "bridge", Id: id("1"), Driver: "bridge", EnableIPv6: false, IPAM: { Driver: "default" }, Internal: false },
  {
    ...{ Name: "lan", Id: id("2"), Driver: "macvlan", EnableIPv6: false, Internal: false },
    IPAM: { Driver: "default", Config: [{ Subnet: "192.168.76.0/24" }] },
    Options: { parent: "lan0" },
  },
];
const CONTAINERS = [
  { Id: id("a"), Names: ["/dns"], Command: "serve --password=command-line", Labels: { odd: '{"Id":"0"}' } },
  { Id: id("b"), Names: ["/web"], Command: "serve" },
];

/** An answer as Go's server gives it: short ones with their length, long ones in chunks, and to HTTP 1.0 neither. */
function answer(body: unknown, form: "length" | "chunks" | "close", status = "200 OK"): string {
  const text = `${JSON.stringify(body)}\n`;
  const head = `HTTP/1.${form === "close" ? 0 : 1} ${status}\r\nApi-Version: 1.51\r\nContent-Type: application/json\r\n`;
  if (form === "close") return `${head}\r\n${text}`;
  if (form === "length") return `${head}Content-Length: ${text.length}\r\n\r\n${text}`;
  const chunks = text.match(/[^]{1,37}/g)!.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  return `${head}Transfer-Encoding: chunked\r\n\r\n${chunks.join("")}0\r\n\r\n`;
}

const GOOD = [
  answer(VERSION, "length"),
  answer(INFO, "chunks"),
  answer(NETWORKS, "chunks"),
  answer(CONTAINERS, "close"),
];

let folder: string;

/** Puts a program first on the PATH; it notes what it is called with. */
function program(name: string, text: string): void {
  const path = join(folder, "bin", name);
  writeFileSync(path, `#!/bin/sh\necho "${name} $*" >>"${folder}/calls"\n${text}\n`);
  chmodSync(path, 0o755);
}

function dockerd(stream: string): void {
  writeFileSync(join(folder, "stream"), stream);
  program(
    "docker",
    `case $1 in system) cat "${folder}/stream" ;; inspect) cat "${folder}/inspected" ;; *) exit 1 ;; esac`,
  );
}

function run(probes: readonly Probe[] = []): { facts: HostFacts; output: string; calls: string[] } {
  const output = execFileSync("sh", ["-s"], {
    input: observeScript(probes)
      .replaceAll("/proc/net/vlan/config", join(folder, "vlans"))
      .replaceAll("/sys/fs/cgroup", folder)
      .replaceAll("/etc/dhcpcd.conf", join(folder, "dhcpcd.conf"))
      .replaceAll("/etc/macvlan", join(folder, "macvlan")),
    encoding: "utf8",
    env: {
      PATH: [join(folder, "bin"), process.env.PATH].join(delimiter),
      SSH_CONNECTION: "10.0.2.2 4711 10.0.2.15 22",
    },
  });
  const calls = readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
  return { facts: parseFacts(output), output, calls };
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "observe-"));
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "inspected"), "");
  dockerd(GOOD.join(""));
  program("sudo", "exit 1");
  program("systemctl", "exit 1");
  program("journalctl", "exit 1");
  program("ip", `tee -a "${folder}/calls" >/dev/null`);
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("what dhcpcd is told", () => {
  it("are its patterns of names", () => {
    expect(run().facts.managers.dhcpcd).toEqual({ deny: [], allow: [] });
    writeFileSync(
      join(folder, "dhcpcd.conf"),
      "# denyinterfaces eth9\npersistent\ndenyinterfaces veth* lan0\n  denyinterfaces iot0,vlan20_*\nallowinterfaces ens*\ninterface ens4\n",
    );
    expect(run().facts.managers.dhcpcd).toEqual({ deny: ["veth*", "lan0", "iot0", "vlan20_*"], allow: ["ens*"] });
  });
});

describe("links that let no connections in", () => {
  it("have their rules counted, others are not asked for", () => {
    const shown = "filter protocol ip pref 1 flower chain 0 ";
    program("tc", `sed 's/.*/${shown}handle 0x1/; p; s/.handle.*//'`);
    expect(run().facts.closed).toEqual({});
    expect(run().calls.filter((call) => call.startsWith("tc "))).toEqual([]);
    mkdirSync(join(folder, "macvlan/links"), { recursive: true });
    writeFileSync(join(folder, "macvlan/links/lan0.conf"), "NAME='lan0'\n");
    writeFileSync(join(folder, "macvlan/links/iot0.conf"), "NAME='iot0'\nINBOUND='no'\n");
    expect(run().facts.closed).toEqual({ iot0: "2" });
  });
});

describe("Docker's answers", () => {
  it("come in one connection, in every form that HTTP has for them", () => {
    const { facts } = run();
    expect(facts.docker).toMatchObject({
      server: { version: "28.5.2", apiVersion: "1.51", components: ["Engine"] },
      info: { security: ["name=seccomp,profile=builtin"], root: "/nowhere", networkPlugins: ["bridge", "macvlan"] },
    });
    expect(facts.networks.map(({ name, driver, options }) => [name, driver, options])).toEqual([
      ["bridge", "bridge", {}],
      ["lan", "macvlan", { parent: "lan0" }],
    ]);
  });

  it("are not passed on as far as they may be secret, and every container is asked for by its id", () => {
    const { output, calls } = run();
    expect(output).not.toContain("password");
    const inspect = calls.filter((call) => call.startsWith("docker inspect"));
    expect(inspect).toEqual([expect.stringMatching(new RegExp(` ${id("a")} ${id("b")}$`))]);
  });

  it("may have no containers", () => {
    dockerd([...GOOD.slice(0, 3), answer([], "close")].join(""));
    const { facts, calls } = run();
    expect(calls.filter((call) => call.startsWith("docker inspect"))).toEqual([]);
    expect(facts.containers).toEqual([]);
    expect(facts.failed.has("docker.containers")).toBe(false);
  });

  it("may be a refusal, an error, or none", () => {
    dockerd("WARNING: something\nfailed to open the raw stream connection: connect: permission denied\n");
    expect(run().facts.docker).toEqual({
      path: join(folder, "bin", "docker"),
      refusal: expect.stringMatching(/denied$/) as string,
    });
    dockerd("");
    expect(run().facts.docker?.refusal).toBe("Docker did not answer");
    const broken = answer({ message: "context canceled" }, "length", "500 Internal Server Error");
    dockerd([GOOD[0], broken, GOOD[2], GOOD[3]].join(""));
    const { facts } = run();
    expect(facts.docker?.info).toBeUndefined();
    expect(facts.failed.get("docker.info")).toContain("context canceled");
    expect(facts.networks).toHaveLength(2);
  });

  it("that end too early count for what they are", () => {
    dockerd(GOOD.slice(0, 2).join(""));
    const { facts } = run();
    expect(facts.docker?.info).toBeDefined();
    expect([...facts.failed.keys()]).toEqual(expect.arrayContaining(["docker.networks", "docker.containers"]));
  });
});

describe("records of networks that Docker does not know", () => {
  const record = (digit: string, parent: string): string =>
    `macvlan/network/${id(digit)}/\n\0\0\0{"ID":"${id(digit)}","Ipv4Subnets":"[{\\"GwIP\\":\\"192.168.76.1/24\\"}]","Parent":"${parent}"}`;

  /** A bolt database of six pages: of the two heads the second is newer, and says that page 3 is free. */
  function store(): Buffer {
    const size = 4096;
    const pages = Buffer.alloc(6 * size);
    const numbers = (page: number, list: number[]) =>
      list.forEach((value, i) => pages.writeBigUInt64LE(BigInt(value), page * size + 8 * i));
    numbers(0, [0, 4, 12566977261, size, 2, 0, 4, 6, 7]);
    numbers(1, [1, 4, 12566977261, size, 2, 0, 5, 6, 8]);
    numbers(4, [4, 0x10, 0]);
    numbers(5, [5, 0x10 + 0x10000, 3]);
    pages.write(`\0${record("2", "lan0")}\0${record("3", "eth9")}`, 2 * size + 100, "latin1");
    pages.write(record("4", "gone0"), 3 * size + 100, "latin1");
    return pages;
  }

  it("are told with their parents, unless they are on a free page", () => {
    mkdirSync(join(folder, "network", "files"), { recursive: true });
    writeFileSync(join(folder, "network", "files", "local-kv.db"), store());
    dockerd([GOOD[0], answer({ ...INFO, DockerRootDir: folder }, "chunks"), GOOD[2], GOOD[3]].join(""));
    expect(run().facts.zombies).toEqual(ROOT ? [{ id: id("3"), parent: "eth9" }] : []);
  });
});

describe("inside a container", () => {
  const SPACES = ROOT && spawnSync("unshare", ["-n", "-m", "true"]).status === 0;
  const made =
    "ip link add name eth0 address 02:42:c0:a8:4c:35 type veth peer name peer && ip link set peer up && ip link set eth0 up && " +
    "ip addr add 192.168.76.53/24 dev eth0 && ip -6 addr add fd00:76::53/64 dev eth0 nodad && mount -t sysfs none /sys && echo && exec sleep 60";
  let inner: ChildProcess | undefined;
  afterEach(() => void inner?.kill());

  it.runIf(SPACES)("are its interfaces and its addresses of both kinds, but for those of a link alone", async () => {
    inner = spawn("unshare", ["-n", "-m", "sh", "-c", made], { stdio: ["ignore", "pipe", "inherit"] });
    await once(inner.stdout!, "data");
    const end = { IPAMConfig: null, MacAddress: "", IPAddress: "", NetworkID: id("2") };
    const container = {
      ...{ id: id("a"), name: "/dns", status: "running", error: "", health: null, image: "x", imageId: "x" },
      ...{ appliance: "dns", project: "dns", service: "dns", restart: "no", pid: inner.pid, networks: { lan: end } },
    };
    writeFileSync(join(folder, "inspected"), `${JSON.stringify(container)}\n`);
    const seen = run().facts.inside.get(id("a"));
    expect(seen?.macs).toMatchObject({ eth0: "02:42:c0:a8:4c:35" });
    expect(seen?.addresses).toEqual(["192.168.76.53", "fd00:76::53"]);
  });
});

describe("the LAN", () => {
  it.runIf(ROOT)("is asked through the kernel, and what was made for that goes away again", () => {
    program(
      "ip",
      `case $* in *show*) printf '%s\\n' '192.168.76.9 dev eth7 lladdr 02:00:00:00:00:99 REACHABLE' '192.168.76.8 dev eth7 INCOMPLETE' ;;
      *) tee -a "${folder}/calls" >/dev/null ;; esac`,
    );
    const probes = ["192.168.76.9", "192.168.76.8"].map((ip) => ({ ip, on: { name: "eth7" } }));
    const { facts, calls } = run(probes);
    expect([...facts.probed]).toEqual([
      ["192.168.76.9", ["02:00:00:00:00:99"]],
      ["192.168.76.8", []],
    ]);
    expect(calls.filter((call) => call.startsWith("neigh ") && call !== "neigh show")).toEqual([
      "neigh replace 192.168.76.9 dev eth7 use",
      "neigh replace 192.168.76.8 dev eth7 use",
      "neigh del 192.168.76.9 dev eth7",
      "neigh del 192.168.76.8 dev eth7",
    ]);
  });

  it.runIf(ROOT)("is asked for IPv6 addresses in the same way", () => {
    program(
      "ip",
      `case $* in *show*) printf '%s\\n' 'fd00:76::9 dev eth7 lladdr 02:00:00:00:00:99 router REACHABLE' 'fd00:76::90 dev eth7 FAILED' ;;
      *) tee -a "${folder}/calls" >/dev/null ;; esac`,
    );
    const { facts, calls } = run(["fd00:76::9", "fd00:76::90"].map((ip) => ({ ip, on: { name: "eth7" } })));
    expect([...facts.probed]).toEqual([
      ["fd00:76::9", ["02:00:00:00:00:99"]],
      ["fd00:76::90", []],
    ]);
    expect(calls.filter((call) => call.startsWith("neigh del"))).toEqual([
      "neigh del fd00:76::9 dev eth7",
      "neigh del fd00:76::90 dev eth7",
    ]);
  });

  it.runIf(ROOT)("is asked on the VLAN of that NIC and id, whatever it is called, and not where there is none", () => {
    const on = (vlan: number) => ({ name: "eth7", vlan });
    const probes = [20, 30, 40].map((vlan) => ({ ip: `192.168.${vlan}.9`, on: on(vlan) }));
    const asked = () =>
      run(probes)
        .calls.filter((call) => call.startsWith("neigh replace "))
        .map((call) => call.split(" ").slice(2, 5).join(" "));
    expect(asked()).toEqual([]);
    writeFileSync(
      join(folder, "vlans"),
      "VLAN Dev name\t | VLAN ID\nName-Type: VLAN_NAME_TYPE_RAW_PLUS_VID_NO_PAD\n" +
        "other          | 20  | eth8\ncams           | 20  | eth7\nvlan30_3f9a2c  | 30  | eth7\n",
    );
    writeFileSync(join(folder, "calls"), "");
    expect(asked()).toEqual(["192.168.20.9 dev cams", "192.168.30.9 dev vlan30_3f9a2c"]);
  });

  it("is not asked on a device that is not there, nor if nothing is to be asked", () => {
    const { facts, calls } = run([{ ip: "192.168.76.9", on: { mac: "02:00:00:00:00:07" } }]);
    expect(facts.probed.size).toBe(0);
    expect(calls.filter((call) => /neigh (replace|del)/.test(call))).toEqual([]);
  });
});

describe("the script", () => {
  it("waits while stage 3 is at work", () => {
    mkdirSync(join(folder, "system.slice/macvlan-appliances.service"), { recursive: true });
    const processes = join(folder, "system.slice/macvlan-appliances.service/cgroup.procs");
    writeFileSync(processes, "4711\n");
    program("sleep", `: >"${processes}"`);
    const { calls } = run();
    expect(calls[0]).toBe("sleep 1");
    expect(calls.filter((call) => call.startsWith("sleep "))).toHaveLength(1);
  });

  it("calls nothing that changes the host", () => {
    const { calls } = run();
    const harmless = [
      /^docker (system dial-stdio|inspect --type container --format .*|compose version .*)$/,
      /^systemctl show -p /,
      /^journalctl -q -o cat /,
      /^ip (-j -d -force -batch -|neigh show)$/,
      /^(link|addr|route|neigh) show$|^route show table all proto 201$|^route get 10\.0\.2\.2$/,
    ];
    expect(calls.filter((call) => !harmless.some((pattern) => pattern.test(call)))).toEqual([]);
  });

  it("writes nowhere but to its output", () => {
    const script = observeText().replace(/^\s*#.*$/gm, "");
    const targets = [...script.matchAll(/(?<![<0-9=$-])\d?>+\s*(&\d|\/[\w/]+|"[^"]*"|\$\w+)/g)].map(
      ([, target]) => target,
    );
    expect(targets.length).toBeGreaterThan(10);
    expect(targets.filter((target) => !/^(&[134]|"\/dev\/stderr"|\/dev\/null)$/.test(target!))).toEqual([]);
  });
});
