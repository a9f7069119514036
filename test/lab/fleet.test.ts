// A fleet of two hosts on one LAN, by the commands that a person types.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { engineEnv } from "../../lab/pulumi";
import type { Host } from "../../lab/vm/host";
import { stateOf } from "./host-state";
import { expectIdentities, site, testSuite } from "./site";

const here = site();
const { lab } = here;
const hosts = [lab.host(1), lab.host(2)] as const;
const pins = [
  { ip: "192.168.76.80", mac: "02:42:c0:a8:4c:50" },
  { ip: "192.168.76.81", mac: "02:42:c0:a8:4c:51" },
] as const;

let folder: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  await lab.up(2, testSuite);
});
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "macvlan-fleet-"));
  const engine = await engineEnv({ dir: folder, passphrase: "test" });
  env = { ...process.env, ...engine.env, CI: "true" };
  for (const host of hosts) await host.load("booted");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** One web server on each host. */
function inventory(ips: readonly string[] = pins.map(({ ip }) => ip)): string {
  const lans = { home: { subnet: "192.168.76.0/24", gateway: "192.168.76.1" } };
  const each = hosts.map(({ name, ip, mac }, i) => [
    name,
    {
      lan: "home",
      interface: { nic: { mac } },
      network: { hostAddress: ip },
      appliances: { [`web${i}`]: { ip: ips[i], service: { image: "lab/web:1" } } },
    },
  ]);
  const file = join(folder, "fleet.json");
  writeFileSync(file, JSON.stringify({ lans, hosts: Object.fromEntries(each) as object }, null, 2));
  return file;
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** By host, where it came to hosts. */
  readonly statuses: Record<string, string>;
}

function macvlan(command: string, ...args: string[]): Promise<Ended> {
  const run = join(__dirname, "..", "..", "scripts", "run.mjs");
  const child = spawn(process.execPath, [run, "provider/cli/main.ts", command, "--json", ...args], {
    cwd: folder,
    env,
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (text: Buffer) => (out += text.toString()));
  child.stderr.on("data", (text: Buffer) => (err += text.toString()));
  return new Promise((resolve, reject) =>
    child.on("close", (code) => {
      if (out === "") return reject(new Error(`macvlan ${command}: exit ${code}\n${err}`));
      const report = JSON.parse(out) as { hosts: { host: string; status: string }[] };
      const statuses = Object.fromEntries(report.hosts.map(({ host, status }) => [host, status]));
      resolve({ code, out, err, statuses });
    }),
  );
}

const up = (...args: string[]): Promise<Ended> => macvlan("up", "--yes", "-i", inventory(), ...args);

/** Waits until the host has our scripts: a run is in the middle of it. */
async function begun(host: Host): Promise<void> {
  await host.shell("until [ -e /usr/local/libexec/macvlan/link ]; do sleep 0.2; done", { timeout: 300_000 });
}

test("two hosts by one up; a duplicate address across them is refused before either is touched", async () => {
  const before = await Promise.all(hosts.map((host) => stateOf(host)));
  const refused = await macvlan("up", "--yes", "-i", inventory([pins[0].ip, pins[0].ip]));
  expect(refused.code).toBe(2);
  expect(refused.out).toContain(`${pins[0].ip}`);
  expect(await Promise.all(hosts.map((host) => stateOf(host)))).toEqual(before);

  const made = await up();
  expect(made.code, made.err).toBe(0);
  expect(made.statuses).toEqual({ lab1: "done", lab2: "done" });
  await expectIdentities(here, [...pins]);
  const again = await up();
  expect(again.statuses).toEqual({ lab1: "unchanged", lab2: "unchanged" });

  const gone = await macvlan("destroy", "--yes", "-i", inventory());
  expect(gone.code, gone.err).toBe(0);
  expect((await lab.lan.probe(pins.map(({ ip }) => ip)))[pins[0].ip] ?? []).toEqual([]);
});

test("a host whose cable is pulled in mid-run fails alone; the next run finishes", async () => {
  const [, second] = hosts;
  const running = up("--continue");
  await begun(second);
  // the management NIC: what the workstation comes through
  await second.shell("systemd-run -q sh -c 'ip link set ens3 down; sleep 150; ip link set ens3 up'");
  const cut = await running;
  expect(cut.code, cut.err).toBe(1);
  expect(cut.statuses).toEqual({ lab1: "done", lab2: "failed" });
  await expectIdentities(here, [pins[0]]);
  await second.waitForSsh();
  const rest = await up();
  expect(rest.code, rest.err).toBe(0);
  expect(rest.statuses).toEqual({ lab1: "unchanged", lab2: "done" });
  await expectIdentities(here, [...pins]);
});

test("a host that is powered off does not disturb the other; the next run takes it up", async () => {
  await hosts[1].machine.stop();
  const without = await up("--continue");
  expect(without.code, without.err).toBe(1);
  expect(without.statuses).toEqual({ lab1: "done", lab2: "failed" });
  await expectIdentities(here, [pins[0]]);
  await lab.up(2, testSuite);
  const rest = await up();
  expect(rest.statuses).toEqual({ lab1: "unchanged", lab2: "done" });
  await expectIdentities(here, [...pins]);
});
