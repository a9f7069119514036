// npm run bench -- reach [--peer FOLDER] [TIMES]: how long after the start of a container its host reaches it, with `reach: watch` and
// with macvlan-router, or what stands for it, one after the other on the same lab host.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { Lab } from "../lab/lab";
import { stackFor } from "../lab/pulumi";
import { step } from "../lab/progress";
import type { Host } from "../lab/vm/host";
import * as macvlan from "../provider";

const TIMES = 30;
const SUBNET = "192.168.76.0/24";
const GATEWAY = "192.168.76.1";
const CONTAINER = "192.168.76.90";
/** macvlan-router's link needs an address; here with the length of the subnet, as in its own compose file. */
const BRIDGE = "192.168.76.9/24";

/** What makes a host that was just booted one on which containers are reached. */
interface Contender {
  readonly name: string;
  readonly network: string;
  readonly link: string;
  readonly prepare: (host: Host) => Promise<unknown>;
}

/** A new container, and one that was stopped. */
type Start = "run" | "start";
/** One start, in milliseconds. */
interface Reached {
  /** From Docker's event `network connect`, the first that anybody can hear of the container, to the route. */
  readonly route: number;
  /** From Docker's event `container start` to the first answer; below 0 if that was before. */
  readonly answer: number;
}
type Measured = Record<Start, Reached[]>;

/**
 * Measures on a lab of its own, which is taken down at the end. `peer` is a checkout of macvlan-router.
 * @throws before the lab comes up where `peer` is none
 */
export async function benchReach([times = TIMES]: readonly number[] = [], peer?: string): Promise<void> {
  const other = peer === undefined ? standIn : macvlanRouter(peer);
  const lab = Lab.named("bench");
  await lab.up(1);
  process.env.PATH = lab.env().PATH;
  try {
    const own = await measure(lab.host(1), ours, times);
    const others = await measure(lab.host(1), other, times);
    const rows = (["run", "start"] as const).flatMap((start) => [
      row(start, ours.name, own[start], own[start]),
      row(start, other.name, others[start], own[start]),
    ]);
    console.table(rows);
  } finally {
    await lab.down();
  }
}

function row(start: Start, name: string, all: readonly Reached[], own: readonly Reached[]): Record<string, unknown> {
  const routes = quantiles(all.map(({ route }) => route));
  const answers = quantiles(all.map(({ answer }) => answer));
  return {
    started: `docker ${start}`,
    "reached by": name,
    "route, median ms": routes.median,
    "p99 ms": routes.p99,
    "of reach: watch": Number((routes.median / quantiles(own.map(({ route }) => route)).median).toFixed(1)),
    "answer, median ms": answers.median,
    "p99 ms ": answers.p99,
  };
}

/** By nearest rank: of up to a hundred values p99 is the largest. */
function quantiles(values: readonly number[]): { median: number; p99: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.ceil(values.length * share) - 1]!);
  return { median: at(0.5), p99: at(0.99) };
}

async function measure(host: Host, { name, network, link, prepare }: Contender, times: number): Promise<Measured> {
  await host.load("booted");
  await step(`${name}: made ready`, () => prepare(host));
  return step(`${name}: ${times} containers`, async ({ say }) => {
    const measured: Measured = { run: [], start: [] };
    await put(host, "reach.sh", join(__dirname, "reach.sh"));
    await host.shell(`sh /root/reach.sh ${network} ${link} ${CONTAINER} ${times} 2>&1`, {
      onLine: (line) => {
        const [, start, ...micros] = /^(run|start) (-?\d+) (-?\d+)$/.exec(line) ?? [];
        if (start === undefined) return say(line);
        const [route, answer] = micros.map((value) => Number(value) / 1000) as [number, number];
        say(`docker ${start}: route after ${Math.round(route)} ms, answer after ${Math.round(answer)} ms`);
        measured[start as Start].push({ route, answer });
      },
    });
    say(`load of this machine: ${loadavg()[1]!.toFixed(1)} on ${cpus().length} processors`);
    return measured;
  });
}

const ours: Contender = {
  name: "reach: watch",
  network: "lan",
  link: "lan0",
  prepare: async (host) => {
    const dir = mkdtempSync(join(tmpdir(), "macvlan-bench-"));
    try {
      const program = (): Promise<void> => {
        new macvlan.ApplianceHost("gw1", {
          ssh: { destination: host.alias() },
          interface: { nic: { mac: host.mac }, reach: "watch" },
          network: { subnet: SUBNET, gateway: GATEWAY, hostAddress: host.ip },
          appliances: {},
        });
        return Promise.resolve();
      };
      await (await stackFor({ dir, name: "gw1", program })).up();
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
};

/** Its own script, from the user's checkout, as its container runs it: as root in the host's network, with the variables of its compose file. */
function macvlanRouter(folder: string): Contender {
  const script = join(folder, "router.sh");
  if (!existsSync(script))
    throw new Error(`${script} is missing: --peer is the folder of a checkout of github.com/laugmanuel/macvlan-router`);
  const variables = { MACVLAN_DOCKER_NETWORK: "macvlan", MACVLAN_BRIDGE_IP: BRIDGE, INTERVAL: "5" };
  const settings = Object.entries(variables).map(([name, value]) => `--setenv=${name}=${value}`);
  // The sh of its image is that of busybox; Debian's knows no [[.
  return polling("macvlan-router", script, `${settings.join(" ")} bash /root/router.sh`);
}

/** What macvlan-router is described to do, for those who have no checkout. */
const standIn = polling(
  "a look every 5 s",
  join(__dirname, "..", "lab", "polling-router.sh"),
  `sh /root/router.sh macvlan ${BRIDGE}`,
);

/** A script that looks at the network `macvlan`, on the NIC, every five seconds. */
function polling(name: string, script: string, command: string): Contender {
  return {
    name,
    network: "macvlan",
    link: "macvlan",
    prepare: async (host) => {
      await put(host, "router.sh", script);
      await host.shell(
        `docker network create -d macvlan -o parent=ens4 --subnet ${SUBNET} --gateway ${GATEWAY} macvlan >/dev/null
         systemd-run -q --unit=router ${command}
         timeout 30 sh -c 'until ip -4 -o addr show dev macvlan 2>/dev/null | grep -q inet; do sleep 0.5; done'`,
      );
    },
  };
}

async function put(host: Host, name: string, file: string): Promise<void> {
  await host.shell(`cat >/root/${name}`, { stdin: readFileSync(file, "utf8") });
}
