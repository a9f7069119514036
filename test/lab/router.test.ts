// A host that is set up as the README of macvlan-router says, and then moved by `macvlan migrate` and the four steps of
// docs/macvlan-router.md: what was reached before is reached after.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engineEnv } from "../../lab/pulumi";
import { run, sleep } from "../../lab/run";
import { differences, HostState, lasting, stateOf } from "./host-state";
import { bare, site } from "./site";

const here = site();
const { host, lab } = here;

const root = join(__dirname, "..", "..");
const BRIDGE = "192.168.76.250";
const VIP = "192.168.76.3";
const all = Array.from({ length: 20 }, (_, i) => ({ name: `web${i}`, ip: `192.168.76.${100 + i}` }));
const ips = all.map(({ ip }) => ip);
const ends = [all[0]!, all[19]!];

/** What starts macvlan-router on such a host. */
const compose = `services:
  macvlan-router:
    image: ghcr.io/laugmanuel/macvlan-router:main
    restart: unless-stopped
    network_mode: "host"
    cap_add: [NET_ADMIN]
    volumes: ["/var/run/docker.sock:/var/run/docker.sock:ro"]
    environment:
      MACVLAN_DOCKER_NETWORK: macvlan
      MACVLAN_BRIDGE_IP: ${BRIDGE}/24
      ADDITIONAL_ROUTES: ${VIP}
      INTERVAL: 5
`;

/** Who reaches whom. */
interface Reached {
  fromHost: string[];
  toHost: string[];
  fromLan: Record<string, number>;
}
const everything: Reached = {
  fromHost: [...ips, VIP],
  toHost: ends.flatMap(({ name }) => [`${name} ${host.ip}`, `${name} ${BRIDGE}`]),
  fromLan: Object.fromEntries(ips.map((ip) => [ip, 1])),
};

async function reached(): Promise<Reached> {
  const lines = async (script: string) => (await host.shell(`${script}; true`)).split("\n").filter(Boolean);
  const fromHost = await lines(
    `for ip in ${everything.fromHost.join(" ")}; do ping -c 1 -W 2 $ip >/dev/null && echo $ip; done`,
  );
  const toHost = await lines(
    `for name in ${ends.map(({ name }) => name).join(" ")}; do for ip in ${host.ip} ${BRIDGE}; do docker exec $name ping -c 1 -W 2 $ip >/dev/null && echo $name $ip; done; done`,
  );
  for (const { ip } of ends) expect(await lab.lan.http(ip, 80, "/")).toMatchObject({ status: 200 });
  const answers = await lab.lan.probe(ips);
  const macs = ips.map((ip) => [ip, new Set((answers[ip] ?? []).map(({ mac }) => mac)).size]);
  return { fromHost, toHost, fromLan: Object.fromEntries(macs) as Record<string, number> };
}

/** Containers as the users of macvlan-router start them, one with a VIP beside its own address. */
async function startContainers(): Promise<void> {
  const options = "--network macvlan --restart unless-stopped --no-healthcheck --cap-add NET_ADMIN";
  await host.shell(
    all.map(({ name, ip }) => `docker run -d --name ${name} --ip ${ip} ${options} lab/web:1 >/dev/null`).join(" && "),
  );
  await takeVip();
}
const takeVip = () => host.shell(`docker exec ${all[0]!.name} ip addr add ${VIP}/32 dev eth0`);

/** Waits until the host has a route over `macvlan` to exactly these, and to the VIP; seconds that it took. */
async function untilRoutes(wanted: readonly string[], proto: string | number): Promise<number> {
  const from = Date.now();
  for (;;) {
    const routes = await host.shell(`ip -4 route show dev macvlan proto ${proto} | cut -d ' ' -f 1`);
    const found = routes.split("\n").filter(Boolean).sort();
    const took = (Date.now() - from) / 1000;
    if (found.join() === [...wanted, VIP].sort().join()) return took;
    if (took > 90) expect(found).toEqual([...wanted, VIP].sort());
    await sleep(300);
  }
}

/** MACs that answer on the LAN for the host's own address. */
async function answersForHost(): Promise<string[]> {
  return [...new Set((await lab.lan.answers(host.ip)).map(({ mac }) => mac))];
}

describe("a host of macvlan-router", () => {
  let before: HostState;
  let folder: string;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "macvlan-router-"));
    env = { ...process.env, ...(await engineEnv({ dir: folder, passphrase: "test" })).env, CI: "true" };
    await bare(here);
    before = await stateOf(host);
    await host.shell(
      "docker network create macvlan --driver macvlan -o parent=ens4 --subnet 192.168.76.0/24 --gateway 192.168.76.1",
    );
    await startContainers();
    // Its image is not on the host.
    await host.shell("cat >/run/router.sh", { stdin: readFileSync(join(root, "lab", "polling-router.sh"), "utf8") });
    await host.shell(`systemd-run -q --unit=router sh /run/router.sh macvlan ${BRIDGE}/24 ${VIP}`);
    await untilRoutes(ips, "boot");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const macvlan = (...args: string[]) =>
    run(
      process.execPath,
      [join(root, "node_modules", "tsx", "dist", "cli.mjs"), join(root, "provider", "cli", "main.ts"), ...args],
      { cwd: folder, env },
    );

  test("reaches its containers and they it, with two answers on the LAN for its own address", async () => {
    expect(await reached()).toEqual(everything);
    expect(await answersForHost()).toHaveLength(2);
  });

  test("is moved: the same is reached, with one answer", async () => {
    writeFileSync(join(folder, "compose.yaml"), compose);
    // 1
    const noted = "{{range .IPAM.Config}}{{.Subnet}} {{.Gateway}}{{end}} {{.Options.parent}}";
    const [subnet, gateway, nic] = (await host.shell(`docker network inspect -f '${noted}' macvlan`)).trim().split(" ");
    const inventory = (await macvlan("migrate", join(folder, "compose.yaml")))
      .replace(/# ssh: .*/, `ssh: { destination: ${host.alias()} }`)
      .replace(/# nic: .*/, `nic: { name: ${nic} }`)
      .replace(/# subnet: .*/, `subnet: ${subnet}`)
      .replace(/# gateway: .*/, `gateway: ${gateway}`);
    writeFileSync(join(folder, "gw1.yaml"), inventory);
    // 2
    const names = all.map(({ name }) => name).join(" ");
    await host.shell(
      `systemctl stop router; docker rm -f ${names}; ip link del dev macvlan && docker network rm macvlan`,
    );
    // 3
    await macvlan("up", "--yes", "-i", join(folder, "gw1.yaml"));
    // 4
    await startContainers();
    console.log(`all routes ${await untilRoutes(ips, 201)} s after the last container had started`);
    expect(await reached()).toEqual(everything);
    expect(await answersForHost()).toEqual([host.mac]);
  });

  test("reaches them after a restart of Docker", async () => {
    await host.shell("systemctl restart docker");
    await host.shell("timeout 480 sh -s", {
      stdin: `until [ "$(docker ps -q | wc -l)" = ${all.length} ]; do sleep 1; done`,
    });
    await takeVip();
    await untilRoutes(ips, 201);
    expect(await reached()).toEqual(everything);
  });

  test("has no route to a container that was removed, and all the others", async () => {
    await host.shell("docker rm -f web7");
    await untilRoutes(
      ips.filter((ip) => ip !== "192.168.76.107"),
      201,
    );
  });

  test("has nothing of us after `destroy`", async () => {
    await host.shell("docker rm -f $(docker ps -aq)");
    await macvlan("destroy", "--yes", "-i", join(folder, "gw1.yaml"));
    expect(differences(lasting(before), lasting(await stateOf(host)))).toEqual([]);
  });
});
